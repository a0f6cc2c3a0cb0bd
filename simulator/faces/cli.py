"""The command line: each command reads what it was given, calls one verb, and says what came of it.

Heavy libraries are imported inside the commands, so that ``simulator --help`` answers at once. Exit codes: 0 done, 1 it
ran but the answer is no, 2 your input, 3 not finished and can resume, 130 interrupted and can resume.
"""

from __future__ import annotations

import errno
import json
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from simulator import figures
from simulator.errors import CheckFailed, Fault, Interrupted, NotAllowed, RunError, ScenarioError, SimulatorError
from simulator.figures import FIGURES, save_all

if TYPE_CHECKING:
    from simulator.checks.check import CheckResult
    from simulator.findings import Findings
    from simulator.running.cluster import Cluster
    from simulator.running.run import Run
    from simulator.scenario.read import Reading
    from simulator.scenario.starters.place import Local
    from simulator.scenario.tables import Scenario

MODES = ("calibrated", "claimed", "sceptical")
ENGINES = ("auto", "simpy", "compiled")
LARGEST_SEED = 2**64 - 1
FIRST_SEED = 1
POPULATION = "england_65_plus"
MAYBE = "; Enter to leave out"
T = TypeVar("T")


class Commands(click.Group):
    """Commands whose errors are sentences, never tracebacks."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command; what goes wrong on purpose is printed plainly and sets the exit code."""
        try:
            return super().invoke(ctx)
        except SimulatorError as fault:
            click.echo(str(fault), err=True)
            ctx.exit(fault.exit_code)
        except KeyboardInterrupt:
            click.echo("stopped", err=True)
            ctx.exit(Interrupted.exit_code)
        except OSError as fault:
            if fault.errno == errno.EPIPE:
                raise
            click.echo(f"{fault.filename or 'a file'}: {fault.strerror or fault}", err=True)
            ctx.exit(SimulatorError.exit_code)


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(package_name="coproduction-simulator", prog_name="simulator")
def main() -> None:
    """What a co-production programme may cost and save, for whom, by when, and how sure we are.

    \b
    Example:
      simulator list
      simulator run age_uk
      simulator plot results/age_uk-0123456789ab
    """


def _sets(command: Any) -> Any:
    text = "Change a value of the scenario, written as in the file; may be given again."
    return click.option("--set", "sets", multiple=True, metavar="PATH=VALUE", help=text)(command)


def _json(command: Any) -> Any:
    text = "Print one JSON object on standard output, and nothing else there."
    return click.option("--json", "as_json", is_flag=True, help=text)(command)


_PEOPLE = click.option(
    "--people", type=click.IntRange(2),
    help="People lived in each set: precision only. Everybody, where a place or a support is limited.",
)  # fmt: skip
_SEED = click.option(
    "--seed", type=click.IntRange(0, LARGEST_SEED), default=FIRST_SEED, show_default=True, help="Which luck."
)
_WORKERS = click.option("--workers", type=click.IntRange(1), help="Processes; as many as there are cores if left out.")
_EVIDENCE = click.option(
    "--evidence", type=click.Choice(MODES), default=MODES[0], show_default=True,
    help="calibrated: best independent evidence; claimed: as reported; sceptical: track record of similar programmes.",
)  # fmt: skip
_YES = click.option(
    "--yes", is_flag=True, help="Begin without a question what takes more than an hour or half the memory."
)
_RUN = click.argument("run_folder", metavar="RUN", type=click.Path(exists=True, file_okay=False, path_type=Path))
_OUT = click.Path(file_okay=False, path_type=Path)


# ----------------------------------------------------------------------------------------- simulating


