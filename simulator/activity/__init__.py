"""What is counted: the items, the ledger, and what an engine hands over. Never money."""
