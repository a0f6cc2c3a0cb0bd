"""The conductor: design rows -> workers -> ledger -> account -> findings, with progress and resume.

A block of rows is a pure function of scenario, seed and block number. Whoever does the blocks, they may
finish in any order and are put together by number, so the result does not depend on how many there are.
Finished blocks are written at once; a run that was stopped goes on from them and ends with the same bytes. Where the
rows are left out the first 32 say how many there shall be (`running.size`), which is written down before the next.
"""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor
from contextlib import closing
from dataclasses import dataclass, replace
from functools import cached_property, partial, reduce
from pathlib import Path
from types import ModuleType
from typing import Literal

from simulator.activity import ledger as ledgers
from simulator.activity.ledger import Ledger
from simulator.activity.parts import part_names
from simulator.compiling import announce
from simulator.engines.totals import replicates, tally
from simulator.errors import Interrupted, NotFinished, RunError
from simulator.findings import Findings, findings_of
from simulator.model.build import build, items
from simulator.model.model import Model
from simulator.model.pathway import people_lived
from simulator.model.possible import ROWS as EXAMINED_ROWS
from simulator.model.possible import refuse_impossible
from simulator.money.account import Account
from simulator.money.price import price
from simulator.running.estimate import estimate, memory_of_machine
from simulator.running.folder import (
    begun_in,
    blocks_on_disk,
    open_folder,
    part,
    stored_blocks,
    write_inputs,
    write_manifest,
)
from simulator.running.job import Job, design_of
from simulator.running.size import (
    BUDGET,
    PILOT,
    Variances,
    choose,
    chosen_in_words,
    good_for,
    rounding,
    variances,
    whole_batches,
)
from simulator.running.workers import Done, WorkerPool, done_by, done_here
from simulator.scenario.read import read, with_changes
from simulator.scenario.tables import EvidenceMode, Scenario
from simulator.scenario.write import scenario_hash
from simulator.uncertainty.design import Design

__all__ = ["Run", "open_run", "run", "simulate_row"]

Engine = Literal["auto", "simpy", "compiled"]
Progress = Callable[[int, int], None]
Say = Callable[[str], object]
log = logging.getLogger("simulator")


@dataclass(frozen=True)
class Run:
    """What was simulated and with what; money and findings are worked out when asked for."""

    scenario: Scenario
    design: Design
    ledger: Ledger
    evidence: EvidenceMode
    seed: int
    engine: str
    people: int
    wall_s: float
    folder: Path | None = None

    @property
    def rows(self) -> int:
        """Design rows."""
        return len(self.design)

    @property
    def events(self) -> int:
        """Things that happened to people, in all arms."""
        return self.ledger.events

    @property
    def hash(self) -> str:
        """Fingerprint of the resolved scenario."""
        return scenario_hash(self.scenario)

    @cached_property
    def _account(self) -> Account:
        return price(self.ledger, self.scenario, self.design, self.evidence)

    @cached_property
    def _findings(self) -> Findings:
        return findings_of(self._account, self.ledger, self.scenario)

    def account(self) -> Account:
        """Money by row, replicate, arm, group, year and line."""
        return self._account

    def findings(self) -> Findings:
        """The decision tables."""
        return self._findings

    def good_for(self) -> str:
        """What its rows and people are good for, in words; empty for a single row and without a programme."""
        return good_for(self._findings)

    def priced(self, changes: Mapping[str, object]) -> Run:
        """The same lives with other prices, payers, discount rates or cash rules; nothing is simulated.

        Args:
            changes: new values by path, such as ``{"prices.ae.amount": 260}``.

        Raises:
            ScenarioError: if a path or value is not allowed.
            RunError: if a change would need a new simulation.
        """
        changed = with_changes(self.scenario, changes)
        if changed.simulated_part() != self.scenario.simulated_part():
            raise RunError(
                f"{', '.join(changes)}: this changes what happens to people, not only what it costs; "
                "run the changed scenario instead"
            )
        design = design_of(changed, self.evidence, self.rows, self.seed)
        return replace(self, scenario=changed, design=design, folder=None)


