"""What may be written in a scenario file, how it is read, and everything that can be wrong with it."""
