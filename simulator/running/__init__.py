"""Rows, workers, results folders, runs that are gone on from or done again, and the trace of one life."""
