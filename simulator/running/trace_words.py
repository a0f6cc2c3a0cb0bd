"""Turns the trace of one person into words: two lives side by side, with and without a programme.

    trace of usual care, trace of an arm -tell-> moments -side_by_side-> pairs -in_columns-> text

A journey (GP, then A&E, then a ward, then home) is one moment. A moment that both worlds share is written once.
"""

from __future__ import annotations

import textwrap
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby, zip_longest

from simulator.activity.results import TraceEntry
from simulator.scenario.tables import USUAL_CARE, Scenario
from simulator.units import DAYS_PER_YEAR

SAME, DIFFERENT, ONLY_LEFT, ONLY_RIGHT = "=", "≠", "<", ">"
MEANING = (
    f"{SAME} the same in both   {DIFFERENT} different   {ONLY_LEFT} only on the left   {ONLY_RIGHT} only on the right"
)
MINUTES_PER_DAY, HOURS_PER_DAY = 24 * 60, 24
COLUMNS, WHEN = 110, 22
NO_DIFFERENCE = "The two lives are the same to the last bit."


@dataclass(frozen=True)
class Names:
    """What the numbers in a trace mean, in the order of the scenario."""

    places: tuple[str, ...]
    supports: tuple[str, ...]
    needs: tuple[str, ...]
    states: tuple[str, ...]
    routine: frozenset[str] = frozenset()  # places whose short visits are no emergencies

    @staticmethod
    def of(scenario: Scenario) -> Names:
        """The names of a scenario, titles where it gives them.

        >>> from simulator.scenario.read import EXAMPLE, read_text
        >>> Names.of(read_text(EXAMPLE)).places
        ('gp',)
        """
        supports = {**scenario.supports, **scenario.programmes}
        routine = ((name, place) for name, place in scenario.places.items() if not place.emergency)
        return Names(
            places=tuple(place.title or spoken(name) for name, place in scenario.places.items()),
            supports=tuple(support.title or spoken(name) for name, support in supports.items()),
            needs=tuple(map(spoken, scenario.needs)),
            states=tuple(map(spoken, scenario.health.states)),
            routine=frozenset(place.title or spoken(name) for name, place in routine),
        )


@dataclass(frozen=True)
class Moment:
    """One thing that happens, or one journey through places: ``until`` is its last day."""

    day: float
    until: float
    what: str
    visit: str = ""  # the place of a routine visit of less than a day: several in a row become one
    stops: tuple[tuple[str, float], ...] = ()  # place, days


@dataclass(frozen=True)
class Pair:
    """What happens at the same time in the two worlds; None where nothing does."""

    left: Moment | None
    right: Moment | None

    @property
    def moment(self) -> Moment:
        """The moment on either side."""
        moment = self.left or self.right
        assert moment is not None
        return moment

    @property
    def mark(self) -> str:
        """Whether the worlds differ: ``=``, ``≠``, ``<`` (only on the left) or ``>`` (only on the right).

        >>> Pair(Moment(3.0, 3.0, "GP"), None).mark
        '<'
        """
        if self.left and self.right:
            return SAME if self.left.what == self.right.what else DIFFERENT
        return ONLY_LEFT if self.left else ONLY_RIGHT


def spoken(name: str) -> str:
    """A name of the scenario file as it is said.

    >>> spoken("home_care")
    'home care'
    """
    return name.replace("_", " ")


def length(days: float) -> str:
    """A length of time in the unit a person would use.

    >>> length(0.01), length(0.5), length(8.25), length(1.0), length(800.0), length(0.0)
    ('14 minutes', '12 hours', '8.2 days', '1 day', '2.2 years', 'same day')
    """
    if days == 0:
        return "same day"
    if days < 1 / HOURS_PER_DAY:
        return _count(days * MINUTES_PER_DAY, "minute", 0)
    if days < 1:
        return _count(days * HOURS_PER_DAY, "hour", 0)
    if days < DAYS_PER_YEAR:
        return _count(days, "day", 1)
    return _count(days / DAYS_PER_YEAR, "year", 1)


def _count(number: float, unit: str, digits: int) -> str:
    digits_shown = f"{number:.{digits}f}".removesuffix(".0")
    return f"{digits_shown} {unit}{'' if digits_shown == '1' else 's'}"


