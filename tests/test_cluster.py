"""Blocks done elsewhere: by any executor, and by real workers of a real scheduler, which are killed in the middle."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from village import village, village_file

import simulator
from simulator.errors import Interrupted, NotFinished, RunError
from simulator.faces.cli import main
from simulator.findings.tables import write_tables
from simulator.running.cluster import connected, if_same_versions, stamp, uninterrupted
from simulator.running.run import run
from simulator.running.workers import WorkerPool, done_by

try:
    from distributed import Client

except ImportError:  # the tests that need it say so
    Client = None  # type: ignore[assignment,misc]

PACKAGE = Path(simulator.__file__).parent
ROWS, PEOPLE, ENGINE = 24, 40, "simpy"
SOON_S = 60.0
TIMES = ("manifest.json", "run.log")  # files that say when and for how long
COMMAND = ("run", "village.toml", "--rows", str(ROWS), "--people", str(PEOPLE), "--engine", ENGINE)
Files = dict[str, bytes]

needs_distributed = pytest.mark.skipif(Client is None, reason="distributed is not installed")


def files_of(folder: Path) -> Files:
    """The blocks of a run and the findings from them."""
    found = [path for kind in ("ledger/*", "findings/*", "*.csv", "design.parquet") for path in folder.glob(kind)]
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in found}


def simulated(out: Path, *, executor: Executor | WorkerPool | None = None, engine: Any = ENGINE, **asked: Any) -> Files:
    """The blocks of the village and the findings from them; on this machine, one at a time, without an executor."""
    workers = 1 if executor is None else None
    done = run(village(), rows=ROWS, people=PEOPLE, engine=engine, workers=workers, executor=executor, out=out, **asked)
    write_tables(done.findings(), done.account(), out)
    return files_of(out)


@pytest.fixture(autouse=True)
def own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every test works in a folder of its own, with the village in it."""
    monkeypatch.chdir(tmp_path)
    village_file(tmp_path)


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Files:
    """What one machine alone writes."""
    files = simulated(tmp_path_factory.mktemp("alone"))
    assert sum(name.startswith("ledger/") for name in files) == 2 * ROWS // 4 and "account.csv" in files
    return files


# ---------------------------------------------------------------------------------------- any executor


def test_an_executor_of_threads_gives_the_same_bytes(tmp_path: Path) -> None:
    one = simulated(tmp_path / "one", engine="compiled")
    with ThreadPoolExecutor(2) as executor:
        assert simulated(tmp_path / "many", engine="compiled", executor=executor) == one


def test_workers_and_an_executor_are_not_asked_for_together() -> None:
    with ThreadPoolExecutor(1) as executor, pytest.raises(RunError, match="leave one of them out"):
        run(village(), workers=2, executor=executor)


def test_what_is_not_begun_is_called_off_when_a_run_is_stopped(tmp_path: Path) -> None:
    done: list[int] = []

    def stop(rows: int, total: int) -> None:
        done.append(rows)
        if rows:
            raise KeyboardInterrupt

    with ThreadPoolExecutor(1) as executor:
        with pytest.raises(Interrupted, match=f"stopped after 4 of {ROWS} rows; finished rows are kept"):
            simulated(tmp_path / "out", executor=executor, progress=stop)
        assert executor.submit(len, done).result(timeout=SOON_S) == 2


def test_an_interruption_waits_until_a_block_is_handed_over() -> None:
    before, done = signal.getsignal(signal.SIGINT), []
    with pytest.raises(KeyboardInterrupt):
        with uninterrupted():
            os.kill(os.getpid(), signal.SIGINT)
            time.sleep(0.01)
            done.append("handed over")
        done.append("not reached")
    assert done == ["handed over"]
    assert signal.getsignal(signal.SIGINT) is before


def test_a_worker_process_that_dies_leaves_a_run_that_can_be_gone_on_from() -> None:
    with (
        ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool,
        pytest.raises(NotFinished, match="a worker died"),
    ):
        list(done_by(pool, os._exit, [1]))


