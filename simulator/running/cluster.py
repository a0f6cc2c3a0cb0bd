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
from simulator.running.workers import LOOK_S, Done, Work, as_finished

if TYPE_CHECKING:
    from distributed import Client

__all__ = ["Cluster", "connected"]

T = TypeVar("T")
CONNECT_S, PATIENCE_S = 10.0, 60.0
CHECK = "check the address, that `dask scheduler` runs there, and that no firewall is between"
ALIKE = ("numpy", "scipy", "numba", "simpy", "pydantic")


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
        _check_alike(client, address)
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
        self._asked, self._known, self._seen = -math.inf, dict[str, int](), time.monotonic()

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
            with handed_over_whole():
                return self._client.submit(if_alike, stamp(), work, block, pure=False)

        self._seen = time.monotonic()
        try:
            yield from as_finished(submit, blocks, self._room, self._look)
        except CancelledError as lost:
            raise self._gone() from lost
        except KilledWorker as lost:
            what = "several workers died one after the other of the same block, perhaps for want of memory"
            raise NotFinished(f"{self._address}: {what}; use fewer people, or more memory for each worker") from lost

    def prepare(self, first: Callable[[], object]) -> None:
        """Call a function once on each machine, so that its workers need not all do the same work at the same time.

        Args:
            first: the function; it must be picklable. If it fails, the first block fails too and reports it.
        """
        one_each = {worker.rpartition(":")[0]: worker for worker in self._threads()}
        self._client.run(_aside, first, workers=list(one_each.values()), on_error="ignore")

    def __str__(self) -> str:
        threads = self._threads()
        return f"{self._address}: {len(threads)} workers, {sum(threads.values())} threads"

    def _room(self) -> int:
        """One block for each thread and one queued for each worker, so that no thread is idle and little is lost."""
        threads = self._threads()
        return sum(threads.values()) + len(threads)

    def _look(self) -> None:
        if self._threads():
            self._seen = time.monotonic()
        elif time.monotonic() - self._seen > self._patience_s:
            raise NotFinished(f"{self._address}: no worker left for {self._patience_s:g} s; start some again")

    def _threads(self) -> Mapping[str, int]:
        """Threads of each worker there is, by its address; the scheduler is asked every second at most."""
        if time.monotonic() - self._asked < LOOK_S:
            return self._known
        try:
            self._known = self._client.nthreads()
        except Exception as lost:  # its type depends on the state of the connection
            raise self._gone() from lost
        self._asked = time.monotonic()
        return self._known

    def _gone(self) -> NotFinished:
        return NotFinished(f"{self._address}: the scheduler does not answer any more; start it and its workers again")


@contextmanager
def handed_over_whole() -> Iterator[None]:
    """Delay an interrupt from the keyboard until a future is complete: dask logs a traceback for a partial one.

    Raises:
        KeyboardInterrupt: afterwards, if there was one.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    interrupted: list[int] = []
    before = signal.signal(signal.SIGINT, lambda number, _: interrupted.append(number))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before or signal.default_int_handler)
    if interrupted:
        raise KeyboardInterrupt


# ------------------------------------------------------------------------------------------ connecting


@contextmanager
def _client(address: str) -> Iterator[Client]:
    try:
        from distributed import Client
    except ImportError as fault:
        raise RunError("a cluster needs the library distributed; install it with: pip install distributed") from fault
    _knock(address)
    with _in_our_words(), Client(address, timeout=CONNECT_S, set_as_default=False) as client:
        yield client


def _knock(address: str) -> None:
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
def _in_our_words() -> Iterator[None]:
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
        **{name: version(name) for name in ALIKE},
    }


def if_alike(asked: Mapping[str, str], work: Work[T], block: int) -> T:
    """Compute a block, unless this worker, which may have joined later, has other versions than the caller.

    Args:
        asked: the stamp of the caller.
        work: the function of a block's number.
        block: the number.

    Raises:
        NotFinished: if the versions differ.
    """
    other = differences(stamp(), asked)
    if other:
        raise NotFinished(f"a worker that joined has {other}; take it away, or install the same there")
    return work(block)


def differences(there: Mapping[str, str], here: Mapping[str, str]) -> str:
    """Where two stamps differ, in words.

    Args:
        there: stamp of a worker or scheduler.
        here: our own.

    >>> differences({"numpy": "2.3", "scipy": "1.17"}, {"numpy": "2.4", "scipy": "1.17"})
    'numpy 2.3 where we have 2.4'
    """
    unlike = [name for name in here if there.get(name) != here[name]]
    return ", ".join(f"{name} {there.get(name)} where we have {here[name]}" for name in unlike)


def _check_alike(client: Client, address: str) -> None:
    """Refuse a scheduler and workers of other versions, naming all of them."""
    told = {"the scheduler": _of_scheduler(client), **client.run(stamp, on_error="return")}
    faults = [f"{address}: {who} {what}" for who, there in told.items() if (what := _unlike(there))]
    if faults:
        raise RunError(
            "\n".join([*faults, "install the same versions everywhere, then start scheduler and workers again"])
        )


def _of_scheduler(client: Client) -> Any:
    """The stamp of the scheduler, or why there is none; it unpickles what is sent to a worker first."""
    try:
        return client.run_on_scheduler(stamp)
    except Exception as fault:  # of any type: the scheduler may lack this package
        return fault


def _unlike(there: Any) -> str:
    if isinstance(there, OSError):
        return ""  # lost since it was asked
    if isinstance(there, Exception):
        return f"cannot load this package: {there}"
    other = differences(there, stamp())
    return f"has {other}" if other else ""


async def _aside(function: Callable[[], object]) -> None:
    """Call a function in a thread of its own, so that the event loop of the worker keeps running."""
    await to_thread(function)
