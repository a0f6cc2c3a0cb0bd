"""Turns the address of a dask scheduler into a worker pool: its workers, on any number of machines, compute blocks.

Scheduler and workers must have the same sources of this package and the same numerical libraries, since the same block
must give the same bytes on every machine. When a worker is lost, the scheduler gives its blocks to another; when the
scheduler or the last worker is lost, finished blocks are kept and the run can be resumed.
"""

from __future__ import annotations

import hashlib
import logging
import math
import signal
import socket
import threading
import time
from asyncio import to_thread
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import CancelledError
from contextlib import contextmanager
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from simulator.errors import NotFinished, RunError
from simulator.running.workers import POLL_S, Done, Work, as_finished

if TYPE_CHECKING:
    from distributed import Client

__all__ = ["Cluster", "connected"]

T = TypeVar("T")
CONNECT_S, PATIENCE_S = 10.0, 60.0
CHECK = "check the address, that `dask scheduler` runs there, and that no firewall is between"
SAME_VERSIONS = ("numpy", "scipy", "numba", "simpy", "pydantic")


@contextmanager
def connected(address: str, *, patience_s: float = PATIENCE_S) -> Iterator[Cluster]:
    """The workers of a scheduler, for `simulator.running.run(..., executor=...)`.

    Args:
        address: of the scheduler, such as ``tcp://host:8786``.
        patience_s: how many seconds to wait for a worker when there is none.

    Yields:
        The worker pool, until the ``with`` block ends.

    Raises:
        RunError: if distributed is not installed here, nothing answers at the address, no worker comes, or one has
            another version of this package or of its numerical libraries.

    Example:
        >>> with connected("tcp://host:8786") as pool:  # doctest: +SKIP
        ...     sim.run(sim.read("befriending"), executor=pool)
    """
    with _client(address) as client:
        _wait_for_workers(client, address, patience_s)
        _check_versions(client, address)
        yield Cluster(client, address, patience_s)


class Cluster:
    """The workers of one scheduler.

    Args:
        client: connected to the scheduler.
        address: of the scheduler, for messages.
        patience_s: how many seconds to wait for a worker when there is none.
    """

    def __init__(self, client: Client, address: str, patience_s: float) -> None:
        self._client, self._address, self._patience_s = client, address, patience_s
        self._polled_at, self._thread_counts, self._workers_seen_at = -math.inf, dict[str, int](), time.monotonic()

    def done(self, work: Work[T], blocks: Sequence[int]) -> Done[T]:
        """Compute blocks; those of a lost worker are computed again by another.

        Args:
            work: the function of a block's number; it must be picklable.
            blocks: the numbers.

        Yields:
            Block and result, as they are finished.

        Raises:
            NotFinished: if the scheduler or every worker is lost, or workers die of one and the same block.
        """
        from distributed.scheduler import KilledWorker

        def submit(block: int) -> Any:
            with uninterrupted():
                return self._client.submit(if_same_versions, stamp(), work, block, pure=False)

        self._workers_seen_at = time.monotonic()
        try:
            yield from as_finished(submit, blocks, self._room, self._check_workers)
        except CancelledError as lost:
            raise self._scheduler_lost() from lost
        except KilledWorker as lost:
            what = "several workers died one after the other of the same block, perhaps for want of memory"
            raise NotFinished(f"{self._address}: {what}; use fewer people, or more memory for each worker") from lost

    def prepare(self, first: Callable[[], object]) -> None:
        """Call a function once on each machine, so that its workers need not all do the same work at the same time.

        Args:
            first: the function; it must be picklable. If it fails, the first block fails too and reports it.
        """
        worker_of_host = {worker.rpartition(":")[0]: worker for worker in self._threads()}
        self._client.run(_in_thread, first, workers=list(worker_of_host.values()), on_error="ignore")

    def __str__(self) -> str:
        threads = self._threads()
        return f"{self._address}: {len(threads)} workers, {sum(threads.values())} threads"

    def _room(self) -> int:
        """One block for each thread and one queued for each worker, so that no thread is idle and little is lost."""
        threads = self._threads()
        return sum(threads.values()) + len(threads)

    def _check_workers(self) -> None:
        if self._threads():
            self._workers_seen_at = time.monotonic()
        elif time.monotonic() - self._workers_seen_at > self._patience_s:
            raise NotFinished(f"{self._address}: no worker left for {self._patience_s:g} s; start some again")

    def _threads(self) -> Mapping[str, int]:
        """Threads of each worker there is, by its address; the scheduler is asked every second at most."""
        if time.monotonic() - self._polled_at < POLL_S:
            return self._thread_counts
        try:
            self._thread_counts = self._client.nthreads()
        except Exception as lost:  # its type depends on the state of the connection
            raise self._scheduler_lost() from lost
        self._polled_at = time.monotonic()
        return self._thread_counts

    def _scheduler_lost(self) -> NotFinished:
        return NotFinished(f"{self._address}: the scheduler does not answer any more; start it and its workers again")