@main.command("run", short_help="Simulate a scenario; write tables and figures.")
@click.argument("scenario")
@click.option(
    "--rows", type=click.IntRange(2),
    help="Sampled sets of parameters, in batches of 32; chosen after the first 32 if left out.",
)  # fmt: skip
@click.option(
    "--budget", metavar="PERSON_YEARS", type=click.FloatRange(0, min_open=True),
    help="The most person-years lived where --rows is left out; 17 million, some 20 seconds on two cores, if left out.",
)  # fmt: skip
@click.option(
    "--until-precise", metavar="GBP", type=click.FloatRange(0, min_open=True),
    help="Add rows until the half-width of the mean net saving for each person of the place is below this.",
)  # fmt: skip
@_PEOPLE
@click.option("--years", type=click.IntRange(1, 100), help="Years followed; the scenario's own if left out.")
@_SEED
@click.option("--engine", type=click.Choice(ENGINES), default=ENGINES[0], show_default=True, help="What simulates.")
@_EVIDENCE
@_WORKERS
@_YES
@click.option("--cluster", metavar="ADDRESS", help="Workers of the dask scheduler at this address, not this machine's.")
@_sets
@click.option("--out", type=_OUT, help="Results folder; results/SCENARIO-HASH if left out.")
@click.option(
    "--resume", is_flag=True, help="Go on from the rows in the results folder: of an interrupted run, or of fewer."
)
@_json
def run_command(
    scenario: str,
    until_precise: float | None,
    years: int | None,
    cluster: str | None,
    sets: tuple[str, ...],
    out: Path | None,
    as_json: bool,
    yes: bool,
    **asked: Any,
) -> None:
    """Simulate a scenario and write tables and figures into a results folder.

    SCENARIO is a file, or a name that `simulator list` shows.

    \b
    Example:
      simulator run befriending
      simulator run befriending --rows 256 --evidence claimed
      simulator run befriending --budget 1e8
      simulator run befriending --until-precise 2
      simulator run befriending --set programmes.befriending.uptake=0.4 --out results/low-uptake
      simulator run befriending --rows 4096 --cluster tcp://192.168.0.10:8786
    """
    from simulator.compiling import announce

    if asked["engine"] != "simpy":
        announce()
    from simulator.faces.screen import progress
    from simulator.running.again import rebuilt, rerun, with_alternatives, with_break_even
    from simulator.running.precision import until_precise as rows_until
    from simulator.running.run import run

    changes = (*sets, *([f"horizon.years={years}"] if years else []))
    reading = _examined(scenario, changes)
    resolved = reading.scenario
    folder = out or _default_folder(resolved, asked["evidence"], asked["seed"])
    with _pool(cluster) as pool, progress(resolved.name) as tell, _with_lines(reading):
        asked |= {"out": folder, "progress": tell, "executor": pool, "say": _note, "agree": _agreed(yes)}
        done = (
            run(resolved, **asked) if until_precise is None else rows_until(resolved, until_precise, told=_say, **asked)
        )
    with progress("break-even") as tell:
        again = rerun(done, workers=asked["workers"], resume=asked["resume"], progress=tell)
    with progress("other ways to build the model") as tell:
        others = rebuilt(done, workers=asked["workers"], resume=asked["resume"], progress=tell)
    findings = with_alternatives(done, with_break_even(done, again), others)
    _write(done, findings, folder)
    if good_for := done.good_for():
        _note(f"{done.rows:,} sets of parameters x {done.people:,} people: {good_for}")
    _tell(done, findings, folder, as_json)


def _note(words: str) -> None:
    click.echo(words, err=True)


def _agreed(yes: bool) -> Callable[[str], None]:
    """Who agrees to a run that takes long: who said so before, or says so at the terminal; else it is refused."""

    def ask(words: str) -> None:
        if yes:
            return
        if not sys.stdin.isatty():
            raise RunError(
                f"found {words}; allowed without a question an hour and half of the memory; "
                "add --yes, or use fewer --rows, --people or --years"
            )
        if not click.confirm(f"{words}. Begin?", err=True):
            raise RunError(f"not begun: {words}; use fewer --rows, --people or --years")

    return ask


def _say(rows: int, half_width: float) -> None:
    """How precise a run is so far."""
    click.echo(f"{rows} rows: the mean net saving is good to £{half_width:.3g} for each person of the place", err=True)


@contextmanager
def _pool(address: str | None) -> Iterator[Cluster | None]:
    """The workers of a cluster; none if there is no address."""
    if address is None:
        yield None
        return
    from simulator.running.cluster import connected

    with connected(address) as cluster:
        click.echo(f"{cluster}; compiling, where it has not been done, takes about half a minute", err=True)
        yield cluster


def _examined(scenario: str, changes: Sequence[str]) -> Reading:
    """The scenario and who wrote what; numbers whose law fits badly are mentioned on standard error."""
    from simulator.scenario.read import examine

    reading = examine(scenario, sets=changes)
    for fault in reading.warnings:
        click.echo(f"note: {fault}", err=True)
    return reading