# ------------------------------------------------------------------------------------ a real scheduler


class Machines:
    """A scheduler and workers as processes of their own, on loopback.

    Args:
        folder: where they write.
    """

    def __init__(self, folder: Path) -> None:
        self.folder, self.running = folder, dict[str, subprocess.Popen[bytes]]()
        self._start("scheduler", "scheduler", "--port", "0", "--scheduler-file", str(folder / "scheduler.json"))
        self.address = str(json.loads(soon(self._written))["address"])

    def worker(self, name: str, package: Path = PACKAGE) -> None:
        """Start a worker that has the package; without a nanny, so that it stays dead when it is killed."""
        self._start(name, "worker", self.address, "--nthreads", "1", "--no-nanny", "--name", name, package=package)

    def kill(self, name: str) -> None:
        """As when a machine loses its power."""
        process = self.running.pop(name)
        process.kill()
        process.wait()

    def _start(self, name: str, *words: str, package: Path = PACKAGE) -> None:
        words = ("-m", "dask", *words, "--host", "127.0.0.1", "--no-dashboard")
        places = {**os.environ, "PYTHONPATH": str(package.parent)}
        with (self.folder / f"{name}.log").open("wb") as log:
            self.running[name] = subprocess.Popen(
                [sys.executable, *words], cwd=self.folder, env=places, stdout=log, stderr=log
            )

    def _written(self) -> str:
        file = self.folder / "scheduler.json"
        text = file.read_text() if file.exists() else ""
        return text if text.rstrip().endswith("}") else ""


def soon(asked: Callable[[], Any]) -> Any:
    """The answer, as soon as there is one."""
    start = time.monotonic()
    while not (answer := asked()):
        assert time.monotonic() - start < SOON_S, asked
        time.sleep(0.05)
    return answer


@pytest.fixture
def machines(tmp_path: Path) -> Iterator[Machines]:
    """A scheduler; workers are started by the test."""
    folder = tmp_path / "machines"
    folder.mkdir()
    started = Machines(folder)
    try:
        yield started
    finally:
        for name in list(started.running):
            started.kill(name)


@pytest.fixture
def two(machines: Machines) -> Machines:
    """A scheduler with two workers."""
    for name in ("one", "two"):
        machines.worker(name)
    with Client(machines.address, set_as_default=False) as client:
        client.wait_for_workers(2, timeout=SOON_S)
    return machines


def in_hand(client: Client) -> dict[str, int]:
    """How many blocks each worker has, by its name."""
    known = client.scheduler_info()["workers"]
    return {known[worker]["name"]: len(blocks) for worker, blocks in client.processing().items()}


@needs_distributed
def test_a_worker_killed_in_the_middle_changes_no_byte(two: Machines, tmp_path: Path, alone: Files) -> None:
    seen: dict[int, dict[str, int]] = {}

    with Client(two.address, set_as_default=False) as client, connected(two.address) as pool:

        def kill(done: int, total: int) -> None:
            seen[done] = in_hand(client)
            if done == 4:
                two.kill(max(seen[done], key=seen[done].__getitem__))

        assert simulated(tmp_path / "out", executor=pool, progress=kill) == alone
    assert list(seen) == list(range(0, ROWS + 1, 4))
    assert max(seen[4].values()) > 0 and len(seen[4]) == 2 and len(seen[ROWS]) == 1
    assert all(count <= 2 for workers in seen.values() for count in workers.values())


