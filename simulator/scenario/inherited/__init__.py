"""What is inherited and belongs to what a new file changes: the size of the place, the year of the prices."""