@contextmanager
def uninterrupted() -> Iterator[None]:
    """Delay an interrupt from the keyboard until a future is complete: a partial one prints an error when deleted.

    Raises:
        KeyboardInterrupt: afterwards, if there was one.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    interrupted: list[int] = []
    handler = signal.signal(signal.SIGINT, lambda number, _: interrupted.append(number))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, handler or signal.default_int_handler)
    if interrupted:
        raise KeyboardInterrupt


# ------------------------------------------------------------------------------------------ connecting


@contextmanager
def _client(address: str) -> Iterator[Client]:
    try:
        from distributed import Client
    except ImportError as fault:
        raise RunError("a cluster needs the library distributed; install it with: pip install distributed") from fault
    _check_scheduler(address)
    with _dask_silenced(), Client(address, timeout=CONNECT_S, set_as_default=False) as client:
        yield client


def _check_scheduler(address: str) -> None:
    """Test quickly for a scheduler, which sends the first bytes: a client waits for ever on a port that sends none."""
    from distributed.comm.addressing import get_address_host_port, parse_address

    try:
        host, port = get_address_host_port(address)
        with socket.create_connection((host, port), timeout=CONNECT_S) as line:
            if parse_address(address)[0] == "tcp" and not line.recv(1):
                raise ConnectionResetError("it hung up")
    except ValueError as fault:
        raise RunError(f"{address}: found no address of a scheduler ({fault}); write it as tcp://HOST:8786") from fault
    except OSError as fault:
        raise RunError(f"{address}: no scheduler answers there ({fault}); {CHECK}") from fault


@contextmanager
def _dask_silenced() -> Iterator[None]:
    """Silence what dask logs when a connection is lost or a run interrupted: our own errors say it."""
    loggers = [logging.getLogger(name) for name in ("distributed", "distributed.client", "tornado.application")]
    levels = [logger.level for logger in loggers]
    try:
        for logger in loggers:
            logger.setLevel(logging.CRITICAL)
        yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)


def _wait_for_workers(client: Client, address: str, patience_s: float) -> None:
    from distributed import TimeoutError as TooLate

    try:
        client.wait_for_workers(1, timeout=patience_s)
    except TooLate as fault:
        todo = f"start some with: dask worker {address}"
        raise RunError(f"{address}: the scheduler has no workers after {patience_s:g} s; {todo}") from fault


# ---------------------------------------------------------------------------- the same package everywhere


@cache
def stamp() -> dict[str, str]:
    """Versions that must agree on all machines: the sources of this package, and its numerical libraries."""
    digest, here = hashlib.sha256(), Path(__file__).parents[1]
    for path in sorted(here.rglob("*.py")):
        digest.update(path.relative_to(here).as_posix().encode())
        digest.update(path.read_text(encoding="utf-8").encode())  # line ends of Windows make no difference
    return {
        "simulator": f"{version('coproduction-simulator')} (sources {digest.hexdigest()[:8]})",
        **{name: version(name) for name in SAME_VERSIONS},
    }


def if_same_versions(stamp_of_caller: Mapping[str, str], work: Work[T], block: int) -> T:
    """Compute a block, unless this worker, which may have joined later, has other versions than the caller.

    Args:
        stamp_of_caller: the stamp of the caller.
        work: the function of a block's number.
        block: the number.

    Raises:
        NotFinished: if the versions differ.
    """
    difference = differences(stamp(), stamp_of_caller)
    if difference:
        raise NotFinished(f"a worker that joined has {difference}; take it away, or install the same there")
    return work(block)


def differences(remote: Mapping[str, str], local: Mapping[str, str]) -> str:
    """Where two stamps differ, in words.

    Args:
        remote: stamp of a worker or scheduler.
        local: our own.

    >>> differences({"numpy": "2.3", "scipy": "1.17"}, {"numpy": "2.4", "scipy": "1.17"})
    'numpy 2.3 where we have 2.4'
    """
    names = [name for name in local if remote.get(name) != local[name]]
    return ", ".join(f"{name} {remote.get(name)} where we have {local[name]}" for name in names)


def _check_versions(client: Client, address: str) -> None:
    """Refuse a scheduler and workers of other versions, naming all of them."""
    stamps = {"the scheduler": _stamp_of_scheduler(client), **client.run(stamp, on_error="return")}
    faults = [
        f"{address}: {machine} {difference}"
        for machine, remote in stamps.items()
        if (difference := _difference(remote))
    ]
    if faults:
        raise RunError(
            "\n".join([*faults, "install the same versions everywhere, then start scheduler and workers again"])
        )


def _stamp_of_scheduler(client: Client) -> Any:
    """The stamp of the scheduler, or why there is none; it unpickles what is sent to a worker first."""
    try:
        return client.run_on_scheduler(stamp)
    except Exception as fault:  # of any type: the scheduler may lack this package
        return fault


def _difference(remote: Any) -> str:
    if isinstance(remote, OSError):
        return ""  # lost since it was asked
    if isinstance(remote, Exception):
        return f"cannot load this package: {remote}"
    difference = differences(remote, stamp())
    return f"has {difference}" if difference else ""


async def _in_thread(function: Callable[[], object]) -> None:
    """Call a function in a thread of its own, so that the event loop of the worker keeps running."""
    await to_thread(function)
