"""Operations on eight neighbours of an array as one vector, where numba would not vectorise the loop.

Each function is a few vector instructions of LLVM, compiled for the processor it runs on. They can be called from
compiled functions only.
"""

from __future__ import annotations

from typing import Any

import numba
from llvmlite import ir
from numba import extending

__all__ = ["AT_ONCE", "below", "put"]

AT_ONCE = 8

types: Any = numba.types


def _eight(context: Any, builder: Any, kind: Any, array: Any, at: Any) -> tuple[Any, Any]:
    """Where eight neighbours lie, and their type."""
    vector = ir.VectorType(context.get_value_type(kind.dtype), AT_ONCE)
    data = context.make_array(kind)(context, builder, array).data
    return builder.bitcast(builder.gep(data, [at]), vector.as_pointer()), vector


def _broadcast(builder: Any, vector: Any, value: Any) -> Any:
    """The same value eight times."""
    first = builder.insert_element(ir.Constant(vector, ir.Undefined), value, ir.Constant(ir.IntType(32), 0))
    return builder.shuffle_vector(first, first, ir.Constant(ir.VectorType(ir.IntType(32), AT_ONCE), [0] * AT_ONCE))


def _put(typing_context: Any, array: Any, at: Any, value: Any, step: Any) -> Any:
    """Write value, value + step, value + 2 step ... at eight neighbours."""
    kind = types.Array(types.uint32, 1, "C")

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> None:
        where, vector = _eight(context, builder, kind, arguments[0], arguments[1])
        value, step = (_broadcast(builder, vector, scalar) for scalar in arguments[2:])
        rising = builder.mul(step, ir.Constant(vector, list(range(AT_ONCE))))
        builder.store(builder.add(value, rising), where, align=4)

    return types.void(kind, types.uint64, types.uint32, types.uint32), generate


def _below(typing_context: Any, array: Any, at: Any, value: Any) -> Any:
    """How many of eight neighbours are less than a value."""
    kind = types.Array(types.int64, 1, "C")

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        where, vector = _eight(context, builder, kind, arguments[0], arguments[1])
        less = builder.icmp_signed("<", builder.load(where, align=8), _broadcast(builder, vector, arguments[2]))
        return builder.zext(builder.ctpop(builder.bitcast(less, ir.IntType(AT_ONCE))), ir.IntType(64))

    return types.int64(kind, types.uint64, types.int64), generate


put: Any = extending.intrinsic(_put)
below: Any = extending.intrinsic(_below)
