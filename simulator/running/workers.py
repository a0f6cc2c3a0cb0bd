"""Turns numbered blocks of work into their results, as they are finished: here, in threads, processes or elsewhere.

The work is a function of the block's number alone, so it does not matter which worker computes a block, in which order,
or how often: a block that was lost with its worker is computed again. Nothing here depends on what a block is.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import BrokenExecutor, Executor, ProcessPoolExecutor, ThreadPoolExecutor
from itertools import islice
from multiprocessing import get_context
from queue import Empty, SimpleQueue
from typing import Any, Protocol, TypeVar

from simulator.errors import NotFinished

__all__ = ["Done", "WorkerPool", "as_finished", "done_by", "done_here"]

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)
Work = Callable[[int], T]
Done = Generator[tuple[int, T], None, None]
POLL_S = 1.0


class Pending(Protocol[T_co]):
    """A future of any library: a result that is not there yet."""

    def add_done_callback(self, fn: Callable[[Any], object], /) -> object:
        """Call a function when the result is there."""

    def result(self) -> T_co:
        """The result, or the error that came instead."""


class WorkerPool(Protocol):
    """Workers that choose how many blocks to take at a time, such as those of `running.cluster`."""

    def prepare(self, first: Callable[[], object]) -> None:
        """Call a function once on each machine before any block."""

    def done(self, work: Work[T], blocks: Sequence[int]) -> Done[T]:
        """Blocks and their results, as they are finished."""


def done_here(work: Work[T], blocks: Sequence[int], workers: int | None, *, threads: bool) -> Done[T]:
    """Do blocks on this machine.

    Args:
        work: the function of a block's number.
        blocks: the numbers.
        workers: how many at a time; as many as there are cores if left out. One at a time stays in this process.
        threads: in threads, for work that releases the interpreter lock; else in processes.

    Yields:
        Block and result, as they are finished.

    Raises:
        NotFinished: if a worker process died.

    >>> sorted(done_here(abs, [-1, 2], 2, threads=True))
    [(-1, 1), (2, 2)]
    """
    count = min(workers or os.cpu_count() or 1, len(blocks))
    if count <= 1:
        yield from ((block, work(block)) for block in blocks)
        return
    with ThreadPoolExecutor(count) if threads else ProcessPoolExecutor(count, mp_context=get_context("spawn")) as pool:
        yield from done_by(pool, work, blocks)


def done_by(
    executor: Executor | WorkerPool, work: Work[T], blocks: Sequence[int], first: Callable[[], object] = lambda: None
) -> Done[T]:
    """Compute blocks with an executor; those not begun when the caller stops iterating are cancelled.

    Args:
        executor: of `concurrent.futures`, or of a library that follows it; or a worker pool.
        work: the function of a block's number; for other processes it must be picklable.
        blocks: the numbers.
        first: called once on each machine of a pool before its first block, to compile for instance.

    Yields:
        Block and result, as they are finished.

    Raises:
        NotFinished: if the executor lost a worker and cannot go on.
    """
    if not isinstance(executor, Executor):
        executor.prepare(first)
        yield from executor.done(work, blocks)
        return
    futures = {block: executor.submit(work, block) for block in blocks}
    try:
        yield from as_finished(futures.__getitem__, blocks)
    except BrokenExecutor as lost:
        raise NotFinished(f"a worker died ({lost}); if memory ran out, use fewer workers or fewer people") from lost
    finally:
        for future in futures.values():
            future.cancel()


def as_finished(
    submit: Callable[[int], Pending[T]],
    blocks: Sequence[int],
    room: Callable[[], int] | None = None,
    poll: Callable[[], object] = lambda: None,
) -> Done[T]:
    """Submit blocks, as many as there is room for, and yield results as they come.

    Args:
        submit: submits a block.
        blocks: the numbers.
        room: how many may be submitted and unfinished at a time; all of them if left out.
        poll: called about every second while no result comes; raises if none will come.

    Yields:
        Block and result, as they are finished.
    """
    waiting, finished = iter(blocks), SimpleQueue[Pending[T]]()
    running: dict[Pending[T], int] = {}
    for _ in blocks:  # one result for each
        while True:
            for block in islice(waiting, max(0, room() - len(running)) if room else None):
                pending = submit(block)
                running[pending] = block
                pending.add_done_callback(finished.put)
            try:
                pending = finished.get(timeout=POLL_S)  # without a timeout, Windows would not deliver Ctrl-C
                break
            except Empty:
                poll()
        yield running.pop(pending), pending.result()
