"""Turn the name of a decision into the word that stands for it in the counter of a draw, and look at seeds.

Apart from the draws, which need a compiler: what only looks at a scenario needs none.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from hashlib import blake2b
from operator import index
from typing import Any, TypeAlias

import numpy as np

__all__ = ["Word", "check_seed", "check_whole", "decision_word", "register"]

Word: TypeAlias = int | np.integer[Any]
Name: TypeAlias = tuple[str, ...]

SEEDS = 2**64


def check_seed(seed: Word) -> int:
    """Give back a usable seed as a plain int; 0 is a seed like any other.

    Args:
        seed: a whole number, Python's or numpy's.

    Returns:
        The same number.

    Raises:
        ValueError: if it is None, a bool, not whole, or outside 0 to 2**64 - 1.

    Source:
        The key of Philox4x32 has 64 bits: Salmon et al. (2011).

    Example:
        >>> check_seed(0)
        0
        >>> check_seed(-1)
        Traceback (most recent call last):
        ValueError: seed: -1 is not a whole number from 0 to 18446744073709551615; write one such as 1
    """
    return check_whole("seed", seed, SEEDS)


@cache
def decision_word(*parts: str) -> int:
    """Hash the name of a decision to the 32-bit word that stands for it in the counter.

    Args:
        parts: the name, coarse to fine, such as "need:gp", "layer 3". The cut matters: ("a", "b") is not ("ab",).

    Returns:
        A word from 0 to 2**32 - 1, the same in every run and on every platform.

    Raises:
        ValueError: if there are no parts, or a part is not text, is empty, or contains a NUL.

    Source:
        BLAKE2b with a 4-byte digest (RFC 7693) of the parts in UTF-8 joined by NUL, low byte first.

    Example:
        >>> decision_word("need:gp", "layer 3")
        2742750122
    """
    if not parts:
        raise ValueError('decision name: no parts given; name the decision, such as "need:gp", "layer 3"')
    for part in parts:
        if not isinstance(part, str) or not part or "\0" in part:
            raise ValueError(f"decision name {parts!r}: {part!r} is not a non-empty text without NUL; rename that part")
    return int.from_bytes(blake2b("\0".join(parts).encode(), digest_size=4).digest(), "little")


def register(names: Iterable[Name], *, spare_bits: int = 0) -> dict[Name, int]:
    """Give every decision its word, and refuse names whose words are the same: they would share their luck.

    Args:
        names: each decision's name once, as a tuple of parts.
        spare_bits: low bits left at 0 for the caller to fill (the layer of a clock).

    Returns:
        The word of each name, in the order given.

    Raises:
        ValueError: if two names have one word, a name comes twice, or a name is not valid.

    Source:
        `decision_word`; among n names the chance of a collision is about n**2 / 2**(33 - spare bits).

    Example:
        >>> words = register([("need:gp",), ("stay:inpatient:2",)])
        >>> words[("need:gp",)] == decision_word("need:gp")
        True
    """
    owners: dict[int, Name] = {}
    for name in names:
        if not name or isinstance(name, str):
            raise ValueError(f"decision name {name!r} is not a tuple of parts; write one such as ('need:gp',)")
        word = decision_word(*name) >> spare_bits << spare_bits
        if word in owners:
            raise ValueError(
                f"decision names {owners[word]!r} and {name!r} have the same word {word:#010x} "
                "and would share their luck; rename one"
            )
        owners[word] = name
    return {name: word for word, name in owners.items()}


def check_whole(what: str, value: Word, end: int) -> int:
    """Give back a whole number from 0 to below `end` as a plain int, or say what is wrong with it."""
    try:
        whole = -1 if isinstance(value, bool | np.bool_) else index(value)
    except TypeError:
        whole = -1
    if not 0 <= whole < end:
        raise ValueError(f"{what}: {value!r} is not a whole number from 0 to {end - 1}; write one such as 1")
    return whole
