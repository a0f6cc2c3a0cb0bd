"""Rows, workers, results folders, runs that are resumed or repeated, and the trace of one life."""
