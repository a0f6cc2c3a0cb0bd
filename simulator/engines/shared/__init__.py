"""What both engines call, so that their agreement proves nothing about it: closed forms in tests/ do."""
