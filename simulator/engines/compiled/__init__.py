"""The fast engine: the same events in loops that numba compiles."""
