"""Whose money changes and what is freed: the cash of each budget, capacity by place, and benefits as stated, apart."""