@contextmanager
def _with_lines(reading: Reading) -> Iterator[None]:
    """Faults that are only seen in sampled rows name file and line, as all others do."""
    try:
        yield
    except ScenarioError as error:
        raise ScenarioError(reading.tree.placed(error.faults)) from None


def _default_folder(scenario: Scenario, evidence: str, seed: int) -> Path:
    """A folder of its own for each scenario, mode of evidence and seed, so that one run never replaces another."""
    from simulator.scenario.read import scenario_hash

    mode = f"-{evidence}" if evidence != MODES[0] else ""
    luck = f"-seed-{seed}" if seed != FIRST_SEED else ""
    return Path("results") / f"{scenario.name}{mode}{luck}-{scenario_hash(scenario)}"


def _write(run: Run, findings: Findings, folder: Path) -> None:
    """Tables and figures of a run."""
    from simulator.findings.tables import write_tables

    write_tables(findings, run.account(), folder)
    save_all(run, folder / "figures")


def _tell(run: Run, findings: Findings, folder: Path | None, as_json: bool) -> None:
    from simulator.faces import screen

    if as_json:
        click.echo(json.dumps(screen.as_json(run, None if folder is None else str(folder), findings), indent=2))
        return
    screen.show(findings)
    if folder is not None:
        click.echo(f"\nTables, figures and the record of the run: {folder}")


@main.command("modes", short_help="A scenario in every mode of evidence, side by side.")
@click.argument("scenario")
@click.option("--rows", type=click.IntRange(2), help="Sampled sets of parameters; chosen if left out.")
@_PEOPLE
@_SEED
@_WORKERS
@_YES
@_sets
@click.option(
    "--out", type=_OUT, help="Results folder for modes.csv and a run of each mode; nothing is written without."
)
@_json
def modes_command(
    scenario: str, sets: tuple[str, ...], out: Path | None, as_json: bool, yes: bool, **asked: Any
) -> None:
    """Show a scenario as reported, on the best independent evidence, and on the record of similar programmes.

    The same people and the same luck in each. Net saving to the public purse as value and in cash, QALYs, and the
    chance of a saving.

    \b
    Example:
      simulator modes popp
      simulator modes popp --rows 256 --people 2000 --out results/popp-modes
    """
    from simulator.compiling import announce

    announce()
    from simulator.faces import screen
    from simulator.findings.tables import jsonable
    from simulator.running.modes import modes, side_by_side

    reading = _examined(scenario, sets)
    resolved = reading.scenario
    with screen.progress(resolved.name) as tell, _with_lines(reading):
        rows = side_by_side(modes(resolved, out=out, progress=tell, agree=_agreed(yes), **asked))
    if out is not None:
        screen.write_rows(rows, out / "modes.csv")
    if as_json:
        click.echo(json.dumps(jsonable(rows), indent=2))
    else:
        screen.show_modes(resolved, rows)


@main.command("overview", short_help="Every programme in every mode of evidence: one table, one picture.")
@click.argument("scenarios", nargs=-1, metavar="[SCENARIO ...]")
@click.option(
    "--rows",
    type=click.IntRange(2),
    help="Sampled sets of parameters; 64, or 32 where anything is limited, if left out.",
)
@_PEOPLE
@_SEED
@_WORKERS
@_YES
@click.option("--out", type=_OUT, help="Folder for overview.csv, .xlsx, .png and .svg; results/overview if left out.")
@_json
def overview_command(scenarios: tuple[str, ...], out: Path | None, as_json: bool, yes: bool, **asked: Any) -> None:
    """Show every programme as reported, on the best independent evidence, and on the record of similar programmes.

    Without SCENARIO, every scenario that `simulator list` shows and that has a programme. Programmes on one population
    share the lives of usual care. How long it takes is said first. What fails is told and passed over; exit 2 then.

    \b
    Example:
      simulator overview
      simulator overview befriending popp --rows 256 --people 4000 --out results/two
    """
    from simulator.compiling import announce

    announce()
    from simulator.faces import screen
    from simulator.findings.tables import jsonable, write_lines
    from simulator.running.estimate import HOUR, spoken_time
    from simulator.running.overview import overview, planned

    plan, size = planned(scenarios, say=_note), _given(asked)
    seconds = plan.seconds(**{key: size[key] for key in size if key != "seed"})
    words = f"{plan.count} scenarios in three modes of evidence: about {spoken_time(seconds)}"
    _note(words)
    if seconds > HOUR:
        _agreed(yes)(words)
    with screen.progress("overview") as tell:
        done = overview(plan, progress=tell, say=_note, **size)
    folder = out or Path("results") / "overview"
    if done.rows:
        write_lines(done.rows, folder)
        figures.save(figures.overview(done.rows).figure, folder / "overview")
    if as_json:
        click.echo(json.dumps(jsonable({"programmes": list(done.rows), "failed": list(done.failed)}), indent=2))
    else:
        screen.show_overview(done.rows)
        click.echo(f"Table and picture: {folder}")
    if done.failed:
        raise SimulatorError(f"missing, since they failed: {', '.join(done.failed)}")


