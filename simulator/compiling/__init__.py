"""Compile functions once, on disk, for one signature each, and never run stale code.

Compiled code is cached in a folder named after a digest of every source file that takes part, so code compiled for
another table layout or draw is never loaded. Functions with annotated machine types are compiled for just these: by
default numba compiles a function anew for every mix of integer widths and literals it is called with, and the first
run takes three times as long.
"""

from __future__ import annotations

import hashlib
import logging
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache, partial
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

import numba

try:
    from simulator.compiling.inner_code import two_sided
except (ImportError, AttributeError):  # a numba with other internals
    two_sided = None  # type: ignore[assignment]

__all__ = ["announce", "compile_now", "compiled", "compiled_for_types", "inlined"]

log = logging.getLogger("simulator")
P = ParamSpec("P")
R = TypeVar("R")
PACKAGE = Path(__file__).parents[1]
SOURCES = ("units.py", "compiling/*.py", "uncertainty/draws.py", "activity/*.py", "model/*.py", "engines/**/*.py")

njit: Any = numba.njit  # numba's type hints lack some of its options
types: Any = numba.types
config: Any = numba.config

_TYPES: dict[str, Any] = {
    "Addresses": types.int64,
    "int": types.int64,
    "float": types.float64,
    "bool": types.boolean,
    "None": types.void,
    "tuple[int, float]": types.Tuple((types.int64, types.float64)),
    "tuple[int, float, int]": types.Tuple((types.int64, types.float64, types.int64)),
    "tuple[float, float, float, float]": types.UniTuple(types.float64, 4),
}


def compiled(signature: str | None = None, *, inline: bool = False) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Compile without the interpreter lock and without fast-math, when first called, cached on disk.

    Args:
        signature: the one signature, as numba writes it; as first called if left out.
        inline: inline the function into its callers before types are inferred, so that loops of it can be vectorised.

    >>> @compiled("float64(float64)")
    ... def half(x: float) -> float:
    ...     return x / 2
    >>> half(3.0)
    1.5
    """
    options = {"nogil": True} | ({"inline": "always"} if inline else {})
    return partial(_dispatcher, signature=signature, options=options)


def compiled_for_types(function: Callable[P, R]) -> Callable[P, R]:
    """Compile a function for its annotated types: Addresses, int, float, bool, None and tuples of them.

    Raises:
        KeyError: for an annotation that has no machine type here.
    """
    return _with_annotated_types(function, forceinline=False)


def inlined(function: Callable[P, R]) -> Callable[P, R]:
    """As :func:`compiled_for_types`, inlined into its callers by LLVM: for small functions that are called often."""
    return _with_annotated_types(function, forceinline=True)


def _with_annotated_types(function: Callable[P, R], *, forceinline: bool) -> Callable[P, R]:
    hints = dict(function.__annotations__)
    result = _TYPES[hints.pop("return")]
    signature = result(*(_TYPES[hint] for hint in hints.values()))
    options = {"nogil": True, "no_cfunc_wrapper": True, "forceinline": forceinline}
    return _dispatcher(function, signature, options | {"_nrt": False})  # no reference counting of arrays


def _dispatcher(function: Callable[P, R], signature: Any, options: dict[str, Any]) -> Callable[P, R]:
    cache = not function.__code__.co_filename.startswith("<")
    with _own_cache():
        if two_sided is not None:
            dispatcher: Callable[P, R] = two_sided(function, signature, options, cache=cache)
            return dispatcher
        decorator = njit(signature, cache=cache, **options) if signature else njit(cache=cache, **options)
        dispatcher = decorator(function)
        return dispatcher


@cache
def _folder() -> Path:
    """The folder of this version's compiled code: beside the package, or in the user's cache."""
    digest = hashlib.sha256(numba.__version__.encode())
    for path in _sources():
        digest.update(path.read_bytes())
    name = f"compiled-{digest.hexdigest()[:16]}"
    beside = PACKAGE / "__pycache__"
    if os.access(beside if beside.exists() else PACKAGE, os.W_OK):
        return beside / name
    return Path.home() / ".cache" / "coproduction-simulator" / name


def _sources() -> Iterator[Path]:
    """Every file that compiled code is made from."""
    for pattern in SOURCES:
        yield from sorted(PACKAGE.glob(pattern))


@contextmanager
def _own_cache() -> Iterator[None]:
    """Set numba's cache folder to ours for the functions decorated meanwhile, and for no others."""
    before = config.CACHE_DIR
    config.CACHE_DIR = before or str(_folder())
    try:
        yield
    finally:
        config.CACHE_DIR = before


def compile_now(*functions: Any) -> None:
    """Compile functions before several threads call them; those in the cache are loaded at their first call."""
    if _ready().exists():
        return
    for function in functions:
        if two_sided is not None:
            function.compile(function.signature)
    _folder().mkdir(parents=True, exist_ok=True)
    _ready().touch()


@cache
def announce() -> None:
    """Say, once in a process, that the fast engine has yet to be compiled on this machine."""
    if not _ready().exists():
        log.warning("the fast engine is not compiled on this machine yet: about half a minute more, this once")


def _ready() -> Path:
    """The file that marks a finished compilation; its name depends on the files' dates, as numba's cache does."""
    dates = "".join(str(path.stat().st_mtime_ns) for path in _sources())
    return _folder() / f"ready-{hashlib.sha256(dates.encode()).hexdigest()[:8]}"
