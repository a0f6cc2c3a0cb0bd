"""Numbers that make a scenario meet figures on record: found, with their error and spread, and told in words."""