@main.command(short_help="One person's two lives, side by side, in words.")
@click.argument("scenario")
@click.option("--person", type=click.IntRange(0), help="Whose life; the first who starts the programme if left out.")
@click.option("--arm", help="The programme arm; the first if left out.")
@_PEOPLE
@_SEED
@_EVIDENCE
@_sets
def trace(scenario: str, person: int | None, arm: str | None, sets: tuple[str, ...], **asked: Any) -> None:
    """One person's life in both worlds, side by side, in words.

    Parameters have no uncertainty. Where people share beds or places, everyone is simulated and it takes longer.

    \b
    Example:
      simulator trace befriending
      simulator trace befriending --person 12 --set horizon.years=2
    """
    from simulator.running.trace import trace_text
    from simulator.scenario.read import read

    click.echo(trace_text(read(scenario, sets=sets), person=person, arm=arm, **asked))


# ------------------------------------------------------------------------------------------ checking


@main.command(short_help="Figures on record beside simulated ones.")
@click.argument("scenarios", nargs=-1, metavar="[SCENARIO ...]")
@click.option("--name", "names", multiple=True, help="One check; may be given again. All if left out.")
@_PEOPLE
@click.option("--rows", type=click.IntRange(1), help="Samples of people; 8, or what a check needs, if left out.")
@_SEED
@_sets
@_json
def check(
    scenarios: tuple[str, ...], names: tuple[str, ...], sets: tuple[str, ...], as_json: bool, **asked: Any
) -> None:
    """Show figures on record beside simulated ones; exit 1 if any lies outside its range, 2 if a file was broken.

    Without SCENARIO, every scenario that `simulator list` shows and that has checks. A broken file is told and passed
    over. How long it takes is said first.

    \b
    Example:
      simulator check
      simulator check age_uk --people 5000
    """
    from simulator.faces import screen

    told, out, broken = dict[str, Any](), list[str](), list[str]()
    sound = dict(_sound(scenarios, names, sets, broken))
    for scenario, results in _checked(sound, names, _given(asked), broken):
        told[scenario.name] = screen.checks_as_json(results)
        out += [entry.name for entry in results if entry.passed is False]
        if not as_json:
            screen.show_checks(scenario, results)
    if as_json:
        click.echo(json.dumps(told, indent=2))
    if out:
        _note(f"outside their range: {', '.join(out)}")
    if broken:
        raise SimulatorError(f"not checked, since broken: {', '.join(broken)}")
    if out:
        raise CheckFailed(f"{len(out)} of {sum(map(len, told.values()))} figures are outside their range")


def _sound(
    scenarios: Sequence[str], names: Sequence[str], sets: Sequence[str], broken: list[str]
) -> Iterator[tuple[str, Scenario]]:
    """Scenarios that have checks, by the name they were asked by; what is wrong with the others is told."""
    from simulator.checks.check import chosen_checks
    from simulator.scenario.library import packaged
    from simulator.scenario.read import read

    for name in scenarios or packaged():
        try:
            scenario = read(name, sets=sets)
            if (scenarios and names) or any(check in scenario.checks for check in names or scenario.checks):
                chosen_checks(scenario, names)
                yield name, scenario
        except SimulatorError as fault:
            _note(f"{name}: {fault}")
            broken.append(name)