def run(
    scenario: Scenario,
    *,
    rows: int | None = None,
    people: int | None = None,
    seed: int = 1,
    evidence: EvidenceMode = "calibrated",
    engine: Engine = "auto",
    workers: int | None = None,
    executor: Executor | WorkerPool | None = None,
    out: Path | None = None,
    resume: bool = False,
    progress: Progress | None = None,
    budget: float | None = None,
    say: Say | None = None,
    agree: Say | None = None,
) -> Run:
    """Simulate every design row in every arm.

    Args:
        scenario: resolved scenario.
        rows: sampled values of all uncertain parameters; fewer than 32 as asked, more in whole batches of 32. Left out,
            as many as the first 32 show to be needed, or, on resuming, as many as were begun.
        people: people lived in each row; the scenario's own number if left out, everybody where anything is limited.
        seed: key of every draw, 0 to 2**64 - 1.
        evidence: which value of each programme effect to use.
        engine: "simpy" (the readable one, in processes), "compiled" (the same numbers, in threads), or "auto":
            compiled.
        workers: processes or threads; as many as there are cores if left out, 1 stays in this one.
        executor: what computes the blocks in place of workers of this machine: any executor of `concurrent.futures`, or
            the workers that `simulator.running.cluster.connected` finds.
        out: results folder; nothing is written if left out.
        resume: resume from the blocks that a run of the same inputs left in ``out``: one that was interrupted, or one
            of fewer rows.
        progress: called with rows done and rows in all.
        budget: the most person-years lived where rows are left out; see `running.size`.
        say: called with sentences on the size of the run; they go to the log if left out.
        agree: called with what the run will take, before it begins, where that is more than an hour or half of the
            memory; raises where nobody agrees. If left out nobody is asked.

    Returns:
        The run.

    Raises:
        ScenarioError: if a sampled row breaks a rule of the scenario; nothing has been simulated then.
        RunError: if the inputs do not fit together, or ``out`` holds blocks of another run.
        NotFinished: if the workers were lost; finished blocks are kept.
        Interrupted: on the keyboard's interrupt; finished blocks are kept.

    Example:
        >>> import simulator as sim
        >>> r = sim.run(sim.read("befriending"), rows=2, people=40, workers=1)  # doctest: +SKIP
    """
    if workers is not None and executor is not None:
        raise RunError(
            f"found {workers} workers beside an executor or cluster, which has its own; leave one of them out"
        )
    start = time.monotonic()
    count = people_lived(scenario, people)
    tell, engine_name = say or log.info, "compiled" if engine == "auto" else engine
    begun = begun_in(out, budget) if rows is None and resume and out is not None else None
    size: Mapping[str, object] | None = None
    if rows is not None:
        known: int | None = whole_batches(rows)
        for words in rounding(rows, whole_batches(rows)):
            (say or log.warning if known != rows else tell)(words)
    elif begun is not None:
        known, size = begun["rows"], begun.get("size")
    else:
        known, size = None, {"budget_person_years": budget or BUDGET, "pilot_rows": PILOT}
    expected = estimate(scenario, known, count, engine_name, workers, budget or BUDGET, elsewhere=executor is not None)
    expected.refuse_beyond(memory_of_machine())
    expected.agree_beyond(memory_of_machine(), agree or (lambda words: None))
    tell(expected.in_words())
    job = Job(scenario, design_of(scenario, evidence, known or PILOT, seed), evidence, seed, count, engine_name, size)
    _examine(job)
    folder = None if out is None else open_folder(Path(out), job, resume)
    blocks = _all_blocks(job, folder, workers, executor, progress)
    if known is None:
        chosen = choose(_variances(job, blocks), scenario, count, budget or BUDGET)
        tell(chosen_in_words(chosen, count))
        job = replace(job.with_rows(chosen.rows), size=chosen.to_dict())
        if chosen.rows > EXAMINED_ROWS:  # those before are the same, and have been looked at
            _examine(job)
        if folder is not None:
            write_inputs(folder, job)
        blocks = _all_blocks(job, folder, workers, executor, progress, blocks)
    ledger = reduce(Ledger.append, blocks)
    finished = Run(
        scenario=scenario,
        design=job.design,
        ledger=ledger,
        evidence=evidence,
        seed=seed,
        engine=job.engine,
        people=count,
        wall_s=time.monotonic() - start,
        folder=folder,
    )
    if folder is not None:
        write_manifest(folder, job, events=finished.events, wall_s=finished.wall_s)
    return finished


def lived(job: Job, *, workers: int | None = None, progress: Progress | None = None) -> Ledger:
    """What happened in every row of a job; nothing is written, and no row is looked at before it is lived.

    Args:
        job: with its rows.
        workers: as in a run.
        progress: called with rows done and rows in all.

    Raises:
        RunError: a row that cannot be lived.
    """
    return reduce(Ledger.append, _all_blocks(job, None, workers, None, progress))


def _examine(job: Job) -> None:
    """Look at every row before the first is lived; at more than the pilot's, where the rows are yet to be chosen."""
    chosen_later = job.size is not None and "rows" not in job.size
    design = job.with_rows(EXAMINED_ROWS).design if chosen_later else job.design
    refuse_impossible(job.scenario, design, job.evidence, job.people)


def open_run(folder: str | Path) -> Run:
    """Read a finished run from its results folder.

    Args:
        folder: the results folder.

    Raises:
        RunError: if there is no finished run in it, or its blocks are not those that its manifest lists.
    """
    folder = Path(folder)
    if not (folder / "manifest.json").exists():
        raise RunError(f"{folder}: no manifest.json here; give the results folder of a finished run")
    about = json.loads((folder / "manifest.json").read_text())
    return Run(
        scenario=read(folder / "scenario.resolved.toml"),
        design=Design.load(folder / "design.parquet"),
        ledger=reduce(Ledger.append, map(ledgers.load, stored_blocks(folder, about["blocks"]))),
        evidence=about["evidence"],
        seed=about["seed"],
        engine=about["engine"],
        people=about["people"],
        wall_s=about["wall_s"],
        folder=folder,
    )


