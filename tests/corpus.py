"""The corpus of scenario files that must be read, and of those that must not."""

from __future__ import annotations

from pathlib import Path

FOLDER = Path(__file__).parent / "scenarios"
VALID = sorted(path for path in (FOLDER / "valid").glob("*.toml") if not path.name.endswith(".resolved.toml"))