@needs_distributed
@pytest.mark.parametrize("lost", ["keyboard", "scheduler"])
def test_a_run_that_lost_its_scheduler_or_was_interrupted_goes_on_to_the_same_bytes(
    lost: str, two: Machines, alone: Files
) -> None:
    words = [sys.executable, "-m", "simulator.faces.cli", *COMMAND, "--cluster", two.address, "--out", "out"]
    with subprocess.Popen(words, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True) as running:
        assert running.stderr is not None
        assert "2 workers, 2 threads" in running.stderr.readline()
        begun = next(line for line in iter(running.stderr.readline, "") if line.startswith("village: "))
        assert begun.startswith("village: 10 %")
        if lost == "scheduler":
            two.kill("scheduler")
        else:
            running.send_signal(signal.SIGINT)
        _, said = running.communicate(timeout=SOON_S)
    assert running.returncode == {"scheduler": 3, "keyboard": 130}[lost]
    assert "finished rows are kept in out; add --resume to go on" in said and "Traceback" not in said
    assert ("the scheduler does not answer any more" in said) == (lost == "scheduler")
    assert 2 <= len(list(Path("out/ledger").iterdir())) < 2 * ROWS // 4
    assert simulated(Path("out"), resume=True) == alone


# ---------------------------------------------------------------------------------------------- errors


@needs_distributed
@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("tcp://127.0.0.1:1", "tcp://127.0.0.1:1: no scheduler answers there"),
        ("somewhere", "somewhere: found no address of a scheduler (missing port number"),
    ],
)
def test_an_address_without_a_scheduler_exits_2_and_leaves_old_results_alone(address: str, said: str) -> None:
    Path("out/ledger").mkdir(parents=True)
    told = CliRunner().invoke(main, [*COMMAND, "--out", "out", "--cluster", address])
    assert told.exit_code == 2 and said in told.stderr and "Traceback" not in told.output
    assert [str(path) for path in Path("out").iterdir()] == [str(Path("out/ledger"))]


def test_without_the_library_a_cluster_exits_2_and_says_what_to_install() -> None:
    code = f"import sys; sys.modules['distributed'] = None; from simulator.faces.cli import main; main({[*COMMAND]!r})"
    code = code.replace("'run',", "'run', '--cluster', 'tcp://127.0.0.1:8786',")
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert told.returncode == 2 and "pip install distributed" in told.stderr and "Traceback" not in told.stderr


@needs_distributed
def test_a_scheduler_without_workers_is_said_after_a_while(machines: Machines) -> None:
    with pytest.raises(RunError, match=r"no workers after 0\.2 s; start some with: dask worker tcp://"):
        connected(machines.address, patience_s=0.2).__enter__()


@needs_distributed
def test_a_run_whose_last_worker_is_lost_waits_for_another_and_then_stops(machines: Machines) -> None:
    machines.worker("one")
    with connected(machines.address, patience_s=4.0) as pool:
        assert sorted(pool.done(abs, [-1, -2, -3])) == [(-3, 3), (-2, 2), (-1, 1)]
        machines.kill("one")
        with pytest.raises(NotFinished, match=r"no worker left for 4 s; start some again"):
            list(pool.done(abs, [-1]))


def test_a_worker_that_joins_later_with_another_package_does_no_block() -> None:
    assert if_same_versions(stamp(), abs, -1) == 1
    with pytest.raises(NotFinished, match=r"numpy .* where we have 0\.1"):
        if_same_versions({**stamp(), "numpy": "0.1"}, abs, -1)


@needs_distributed
def test_every_worker_with_another_package_is_named(machines: Machines, tmp_path: Path) -> None:
    shutil.copytree(PACKAGE, tmp_path / "other" / "simulator", ignore=shutil.ignore_patterns("__pycache__"))
    with (tmp_path / "other" / "simulator" / "law.py").open("a") as law:
        law.write("# changed\n")
    (tmp_path / "broken" / "simulator").mkdir(parents=True)
    (tmp_path / "broken" / "simulator" / "__init__.py").touch()
    for name in ("other", "broken"):
        machines.worker(name, tmp_path / name / "simulator")
    with Client(machines.address, set_as_default=False) as client:
        client.wait_for_workers(2, timeout=SOON_S)
    with pytest.raises(RunError) as caught:
        connected(machines.address).__enter__()
    said = str(caught.value)
    assert said.count(machines.address) == 2 and "the scheduler" not in said
    assert "(sources " in said and "cannot load this package: ModuleNotFoundError" in said
    assert "install the same versions everywhere" in said
