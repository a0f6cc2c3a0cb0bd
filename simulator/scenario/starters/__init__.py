"""Starter files: one that extends a scenario, a place of one's own, a programme from nothing."""
