"""One row of a scenario as arrays, all arms at once: no names, no money; and how it is built."""
