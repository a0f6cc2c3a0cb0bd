"""Pure functions on what was simulated: what a study would make of it."""