def _checked(
    sound: dict[str, Scenario], names: Sequence[str], asked: dict[str, Any], broken: list[str]
) -> Iterator[tuple[Scenario, list[CheckResult]]]:
    """The results of each scenario, once it is said how long all of them take."""
    from simulator.checks.check import check as done
    from simulator.checks.check import person_years, seconds_of_a_person_year
    from simulator.faces.screen import progress, time_in_words

    size = {key: asked[key] for key in ("people", "rows") if key in asked}
    work = sum(person_years(scenario, names=names, **size) for scenario in sound.values())
    if sound:
        seconds = work * seconds_of_a_person_year(next(iter(sound.values())))
        scenarios = f"{len(sound)} scenario{'s' if len(sound) > 1 else ''}"
        _note(f"{scenarios}, {work / 1e6:.1f} million person-years: about {time_in_words(seconds)}")
    lived = 0.0
    with progress("check") as tell:

        def passed(more: float) -> None:
            nonlocal lived
            lived += more
            tell(round(lived), round(work))

        for name, scenario in sound.items():
            try:
                yield scenario, done(scenario, names=names, progress=passed, **asked)
            except SimulatorError as fault:
                _note(f"{name}: {fault}")
                broken.append(name)


@main.command(short_help="Values of numbers that meet figures on record.")
@click.argument("scenario")
@click.option(
    "--target", "targets", multiple=True, metavar="CHECK",
    help="A check to meet; may be given again. Those of [calibration], or all that are judged, if left out.",
)  # fmt: skip
@click.option(
    "--vary", multiple=True, metavar="PATH[:LOW:HIGH]",
    help="A number to find, free between LOW and HIGH where they are given; may be given again.",
)  # fmt: skip
@_PEOPLE
@click.option("--rows", type=click.IntRange(1), help="Samples of people; 8, or what a target needs, if left out.")
@_SEED
@_sets
@click.option(
    "--write", "file", type=click.Path(dir_okay=False, path_type=Path),
    help="Write the values into this file, which extends the scenario; lines to paste are printed without.",
)  # fmt: skip
@_json
def calibrate(scenario: str, sets: tuple[str, ...], file: Path | None, as_json: bool, **asked: Any) -> None:
    """Find the values of numbers that meet checks of a scenario; exit 1 if a target is not met.

    The same people and luck throughout. Without --vary, the script in the scenario's own [calibration] is repeated.
    A number with an interval of its own is held by it; one without, or with LOW:HIGH, is free between these.

    \b
    Example:
      simulator calibrate england_65_plus
      simulator calibrate my_town.toml --target ae_attendances --vary needs.ae.adjust --write my_town_met.toml
      simulator calibrate age_uk --target claimed_admissions --vary programmes.age_uk.effects.emergency.adjust:0.5:2
    """
    from simulator.checks.calibration.calibrate import calibrate as done
    from simulator.checks.calibration.written import lines, write_found
    from simulator.faces.found_values import found_as_json, show_found
    from simulator.faces.screen import progress

    resolved = _examined(scenario, sets).scenario
    with progress("calibrate") as tell:
        found = done(resolved, progress=tell, **asked)
    written = None if file is None else write_found(found, file, scenario)
    if as_json:
        click.echo(json.dumps(found_as_json(found), indent=2))
    else:
        show_found(found)
        click.echo(f"\n{written}" if written else "\n" + "\n".join(lines(found)))
    if not found.met:
        raise CheckFailed(f"not met: {', '.join(target.name for target in found.targets if not target.met)}")


_MEASURE = click.option(
    "--measure", default="emergency:inpatient", show_default=True,
    help="What is counted: visits:, emergency: or days: with a place; several joined by +.",
)  # fmt: skip
_PROGRAMME = click.option("--programme", metavar="NAME", help="Which one; may be left out where there is but one.")
_IN_STUDY = click.option(
    "--people-in-study", metavar="N", type=click.IntRange(2),
    help="Who take part in a study; as many as start in the place if left out.",
)  # fmt: skip
_MONTHS = click.option(
    "--months", type=click.FloatRange(1, 60), help="Look back and forward so long; the scenario's windows if left out."
)
_LIVED = click.option("--people", type=click.IntRange(2), help="People lived, in samples of a place: precision only.")