def run_again(done: Run, scenario: Scenario, rows: int, *, workers: int | None, out: Path | None, resume: bool) -> Run:
    """Some rows of a run with a changed scenario: the same people, random numbers, evidence and engine.

    Where the change limits something everybody is lived.

    Args:
        done: the run.
        scenario: what is simulated instead.
        rows: how many of its rows.
        workers: as in a run, like all that follow.
        out: results folder.
        resume: go on from what lies there.
    """
    engine: Engine = "simpy" if done.engine == "simpy" else "compiled"
    people = None if scenario.limited() else done.people
    return run(
        scenario, rows=rows, people=people, seed=done.seed, evidence=done.evidence, engine=engine,
        workers=workers, out=out, resume=resume, say=log.debug,
    )  # fmt: skip


def open_again(done: Run, scenario: Scenario, folder: Path | None) -> Run | None:
    """What `run_again` left in a folder, if it is finished and of this scenario and the run's seed."""
    if folder is None or not (folder / "manifest.json").exists():
        return None
    again = open_run(folder)
    return again if again.hash == scenario_hash(scenario) and again.seed == done.seed else None


# --- rows and blocks -------------------------------------------------------------------------------


def engine_named(name: str) -> ModuleType:
    """The engine; compiling it, where that has not been done on this machine, takes about half a minute."""
    if name == "simpy":
        from simulator.engines.simpy import engine as reference

        return reference
    announce()
    from simulator.engines.compiled import engine as compiled

    compiled.prepare()
    return compiled


def simulate_row(scenario: Scenario, model: Model, row: int, stream: int, engine: str = "compiled") -> Ledger:
    """One design row as a ledger of two replicates.

    Nothing shared: two halves of the people of one run. Something shared: two whole runs on streams
    2r and 2r + 1.
    """
    names, chosen, them = items(scenario), engine_named(engine), scenario.population
    add_up = partial(replicates, chosen.simulate) if engine == "simpy" else chosen.replicates
    return tally(
        add_up(model, 2 * stream),
        row=row,
        place_size=scenario.population.place_size,
        arms=scenario.all_arms(),
        items=(*names.counts, *names.days),
        measures=names.measures,
        parts=part_names(model.population.parts, them.band_names, scenario.health.states, them.group_values),
    )


def _block(job: Job, block: int) -> Ledger:
    """The ledger of one block of rows."""
    return reduce(Ledger.append, (_row(job, row) for row in job.rows_of(block)))


def _row(job: Job, row: int) -> Ledger:
    model = build(job.scenario, job.design.row(row), people=job.people, seed=job.seed, evidence=job.evidence)
    try:
        return simulate_row(job.scenario, model, row, int(job.design.streams[row]), job.engine)
    except ValueError as fault:
        raise RunError(f"row {row} of {len(job.design)}: {fault}; look at its numbers in design.parquet") from fault


def _all_blocks(
    job: Job,
    folder: Path | None,
    workers: int | None,
    executor: Executor | WorkerPool | None,
    progress: Progress | None,
    known: Sequence[Ledger] = (),
) -> list[Ledger]:
    """Every block, from those known already, from disk or from the workers, in order."""
    found = dict(enumerate(known)) | (dict(blocks_on_disk(folder, job, len(known))) if folder else {})
    missing = [block for block in job.blocks if block not in found]
    tell = progress or (lambda done, total: None)
    tell(_rows_in(found), len(job.design))
    try:
        with closing(_simulated(job, missing, workers, executor)) as simulated:
            for block, ledger in simulated:
                found[block] = ledger
                if folder is not None:
                    ledgers.save(ledger, part(folder, block))
                log.info("block %d done: %d of %d rows", block, _rows_in(found), len(job.design))
                tell(_rows_in(found), len(job.design))
    except KeyboardInterrupt as stop:
        raise Interrupted(_stopped(found, job, folder)) from stop
    except NotFinished as stop:
        raise NotFinished(f"{stop}\n{_stopped(found, job, folder)}") from stop
    return [found[block] for block in job.blocks]


def _variances(job: Job, blocks: Sequence[Ledger]) -> dict[str, Variances]:
    ledger = reduce(Ledger.append, blocks)
    return variances(price(ledger, job.scenario, job.design, job.evidence))


def _stopped(found: Mapping[int, Ledger], job: Job, folder: Path | None) -> str:
    kept = f"finished rows are kept in {folder}; add --resume to go on" if folder else "nothing was kept"
    return f"stopped after {_rows_in(found)} of {len(job.design)} rows; {kept}"


def _rows_in(found: Mapping[int, Ledger]) -> int:
    return sum(len(ledger.rows) for ledger in found.values())


def _simulated(
    job: Job, blocks: list[int], workers: int | None, executor: Executor | WorkerPool | None
) -> Done[Ledger]:
    """Blocks as they are finished."""
    work, first = partial(_block, job), partial(engine_named, job.engine)
    if executor is not None:
        return done_by(executor, work, blocks, first)
    if job.engine == "compiled" and blocks:
        first()
    return done_here(work, blocks, workers, threads=job.engine == "compiled")