def when(day: float) -> str:
    """A day of the clock; years and days are counted from 0, and the warm-up lies before the start.

    >>> when(400.0), when(-12.3)
    ('year 1, day 34', '13 days before')
    """
    if day < 0:
        return f"{_count(-(day // 1), 'day', 0)} before"
    year = int(day // DAYS_PER_YEAR)
    return f"year {year}, day {int(day - year * DAYS_PER_YEAR)}"


# ------------------------------------------------------------------------------------------- one life


def tell(entries: Iterable[TraceEntry], names: Names) -> list[Moment]:
    """One life as moments, in order; places entered one after another are one journey.

    Args:
        entries: the trace of one person in one arm.
        names: what its numbers mean.

    >>> names = Names(("GP", "A&E"), (), ("gp",), ("fit",))
    >>> entries = [(3.0, 7, "enters", (0, 3.01)), (3.01, 7, "enters", (1, 3.2)), (3.2, 7, "goes home", 1)]
    >>> [moment.what for moment in tell(entries, names)]
    ['GP 14 minutes, then A&E 5 hours']
    """
    moments: list[Moment] = []
    journey: list[TraceEntry] = []
    for entry in entries:
        if entry[2] == "enters" or (journey and entry[2] == "held"):
            journey.append(entry)
        elif journey and entry[2] in ("goes home", "dies", "moves away"):
            moments.append(_journey([*journey, entry], names))
            journey = []
        else:
            moments.append(Moment(entry[0], entry[0], _event(entry, names)))
    if journey:
        moments.append(_journey(journey, names))
    return sorted(moments, key=lambda moment: moment.day)


def _journey(entries: Sequence[TraceEntry], names: Names) -> Moment:
    """Places with the days in each, time held there apart, and how it ends."""
    until, _, end, _ = entries[-1]
    entered = [entry for entry in entries if entry[2] == "enters"]
    leaving = [entry[0] for entry in entered[1:]] + [until if end in _ENDINGS else entered[-1][3][1]]
    stops = tuple(
        (names.places[entry[3][0]], leaves - entry[0]) for entry, leaves in zip(entered, leaving, strict=True)
    )
    parts = [_stop(*stop, leaves - entry[3][1]) for stop, entry, leaves in zip(stops, entered, leaving, strict=True)]
    what = ", then ".join(parts) + _ENDINGS.get(end, ", still there at the end")
    short = len(stops) == 1 and end == "goes home" and stops[0][1] < 1 and stops[0][0] in names.routine
    return Moment(entries[0][0], until, what, stops[0][0] if short else "", stops)


_ENDINGS = {"goes home": "", "dies": ", and dies", "moves away": ", and moves away"}


def _stop(place: str, days: float, held_days: float) -> str:
    words = f"{place} {length(days)}"
    return words if held_days < 1 / HOURS_PER_DAY else f"{words} ({length(held_days)} of it held: no way on)"


def _event(entry: TraceEntry, names: Names) -> str:
    return _WORDS[entry[2]](entry, names)


def _support(words: str) -> Callable[[TraceEntry, Names], str]:
    return lambda entry, names: words.format(names.supports[entry[3]])


def _place(words: str) -> Callable[[TraceEntry, Names], str]:
    return lambda entry, names: words.format(names.places[entry[3]])


_WORDS: dict[str, Callable[[TraceEntry, Names], str]] = {
    "moves away": lambda entry, names: "moves away",
    "dies": lambda entry, names: "dies",
    "health": lambda entry, names: f"health is now: {names.states[entry[3]]}",
    "flare": lambda entry, names: f"a bad spell begins, {length(entry[3] - entry[0])}",
    "met elsewhere": lambda entry, names: f"{names.needs[entry[3][0]]} need met by {names.supports[entry[3][1]]}",
    "waits": _place("waits at home for {}"),
    "gives up waiting": _place("gives up waiting for {}"),
    "held": _place("held in {}"),
    "goes home": _place("goes home from {}"),
    "refuses": _support("declines {}"),
    "listed": _support("joins the waiting list of {}"),
    "starts": _support("starts {}"),
    "completions": _support("completes {}"),
    "drop_outs": _support("drops out of {}"),
    "lapses": _support("comes off {}"),
    "referral lapses": _support("is taken off the waiting list for {}"),
    "volunteers": _support("becomes a volunteer of {}"),
}


# ------------------------------------------------------------------------------------------- two lives


def side_by_side(left: Iterable[Moment], right: Iterable[Moment]) -> list[Pair]:
    """The moments of two lives, those of the same instant together.

    Args:
        left: a life without the programme.
        right: the same person's life with it.

    >>> lives = [Moment(1, 1, "GP"), Moment(2, 9, "ward")], [Moment(1, 1, "GP")]
    >>> [pair.mark for pair in side_by_side(*lives)]
    ['=', '<']
    """
    worlds = [_by_day(left), _by_day(right)]
    days = sorted(set(worlds[0]) | set(worlds[1]))
    return [pair for day in days for pair in _together(*(world.get(day, []) for world in worlds))]


def _by_day(moments: Iterable[Moment]) -> dict[float, list[Moment]]:
    days: dict[float, list[Moment]] = {}
    for moment in moments:
        days.setdefault(moment.day, []).append(moment)
    return days


def _together(left: list[Moment], right: list[Moment]) -> Iterator[Pair]:
    """Moments of one instant: equal ones are paired first, the others in order."""
    on_right = {moment.what: moment for moment in right}
    in_both = [moment for moment in left if moment.what in on_right]
    yield from (Pair(moment, on_right[moment.what]) for moment in in_both)
    shared = {moment.what for moment in in_both}
    rest = ([moment for moment in side if moment.what not in shared] for side in (left, right))
    yield from (Pair(*both) for both in zip_longest(*rest))


def folded(pairs: Iterable[Pair]) -> list[Pair]:
    """The same, with routine visits in a row that are the same in both worlds made into one.

    >>> visits = [Moment(1, 1.1, "GP 20 minutes", "GP"), Moment(5, 5.2, "GP 9 minutes", "GP")]
    >>> folded(Pair(visit, visit) for visit in visits)[0].moment.what
    'GP × 2, until year 0, day 5'
    """
    runs = groupby(pairs, key=lambda pair: pair.mark == SAME and pair.moment.visit != "")
    return [pair for routine, run in runs for pair in (_visits(list(run)) if routine else run)]


def _visits(run: list[Pair]) -> list[Pair]:
    if len(run) == 1:
        return run
    stops = tuple(stop for pair in run for stop in pair.moment.stops)
    counted = Counter(pair.moment.visit for pair in run)
    visits = ", ".join(f"{place} × {number}" for place, number in counted.items())
    last = run[-1].moment
    visit_run = Moment(run[0].moment.day, last.until, f"{visits}, until {when(last.day)}", visits, stops)
    return [Pair(visit_run, visit_run)]


# ---------------------------------------------------------------------------------------------- text


def in_columns(pairs: Sequence[Pair], heads: tuple[str, str], columns: int = COLUMNS) -> str:
    """Two lives as text in two columns; what is the same in both is written once, across them.

    Args:
        pairs: from :func:`side_by_side`, or folded.
        heads: what the two worlds are called.
        columns: width of the text in characters.

    >>> print(in_columns([Pair(Moment(1, 1, "GP"), None)], ("usual care", "with walks"), 60))
    when                     usual care       with walks
    year 0, day 1          < GP
    """
    side = (columns - WHEN - 4) // 2
    lines = [_line("when", "", heads[0], heads[1], side)]
    for pair in pairs:
        left, right = (moment.what if moment else "" for moment in (pair.left, pair.right))
        texts = (left, "") if pair.mark == SAME else (left, right)
        wide = 2 * side if pair.mark == SAME else side - 2
        wrapped = zip_longest(*(textwrap.wrap(text, wide) for text in texts), fillvalue="")
        for number, (left_line, right_line) in enumerate(wrapped):
            lines.append(
                _line(*("", "") if number else (when(pair.moment.day), pair.mark), left_line, right_line, side)
            )
    return "\n".join(lines)


def _line(moment: str, mark: str, left: str, right: str, side: int) -> str:
    return f"{moment:<{WHEN}} {mark:1} {left:<{side}}{right}".rstrip()


def totals(left: Iterable[Moment], right: Iterable[Moment], heads: tuple[str, str]) -> list[str]:
    """Visits and days in each place in the two lives, one line a place.

    Args:
        left: a life without the programme.
        right: the same person's life with it.
        heads: what the two worlds are called.

    >>> totals([Moment(2, 9, "ward", stops=(("ward", 7.0),))], [], ("usual care", "with walks"))
    ['ward: 1 visit, 7 days in usual care; none with walks']
    """
    both = [[stop for moment in life for stop in moment.stops] for life in (left, right)]
    places = dict.fromkeys(place for stops in both for place, _ in stops)
    return [
        _total(place, heads, *([days for where, days in stops if where == place] for stops in both)) for place in places
    ]


def _total(place: str, heads: tuple[str, str], left: list[float], right: list[float]) -> str:
    if left == right:
        return f"{place}: {_visited(left)} in both"
    return f"{place}: {_visited(left)} in {heads[0]}; {_visited(right)} {heads[1]}"


def _visited(days: list[float]) -> str:
    spent = f", {length(sum(days))}" if sum(days) > 0 else ""
    return f"{_count(len(days), 'visit', 0)}{spent}" if days else "none"


def lives_in_words(
    scenario: Scenario, arm: str, lives: tuple[Iterable[TraceEntry], Iterable[TraceEntry]], *, columns: int = COLUMNS
) -> str:
    """One person's two lives side by side, with what differs marked and the visits added up.

    Args:
        scenario: gives the names.
        arm: the programme arm.
        lives: the traces of the person in usual care and in the arm.
        columns: width of the text in characters.

    >>> from simulator.scenario.read import EXAMPLE, read_text
    >>> visit = [(3.0, 7, "enters", (0, 3.02)), (3.02, 7, "goes home", 0)]
    >>> print(lives_in_words(read_text(EXAMPLE), "walks", (visit, visit), columns=80).splitlines()[2])
    year 0, day 3          = gp 29 minutes
    """
    names = Names.of(scenario)
    left, right = (tell(entries, names) for entries in lives)
    pairs = side_by_side(left, right)
    differ = sum(pair.mark != SAME for pair in pairs)
    summary = f"{differ} of {_count(len(pairs), 'moment', 0)} in the two lives differ." if differ else NO_DIFFERENCE
    heads = USUAL_CARE, f"with {scenario.arm_title(arm)}"
    return "\n".join([MEANING, in_columns(folded(pairs), heads, columns), "", summary, *totals(left, right, heads)])