@main.command(short_help="What each study design would report, beside the true effect.")
@click.argument("scenario")
@_PROGRAMME
@_EVIDENCE
@_MEASURE
@_IN_STUDY
@_MONTHS
@_LIVED
@_SEED
@_WORKERS
@_sets
@_json
def imitate(scenario: str, sets: tuple[str, ...], as_json: bool, **asked: Any) -> None:
    """Show what each study design would report of a programme, with the range of repeated studies, and the true effect.

    Before and after, matched, randomised, stepped wedge, area against area. Numbers have no uncertainty.

    \b
    Example:
      simulator imitate age_uk --people-in-study 325
      simulator imitate popp --measure days:inpatient --evidence claimed
    """
    from simulator.checks.imitation.imitate import imitate as imitated
    from simulator.faces import screen

    done = _studied(scenario, sets, imitated, asked)
    _print(done, screen.imitation_as_json if as_json else None, screen.show_imitation)


@main.command(short_help="What true effect would show as a reported figure.")
@click.argument("scenario")
@click.option(
    "--reported", metavar="CHANGE", type=click.FloatRange(-1, min_open=True), required=True,
    help="What a study reported: -0.31 is 31 % fewer.",
)  # fmt: skip
@click.option(
    "--design", type=click.Choice(["before-after", "matched", "randomised"]), default="before-after",
    show_default=True, help="Of the study.",
)  # fmt: skip
@_PROGRAMME
@_EVIDENCE
@_MEASURE
@_IN_STUDY
@_MONTHS
@_LIVED
@click.option(
    "--rows",
    type=click.IntRange(1),
    help="Sampled sets of parameters, each of a quarter of the people; 16 if left out.",
)
@_SEED
@_WORKERS
@_sets
@_json
def deflate(scenario: str, sets: tuple[str, ...], as_json: bool, **asked: Any) -> None:
    """Show which true effect would have been reported as this figure here, with its range.

    The range holds the chance in a study of this size, what the scenario leaves open, and the Monte Carlo error.

    \b
    Example:
      simulator deflate age_uk --reported -0.26 --people-in-study 325
      simulator deflate age_uk --reported -0.31 --measure emergency:inpatient+visits:planned_care
    """
    from simulator.checks.imitation.deflate import deflate as deflated
    from simulator.faces import screen

    done = _studied(scenario, sets, deflated, asked)
    _print(done, screen.deflation_as_json if as_json else None, screen.show_deflation)


def _studied(scenario: str, sets: Sequence[str], study: Callable[..., T], asked: dict[str, Any]) -> T:
    """What a study of a scenario gives, with its progress on the screen."""
    from simulator.compiling import announce
    from simulator.faces.screen import progress

    announce()
    resolved = _examined(scenario, sets).scenario
    with progress(resolved.name) as tell:
        return study(resolved, progress=tell, **_given(asked))


def _print(done: T, as_json: Callable[[T], Any] | None, show: Callable[[T], None]) -> None:
    """A result as JSON, where that is asked for, else in words."""
    if as_json is None:
        show(done)
    else:
        click.echo(json.dumps(as_json(done), indent=2))


def _given(asked: dict[str, Any]) -> dict[str, Any]:
    """What was asked for, without what was left out."""
    return {name: value for name, value in asked.items() if value is not None}


@main.command(short_help="Every fault of scenario files at once.")
@click.argument("files", nargs=-1, required=True, metavar="FILE ...")
def validate(files: tuple[str, ...]) -> None:
    """Find every fault of scenario files at once; exit 2 if there is any.

    What is possible but odd is noted. Rules are looked at for the stated values and for 1,024 sampled rows.

    \b
    Example:
      simulator validate my_programme.toml
    """
    from simulator.model.possible import examined
    from simulator.scenario.read import examine

    faults: list[Fault] = []
    for file in files:
        try:
            reading = examine(file)
        except ScenarioError as error:
            faults += error.faults
            continue
        for note in reading.warnings:
            click.echo(f"note: {note}")
        impossible = reading.tree.faults(examined(reading.scenario))
        faults += impossible
        if not impossible:
            click.echo(f"{file}: no faults")
    if faults:
        raise ScenarioError(faults)


# ---------------------------------------------------------------------------------------- finished runs


@main.command(short_help="Other prices on a finished run, without simulation.")
@_RUN
@_sets
@click.option("--out", type=_OUT, help="Write tables and figures with the new prices into this folder.")
@_json
def price(run_folder: Path, sets: tuple[str, ...], out: Path | None, as_json: bool) -> None:
    """Put other prices, payers, discount rates or cash rules on a finished run; nothing is simulated.

    \b
    Example:
      simulator price results/age_uk --set prices.ae.amount=260
      simulator price results/age_uk --set economics.discount_rate=0.015 --out results/age_uk-at-1.5
    """
    from simulator.running.again import stored_alternatives, stored_break_even, with_alternatives, with_break_even
    from simulator.running.run import open_run

    done, changes = open_run(run_folder), _changes(sets)
    priced = done.priced(changes)
    findings = with_break_even(priced, stored_break_even(done), changes)
    findings = with_alternatives(priced, findings, stored_alternatives(done), changes)
    if out is not None:
        _write(priced, findings, out)
    _tell(priced, findings, out, as_json)


