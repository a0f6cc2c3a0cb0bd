"""Turn a seed and the name of a draw into four uniforms that are the same in every world.

A draw is keyed, not sequenced. The key is the seed; the counter says whose draw it is and what for:

    philox4x32-10(counter = (number, decision, person, stream), key = (seed low, seed high))

so no draw depends on how many others were made, in what order, in which arm or in how large a population.
Compiled without fast-math; called from Python the same functions are the scalar form. Their types are stated, because
numba would otherwise read a Python seed of 2**63 or more as a signed number and refuse it.

Reference: Salmon, Moraes, Dror & Shaw (2011), Parallel random numbers: as easy as 1, 2, 3, Proceedings of SC '11,
article 16, doi:10.1145/2063384.2063405.
"""

from collections.abc import Iterable
from functools import cache
from hashlib import blake2b
from operator import index
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from simulator.compiling import compiled

__all__ = ["check_seed", "decision_word", "open_unit", "philox", "register", "scramble", "uniform4", "uniforms"]

Word: TypeAlias = int | np.integer[Any]
Block: TypeAlias = tuple[Word, Word, Word, Word]
Uniforms: TypeAlias = tuple[float, float, float, float]
Name: TypeAlias = tuple[str, ...]

ROUNDS = 10
WORD_BITS = np.uint64(32)
WORD_MASK = np.uint64(0xFFFFFFFF)
MULTIPLIER_0 = np.uint64(0xD2511F53)
MULTIPLIER_1 = np.uint64(0xCD9E8D57)
WEYL_0 = np.uint64(0x9E3779B9)  # golden ratio
WEYL_1 = np.uint64(0xBB67AE85)  # square root of 3, less 1

WORDS = 2**32
SEEDS = 2**64


@compiled(inline=True)
def scramble(c0: Word, c1: Word, c2: Word, c3: Word, k0: Word, k1: Word) -> Block:
    """Scramble a counter, as :func:`philox`; inlined into its callers, so that loops of it can be vectorised."""
    x0, x1 = np.uint64(c0) & WORD_MASK, np.uint64(c1) & WORD_MASK
    x2, x3 = np.uint64(c2) & WORD_MASK, np.uint64(c3) & WORD_MASK
    key_0, key_1 = np.uint64(k0) & WORD_MASK, np.uint64(k1) & WORD_MASK
    for _ in range(ROUNDS):
        product_0, product_1 = MULTIPLIER_0 * x0, MULTIPLIER_1 * x2
        x0, x1 = (product_1 >> WORD_BITS) ^ x1 ^ key_0, product_1 & WORD_MASK
        x2, x3 = (product_0 >> WORD_BITS) ^ x3 ^ key_1, product_0 & WORD_MASK
        key_0, key_1 = (key_0 + WEYL_0) & WORD_MASK, (key_1 + WEYL_1) & WORD_MASK
    return x0, x1, x2, x3


@compiled("UniTuple(uint32, 4)(uint32, uint32, uint32, uint32, uint32, uint32)")
def philox(c0: Word, c1: Word, c2: Word, c3: Word, k0: Word, k1: Word) -> Block:
    """Scramble a counter of four 32-bit words under a key of two: Philox4x32-10.

    Args:
        c0: first word of the counter, 0 to 2**32 - 1 (higher bits are dropped), as all that follow.
        c1: second word of the counter.
        c2: third word of the counter.
        c3: fourth word of the counter.
        k0: low word of the key.
        k1: high word of the key.

    Returns:
        Four 32-bit words, a different block for every counter.

    Raises:
        OverflowError: if a word given from Python is negative.

    Source:
        Salmon et al. (2011), the multiply and Weyl constants included.

    Example:
        >>> [f"{word:08x}" for word in philox(0, 0, 0, 0, 0, 0)]
        ['6627e8d5', 'e169c58d', 'bc57ac4c', '9b00dbd8']
    """
    x0, x1, x2, x3 = scramble(c0, c1, c2, c3, k0, k1)
    return np.uint32(x0), np.uint32(x1), np.uint32(x2), np.uint32(x3)


@compiled(inline=True)
def open_unit(word: Word) -> float:
    """Put a 32-bit word at the middle of its cell of (0, 1), so that log(u) and log(1 - u) are finite."""
    return (np.float64(word) + 0.5) * 2.0**-32


