"""Units of time, and where the ids of people who join begin: what every folder counts in."""

from __future__ import annotations

__all__ = ["DAYS_PER_YEAR", "ENTRANT_IDS_FROM"]

DAYS_PER_YEAR = 365.25
ENTRANT_IDS_FROM = 2**31