def _changes(sets: Iterable[str]) -> dict[str, object]:
    from simulator.scenario.inherit import parse_set

    changes, faults = dict[str, object](), list[Fault]()
    for text in sets:
        try:
            changes |= dict([parse_set(text)])
        except NotAllowed as fault:
            faults.append(Fault("--set", text.partition("=")[0], None, fault.found, fault.allowed, fault.hint))
    if faults:
        raise ScenarioError(faults)
    return changes


@main.command(short_help="Figures of a finished run, png and svg.")
@_RUN
@click.option(
    "--figure", "names", multiple=True, metavar="NAME", help="One figure; may be given again. All if left out."
)
@click.option("--out", type=_OUT, help="Where to; the figures folder of the run if left out.")
def plot(run_folder: Path, names: tuple[str, ...], out: Path | None) -> None:
    """Draw the figures of a finished run as png and svg.

    \b
    Names: FIGURES.

    \b
    Example:
      simulator plot results/age_uk
      simulator plot results/age_uk --figure savings_fan --out .
    """
    from simulator.running.run import open_run

    done = open_run(run_folder)
    if not done.findings().arms:
        click.echo("Usual care alone: there is no programme to draw.")
    for file in save_all(done, out or run_folder / "figures", names or FIGURES):
        click.echo(str(file))


plot.help = (plot.help or "").replace("FIGURES", ", ".join(FIGURES))


# -------------------------------------------------------------------------------------- scenario files


@main.command("list", short_help="Scenarios that can be run by name.")
def list_command() -> None:
    """The scenarios that can be run by name: those that come with the simulator, and those in ./scenarios.

    \b
    Example:
      simulator list
    """
    from simulator.faces.screen import title_in
    from simulator.scenario.library import packaged

    found = {name: title_in(path) for name, path in packaged().items()}
    width = max(map(len, found), default=0)
    for name, title in found.items():
        click.echo(f"{name:<{width}}  {title}".rstrip())


@main.command(short_help="A scenario with every value written out.")
@click.argument("scenario")
@click.argument("part", required=False)
@_sets
def show(scenario: str, part: str | None, sets: tuple[str, ...]) -> None:
    """Print a scenario with every value written out, or one part of it.

    \b
    Example:
      simulator show befriending
      simulator show befriending programmes.befriending
      simulator show befriending > all_values.toml
    """
    from simulator.scenario.read import read
    from simulator.scenario.starters.extension import part_of
    from simulator.scenario.write import write

    resolved = read(scenario, sets=sets)
    click.echo((part_of(resolved, part) if part else write(resolved)).rstrip("\n"))


@main.command(short_help="A commented starter file, or a place of your own.")
@click.argument("name")
@click.option("--from", "parent", metavar="SCENARIO", help="The scenario it starts from.")
@click.option("--place", is_flag=True, help="A place of your own; what is not given is asked for.")
@click.option("--people", multiple=True, metavar="AGE:COUNT", help="People from this age on; again for each.")
@click.option(
    "--price", "prices", multiple=True, metavar="PRICE=POUNDS", help="A price there, such as ae=250; again for each."
)
@click.option("--starts", type=click.FloatRange(0, min_open=True), help="Starts of the programme a year.")
@click.option("--cost", type=click.FloatRange(0), help="Pounds for each person who starts the programme.")
@click.option(
    "--figure", "figures", multiple=True, metavar="MEASURE=COUNT",
    help="What is counted there in a year: visits:ae=9900, emergency:PLACE, days:PLACE, deaths; again for each.",
)  # fmt: skip
def new(name: str, parent: str | None, place: bool, **told: Any) -> None:
    """Write NAME.toml here: a starter file that extends a scenario, a place of your own, or a programme from nothing.

    With --from alone, what an analyst changes first stands there as comments. With --place, its people by age, prices,
    starts, cost for each person and yearly figures are asked for, or given as options; `simulator calibrate` then meets
    the figures. With neither, a programme is written whose choices are explained. A price or figure that is not known
    is refused with those that are.

    \b
    Example:
      simulator new my_changes --from befriending
      simulator new my_town --place
      simulator new my_town --place --people 65:9800 --people 75:6200 --people 85:2400 --figure visits:ae=9900
      simulator new my_programme
    """
    from simulator.scenario.starters.extension import write_new, write_starter
    from simulator.scenario.starters.place import place as place_text
    from simulator.scenario.starters.programme import PROGRAMME

    if place:
        parent = parent or POPULATION
        path = write_new(name, place_text(name, parent, _local(parent, told)))
        next_step = f"simulator calibrate {path} --write {name}_met.toml"
    elif parent is not None:
        path = write_starter(name, parent)
        next_step = f"simulator run {path}"
    else:
        path = write_new(name, PROGRAMME.replace("NAME", name))
        next_step = f"simulator run {path}"
    click.echo(f"{path}: change what you like, then  simulator validate {path}  and  {next_step}")


