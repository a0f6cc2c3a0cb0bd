"""The simulation of lives, twice: readable in SimPy, and compiled; both give the same integers."""
