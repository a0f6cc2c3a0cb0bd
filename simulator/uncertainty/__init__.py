"""Numbers that are not known for certain, and luck: laws, sampled rows, keyed draws, ranges with their errors."""