def _local(parent: str, told: dict[str, Any]) -> Local:
    """What a place knows of itself, from options; what there is to know is asked for where there are none."""
    from simulator.scenario.read import read
    from simulator.scenario.starters.place import Local, known_prices, parsed

    scenario = read(parent)
    if not any(told.values()):
        return _asked_local(scenario)
    return Local(
        _by_age(told["people"]),
        parsed(told["figures"], "=", "visits:ae=9900"),
        known_prices(scenario, parsed(told["prices"], "=", "bed_day=380")),
        told["starts"],
        told["cost"],
    )


def _asked_local(scenario: Scenario) -> Local:
    """What a place knows of itself, asked for: people by age, then all that may be left out."""
    from simulator.findings.activity import in_the_field, place_titles
    from simulator.scenario.starters.place import Local, asked_for, known_prices, parsed

    def prices(text: str) -> Mapping[str, float]:
        return known_prices(scenario, parsed(text.split(), "=", "ae=250"))

    people = _asked("People by age, such as 65:9800 75:6200 85:2400", lambda text: _by_age(text.split()))
    local = Local(people, {}, _asked(f"Prices in pounds ({', '.join(scenario.prices)}), such as ae=250{MAYBE}", prices))
    if scenario.programmes:
        asked = ("Starts a year", "Pounds for each person who starts")
        starts, cost = (_asked(f"{words}{MAYBE}", _number) for words in asked)
        local = replace(local, starts=starts, per_start=cost)
    figures, titles = dict[str, float](), place_titles(scenario)
    for measure, each in asked_for(scenario).items():
        would = f"{scenario.title} would have {each * local.size:,.0f}"
        what = f"{in_the_field(measure, titles)} a year in the whole place, {measure} ({would})"
        count = _asked(f"{what[0].upper()}{what[1:]}{MAYBE}", _number)
        figures |= {} if count is None else {measure: count}
    return replace(local, figures=figures)


def _by_age(people: Sequence[str]) -> dict[int, float]:
    from simulator.scenario.starters.place import parsed

    try:
        by_age = {int(age): count for age, count in parsed(people, ":", "65:9800").items()}
    except ValueError:
        by_age = {}
    if not by_age:
        raise RunError(
            f"--people: found {' '.join(people) or 'nobody'}; allowed whole ages and people: 65:9800 75:6200"
        )
    return by_age


def _asked(words: str, read: Callable[[str], T]) -> T:
    """An answer at the terminal; one that cannot be read is asked for again."""

    def answer(typed: str) -> T:
        try:
            return read(typed)
        except RunError as fault:
            raise click.UsageError(str(fault)) from None

    return click.prompt(words, default="", show_default=False, value_proc=answer)


def _number(typed: str) -> float | None:
    try:
        return float(typed.replace(",", "")) if typed.strip() else None
    except ValueError:
        raise RunError(f'found "{typed}"; allowed a number') from None


@main.command(short_help="JSON Schema of scenario files.")
def schema() -> None:
    """Print the JSON Schema of scenario files, which editors use to complete and check them.

    \b
    Example:
      simulator schema > schema.json
    """
    from simulator.scenario.read import schema as of_scenarios

    click.echo(json.dumps(of_scenarios(), indent=2))


if __name__ == "__main__":
    sys.exit(main())
