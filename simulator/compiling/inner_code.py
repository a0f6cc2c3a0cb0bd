"""Functions in two variants, so that numba makes machine code only of what Python calls.

By default numba optimises each function by itself, linked with all that it calls, and makes machine code of it, at
every level of the call graph: 60 of 90 seconds, for functions that Python never calls. Here the *inside*, which
compiled callers see, is type-inferred and lowered to LLVM's intermediate code when a caller is first compiled, and no
further: the caller links that code and optimises the whole. The *outside* is compiled when Python first calls it, and
cached on disk.

This is the only file that uses private parts of numba (tried with 0.61 and 0.68). Where one of them is missing,
importing it fails, and `compiling` uses plain `numba.njit`. A function may not call itself.
"""

# mypy: disable-error-code="misc, no-untyped-call, attr-defined, assignment"

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from numba.core.codegen import JITCodeLibrary
from numba.core.compiler import Compiler
from numba.core.registry import CPUDispatcher
from numba.core.sigutils import normalize_signature

__all__ = ["two_sided"]

NEEDED = {
    JITCodeLibrary: (
        "_optimize_final_module",
        "_finalize_final_module",
        "_finalize_dynamic_globals",
        "_ensure_finalized",
    ),
    Compiler: ("compile_extra",),
    CPUDispatcher: ("compile", "add_overload", "get_call_template", "get_overload", "enable_caching"),
}
for _owner, _names in NEEDED.items():
    for _name in _names:
        getattr(_owner, _name)  # an AttributeError tells `compiling` that this numba has other internals


class _InnerLibrary(JITCodeLibrary):
    """Code that is only linked into that of its callers."""

    def _optimize_final_module(self) -> None:
        pass

    def _finalize_final_module(self) -> None:
        self._finalize_dynamic_globals()
        self._finalized = True


class _InnerCompiler(Compiler):
    """numba's compiler without its last step, machine code."""

    def __init__(
        self, typing: Any, target: Any, library: Any, args: Any, return_type: Any, flags: Any, locals: Any
    ) -> None:
        flags.no_compile = True
        super().__init__(typing, target, library, args, return_type, flags, locals)

    def compile_extra(self, func: Callable[..., Any]) -> Any:
        target, name = self.state.targetctx, func.__qualname__
        self.state.library = _InnerLibrary(target.codegen(), name)
        result = super().compile_extra(func)
        callee = _Callee()  # numba finds the compiled function by this key
        target.insert_user_function(callee, result.fndesc, [result.library])
        return result._replace(entry_point=callee)


class _Callee:
    """The key by which numba resolves a call in compiled code."""


class _OneSignature(CPUDispatcher):
    """Compiled at the first call, for the stated types if there are any."""

    signature: Any = None

    def compile(self, sig: Any) -> Any:
        return super().compile(self.signature or sig)


class _Inside(_OneSignature):
    """A function as compiled callers see it."""

    def add_overload(self, cres: Any) -> None:
        self.overloads[tuple(cres.signature.args)] = cres


class _Outside(_OneSignature):
    """A function as Python calls it."""

    inside: _Inside

    def compile(self, sig: Any) -> Any:
        """Compile, or load from the cache.

        Raises:
            TypeError: for arguments that cannot become those stated: an array of another layout would be misread.
        """
        if self.signature is not None and isinstance(sig, tuple):
            stated, _ = normalize_signature(self.signature)
            pairs = zip(sig, stated, strict=True)
            if any(self.typingctx.can_convert(argument, parameter) is None for argument, parameter in pairs):
                raise TypeError(f"{self.py_func.__name__}: found {', '.join(map(str, sig))}; allowed {self.signature}")
        return super().compile(sig)

    def get_call_template(self, args: Any, kws: Any) -> Any:
        return self.inside.get_call_template(args, kws)

    def get_overload(self, sig: Any) -> Any:
        return self.inside.get_overload(sig)


def two_sided(function: Callable[..., Any], signature: Any, options: dict[str, Any], *, cache: bool) -> Any:
    """A function that Python and compiled functions may call.

    Args:
        function: plain Python; it does not call itself.
        signature: the one signature in numba's types; None: as called.
        options: what `numba.njit` takes.
        cache: store the machine code on disk, in the folder that numba's configuration names now.
    """
    flags = options | {"nopython": True, "boundscheck": None}
    inside = _Inside(
        function, {}, flags | {"no_cpython_wrapper": True, "no_cfunc_wrapper": True}, pipeline_class=_InnerCompiler
    )
    outside = _Outside(function, {}, flags)
    outside.inside, inside.signature, outside.signature = inside, signature, signature
    if cache:
        outside.enable_caching()
    return outside
