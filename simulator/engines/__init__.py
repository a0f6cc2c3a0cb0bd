"""How lives are lived, twice: readable in SimPy, and compiled; both give the same integers."""
