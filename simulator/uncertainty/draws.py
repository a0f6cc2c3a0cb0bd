"""Turn a seed and the name of a draw into four uniforms that are the same in every world.

A draw is keyed, not sequenced. The key is the seed; the counter says whose draw it is and what for:

    philox4x32-10(counter = (number, decision, person, stream), key = (seed low, seed high))

so no draw depends on how many others were made, in what order, in which arm or in how large a population.
Compiled without fast-math; called from Python the same functions are the scalar form. Their types are stated, because
numba would otherwise read a Python seed of 2**63 or more as a signed number and refuse it.

Reference: Salmon, Moraes, Dror & Shaw (2011), Parallel random numbers: as easy as 1, 2, 3, Proceedings of SC '11,
article 16, doi:10.1145/2063384.2063405.
"""

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from simulator.compiling import compiled
from simulator.uncertainty.words import Word, check_seed, check_whole, decision_word, register

__all__ = ["Word", "check_seed", "decision_word", "open_unit", "philox", "register", "scramble", "uniform4", "uniforms"]

Block: TypeAlias = tuple[Word, Word, Word, Word]
Uniforms: TypeAlias = tuple[float, float, float, float]

ROUNDS = 10
WORD_BITS = np.uint64(32)
WORD_MASK = np.uint64(0xFFFFFFFF)
MULTIPLIER_0 = np.uint64(0xD2511F53)
MULTIPLIER_1 = np.uint64(0xCD9E8D57)
WEYL_0 = np.uint64(0x9E3779B9)  # golden ratio
WEYL_1 = np.uint64(0xBB67AE85)  # square root of 3, less 1

WORDS = 2**32


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


def _check_word(what: str, value: Word) -> int:
    """Give back a 32-bit counter word as a plain int, or say what is wrong with it."""
    return check_whole(what, value, WORDS)


def _check_people(people: NDArray[Any]) -> NDArray[np.uint32]:
    """Give back ids as 32-bit words, or say what is wrong with them; no people are allowed."""
    ids = np.asarray(people)
    if ids.ndim != 1 or ids.dtype.kind not in "iu":
        raise ValueError(f"people: {ids.dtype} with {ids.ndim} axes; give one axis of whole-number ids")
    outside = ids[(ids < 0) | (ids >= WORDS)]
    if outside.size:
        raise ValueError(f"people: id {outside[0]} is outside 0 to {WORDS - 1}; number people within that range")
    return ids.astype(np.uint32)
