"""Uncertain numbers and random draws: laws, sampled rows, keyed draws, ranges with their Monte Carlo errors."""
