"""What a scenario may say beyond the shape of its tables: faults of one table, faults between tables, and oddities."""
