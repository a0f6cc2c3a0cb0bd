"""Figures on record beside simulated ones."""