@compiled("UniTuple(float64, 4)(uint64, uint32, uint32, uint32, uint32)")
def uniform4(seed: Word, stream: Word, person: Word, decision: Word, number: Word) -> Uniforms:
    """Draw the four uniforms of one candidate: one person's random numbers at one decision.

    Args:
        seed: 0 to 2**64 - 1; see `check_seed`.
        stream: replicate of the whole population, 0 to 2**32 - 1.
        person: the person's id, 0 to 2**32 - 1 (entrants start at 2**31).
        decision: what the draw is for; see `decision_word`.
        number: which candidate of that decision, 0 to 2**32 - 1.

    Returns:
        Four numbers strictly between 0 and 1, multiples of 2**-32 moved up by half a step.

    Raises:
        OverflowError: if a word given from Python is negative. Compiled callers are not checked: words are cut to 32
            bits (`uniforms` and `check_seed` do check).

    Source:
        Salmon et al. (2011); key = seed, counter = (number, decision, person, stream).

    Example:
        >>> mine = uniform4(7, 0, 41, decision_word("need:gp"), 0)
        >>> mine == uniform4(7, 0, 41, decision_word("need:gp"), 0)
        True
        >>> [f"{u:.6f}" for u in uniform4(0, 0, 0, 0, 0)]
        ['0.399046', '0.880520', '0.735713', '0.605482']
    """
    key = np.uint64(seed)
    x0, x1, x2, x3 = philox(number, decision, person, stream, key & WORD_MASK, key >> WORD_BITS)
    return open_unit(x0), open_unit(x1), open_unit(x2), open_unit(x3)


@compiled()
def _fill(
    draws: NDArray[np.float64], seed: Word, stream: Word, people: NDArray[np.uint32], decision: Word, number: Word
) -> None:
    """Write each person's four uniforms into their row of `draws`."""
    for row in range(people.size):
        draws[row] = uniform4(seed, stream, people[row], decision, number)


def uniforms(seed: Word, stream: Word, people: NDArray[Any], decision: Word, number: Word) -> NDArray[np.float64]:
    """Draw the four uniforms of one decision for many people, for traits such as age and risk.

    Args:
        seed: 0 to 2**64 - 1.
        stream: replicate of the whole population, 0 to 2**32 - 1.
        people: ids, each 0 to 2**32 - 1.  # [person]
        decision: what the draw is for; see `decision_word`.
        number: which candidate of that decision, 0 to 2**32 - 1.

    Returns:
        Uniforms strictly between 0 and 1, row by row those of `uniform4`.  # [person, uniform]

    Raises:
        ValueError: if the seed, an id or a word is outside its range or not whole.

    Source:
        As `uniform4`.

    Example:
        >>> age = decision_word("trait:age")
        >>> everyone = uniforms(0, 0, np.arange(100), age, 0)
        >>> bool((uniforms(0, 0, np.array([99, 3]), age, 0) == everyone[[99, 3]]).all())
        True
    """
    ids = _check_people(people)
    draws = np.empty((ids.size, 4))
    words = _check_word("stream", stream), _check_word("decision", decision), _check_word("number", number)
    _fill(draws, np.uint64(check_seed(seed)), words[0], ids, words[1], words[2])
    return draws


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
    return _check_whole("seed", seed, SEEDS)


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
    """Give every decision its word, and refuse names whose words are the same: they would share random numbers.

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


def _check_whole(what: str, value: Word, end: int) -> int:
    """Give back a whole number from 0 to below `end` as a plain int, or say what is wrong with it."""
    try:
        whole = -1 if isinstance(value, bool | np.bool_) else index(value)
    except TypeError:
        whole = -1
    if not 0 <= whole < end:
        raise ValueError(f"{what}: {value!r} is not a whole number from 0 to {end - 1}; write one such as 1")
    return whole


def _check_word(what: str, value: Word) -> int:
    """Give back a 32-bit counter word as a plain int, or say what is wrong with it."""
    return _check_whole(what, value, WORDS)


def _check_people(people: NDArray[Any]) -> NDArray[np.uint32]:
    """Give back ids as 32-bit words, or say what is wrong with them; no people are allowed."""
    ids = np.asarray(people)
    if ids.ndim != 1 or ids.dtype.kind not in "iu":
        raise ValueError(f"people: {ids.dtype} with {ids.ndim} axes; give one axis of whole-number ids")
    outside = ids[(ids < 0) | (ids >= WORDS)]
    if outside.size:
        raise ValueError(f"people: id {outside[0]} is outside 0 to {WORDS - 1}; number people within that range")
    return ids.astype(np.uint32)
