"""Effects of programmes as factors on clocks, routes and stays.

An effect declared on an *observed total* (visits, emergency entries, days) is turned into the factors
that meet all totals of a programme together. With R_P the ratio declared for place P:

    needs that go to P            R_P
    routes from Q to P            R_P / R_Q       (R_Q declared, or what falls or rises upstream implies)
    length of stay in P           R_days / R_P    (R_P declared, or what falls or rises upstream imply)

so -29 % A&E attendances and -47 % hospital days give -47 % days, not -62 %. Where effects act on some groups of
people alone, this is done for each set of people on whom the same effects act. A programme's spread between places is
one factor of the place on every ratio that it declares, and so comes and goes with the weight of each effect.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from simulator.model.groups import Kinds
from simulator.model.model import EFFECT, SYNERGY, Basis, Table, Target
from simulator.model.values import Values
from simulator.scenario.evidence import SITES, effect_quantity, site_exponent
from simulator.scenario.tables import Effect, EvidenceMode, Programme, Scenario, Support

TOTALS = ("visits", "emergency")
Flow: TypeAlias = Callable[[dict[str, float]], dict[str, float]]
"""From declared ratios of entries by place to the ratio of entries of every place."""


@dataclass(frozen=True)
class Factor:
    """One elementary factor: a log ratio on one target with the timing of its effect."""

    target: Target
    subject: int
    ln_ratio: float
    emergency_only: bool = False


@dataclass(frozen=True)
class Names:
    """Numbers of everything an effect can act on."""

    clocks: dict[str, int]
    places: tuple[str, ...]
    routes: dict[tuple[str, str], int]  # place and route
    supports: tuple[str, ...]


@dataclass
class Effects:
    """Collects effect rows, profile steps, synergies and the utility effects."""

    scenario: Scenario
    values: Values
    names: Names
    evidence: EvidenceMode
    flow: Flow
    kinds: Kinds
    rows: list[tuple[float, ...]] = field(default_factory=list)
    step_until: list[float] = field(default_factory=list)
    step_weight: list[float] = field(default_factory=list)
    kinds_of: list[NDArray[np.bool_]] = field(default_factory=list)  # [row][kind] on whom each acts
    uplifts: set[int] = field(default_factory=set)
    utility: list[int] = field(default_factory=list)
    utility_names: list[str] = field(default_factory=list)

    def add_all(self) -> None:
        """Every effect and early uplift of every support."""
        for number, (name, (path, support)) in enumerate(self.scenario.all_supports().items()):
            acting = self._acting(support, self._declared(path, support))
            for label, effect in support.effects.items():
                if effect.target == "utility":  # counted in every mode, valued in some
                    self._add_utility(number, f"{name}.{label}", f"{path}.effects.{label}", effect)
                    continue
                for (_, timed, factor), kinds in self._by_kind(label, acting, support).items():
                    self._append(number, f"{path}.effects.{timed}", support.effects[timed], factor, kinds)
            self._add_uplift(number, path, support)

    def _declared(self, path: str, support: Support) -> dict[str, float]:
        """What each effect says in this evidence mode, row and place; an effect without a claim is absent."""
        said, site = {}, self._site(path, support)
        for label, effect in support.effects.items():
            quantity = effect_quantity(effect, self.scenario, self.evidence)
            if quantity is not None:
                stated = self.values.of(f"{path}.effects.{label}.{self.evidence}", quantity)
                said[label] = stated * site ** site_exponent(effect, self.scenario)
        return said

    def _site(self, path: str, support: Support) -> float:
        """The place's own factor on the ratios of a programme; 1 where no spread is stated."""
        spread = support.between_sites if isinstance(support, Programme) else None
        return self.values.of(f"{path}.{SITES}", spread, 1.0)

    def _add_utility(self, support: int, name: str, path: str, effect: Effect) -> None:
        self.utility.append(len(self.rows))
        self.utility_names.append(name)
        factor = Factor(Target.UTILITY, len(self.utility) - 1, 0.0)
        self._append(support, path, effect, factor, self.kinds.among(effect.groups))

    def _acting(self, owner: Support, declared: dict[str, float]) -> list[tuple[dict[str, float], NDArray[np.bool_]]]:
        """What is declared for each set of people on whom the same effects act, and which kinds they are."""
        on = np.array([self.kinds.among(owner.effects[label].groups) for label in declared], dtype=np.bool_)
        if on.all():
            return [(declared, self.kinds.among({}))]
        sets, which = np.unique(on.reshape(-1, self.kinds.count), axis=1, return_inverse=True)
        return [
            ({label: declared[label] for label, acts in zip(declared, some, strict=True) if acts}, which == number)
            for number, some in enumerate(sets.T)
        ]

    def _by_kind(
        self, label: str, acting: list[tuple[dict[str, float], NDArray[np.bool_]]], owner: Support
    ) -> dict[tuple[int, str, Factor], NDArray[np.bool_]]:
        """Which kinds each elementary factor of an effect acts on; with its place in line and the effect it follows."""
        found: dict[tuple[int, str, Factor], NDArray[np.bool_]] = {}
        for declared, kinds in acting:
            if label in declared:
                for position, (timed, factor) in enumerate(self._factors(label, declared, owner)):
                    key = (position, timed, factor)
                    found[key] = found[key] | kinds if key in found else kinds
        return found

    def _factors(self, label: str, declared: dict[str, float], owner: Support) -> Iterator[tuple[str, Factor]]:
        """Elementary factors of one effect, each with the effect whose timing it follows."""
        effect = owner.effects[label]
        kind, _, subject = effect.target.partition(":")
        ln, own = effect.adjust * math.log(declared[label]), label
        match kind:
            case "need":
                yield own, Factor(Target.CLOCK, self.names.clocks[f"need:{subject}"], ln)
            case "health":
                yield own, Factor(Target.CLOCK, self.names.clocks[f"health:{subject}"], ln)
            case "death":
                yield own, Factor(Target.CLOCK, self.names.clocks["death"], ln)
            case "flares":
                yield own, Factor(Target.CLOCK, self.names.clocks["flare"], ln)
            case "route":
                place, _, route = subject.partition(".")
                yield own, Factor(Target.ROUTE, self.names.routes[place, route], ln)
            case "stay":
                yield own, Factor(Target.STAY, self.names.places.index(subject), ln)
            case "uptake":
                yield own, Factor(Target.UPTAKE, self.names.supports.index(subject), ln)
            case "visits" | "emergency":
                yield from self._total(own, ln, subject, kind == "emergency", declared, owner)
            case _:
                yield from self._days(own, ln, subject, declared, owner)

    def _total(
        self,
        own: str,
        ln: float,
        place: str,
        emergency: bool,
        declared: dict[str, float],
        owner: Support,
    ) -> Iterator[tuple[str, Factor]]:
        scenario = self.scenario
        for name, need in scenario.needs.items():
            is_emergency = need.emergency or scenario.places[need.goes_to].emergency
            if need.goes_to == place and (is_emergency or not emergency):
                yield own, Factor(Target.CLOCK, self.names.clocks[f"need:{name}"], ln)
        for (source, label), number in self.names.routes.items():
            if scenario.places[source].routes[label].to != place:
                continue
            yield own, Factor(Target.ROUTE, number, ln, emergency)
            upstream = _total_on(source, declared, owner)
            if upstream is not None:
                yield upstream, Factor(Target.ROUTE, number, -math.log(declared[upstream]), emergency)
            else:
                follows = self.flow(_totals(declared, owner))[source]
                yield own, Factor(Target.ROUTE, number, -math.log(follows), emergency)

    def _days(
        self, own: str, ln: float, place: str, declared: dict[str, float], owner: Support
    ) -> Iterator[tuple[str, Factor]]:
        number = self.names.places.index(place)
        entries = _total_on(place, declared, owner)
        emergency = entries is not None and owner.effects[entries].target.startswith("emergency")
        if entries is not None:
            yield own, Factor(Target.STAY, number, ln, emergency)
            yield entries, Factor(Target.STAY, number, -math.log(declared[entries]), emergency)
            return
        yield own, Factor(Target.STAY, number, ln - math.log(self.flow(_totals(declared, owner))[place]))

    def _append(self, support: int, path: str, timing: Effect, factor: Factor, kinds: NDArray[np.bool_]) -> None:
        values = self.values
        self.kinds_of.append(kinds)
        first, steps = len(self.step_until), len(timing.profile)
        at_least, at_most = self._lasts(path, timing)
        self.step_until += [step.until_days for step in timing.profile]
        self.step_weight += [step.weight for step in timing.profile]
        self.rows.append(
            (
                support,
                Basis[timing.measured_on.upper()],
                factor.target,
                factor.subject,
                factor.emergency_only,
                factor.ln_ratio,
                values.of(f"{path}.delay_days", timing.delay_days),
                values.of(f"{path}.ramp_days", timing.ramp_days),
                values.of(f"{path}.half_life_days", timing.half_life_days),
                at_least,
                at_most,
                first,
                steps,
                min((0.0, *(step.weight for step in timing.profile))),
                max((0.0, *(step.weight for step in timing.profile))) if timing.profile else 1.0,
            )
        )

    def _lasts(self, path: str, timing: Effect) -> tuple[float, float]:
        """Days that an effect lasts from its start, at least and at most: its window, or its profile at least."""
        window = self.values.of(f"{path}.window_days", timing.window_days, math.inf)
        measured = timing.profile[-1].until_days if timing.profile else 0.0
        whatever_happens = measured if timing.window_days is None else window
        return (0.0 if timing.measured_on == "active" else whatever_happens), window

    def _add_uplift(self, support: int, path: str, owner: Support) -> None:
        """Early uplift: a weight of 1 for the first days of enrolment, then 0."""
        if (early := owner.early_uplift) is None:
            return
        ln = math.log1p(self.values.of(f"{path}.early_uplift.uplift", early.uplift))
        for need in early.needs:
            first = len(self.step_until)
            self.step_until += [early.days, np.inf]
            self.step_weight += [1.0, 0.0]
            clock = self.names.clocks[f"need:{need}"]
            self.uplifts.add(len(self.rows))
            self.kinds_of.append(self.kinds.among({}))
            timing = (0.0, 0.0, 0.0, 0.0, math.inf)
            self.rows.append((support, Basis.ACTIVE, Target.CLOCK, clock, 0, ln, *timing, first, 2, 0.0, 1.0))

    def table(self) -> Table:
        """All effects."""
        return np.array(self.rows, dtype=EFFECT)

    def synergies(self) -> Table:
        """Pair terms: on every need, and for a total on every route, that both programmes act on with this target."""
        rows: list[tuple[float, ...]] = []
        for label, pair in self.scenario.synergies.items():
            ln = self.values.of(f"synergies.{label}.log_ratio", pair.log_ratio)
            first, second = (self._effects_of(name, pair.target) for name in pair.between)
            for on in (on for on in first if on in second):
                both = [(e, f) for e in first[on] for f in second[on] if (self.kinds_of[e] & self.kinds_of[f]).any()]
                rows += [(e, f, *on, ln) for e, f in both]
        return np.array(rows, dtype=SYNERGY)

    def _effects_of(self, programme: str, target: str) -> dict[tuple[int, int], list[int]]:
        """The programme's own effect rows on each need or route of a target: for each kind its first, which counts."""
        kind, _, subject = target.partition(":")
        number, scenario = self.names.supports.index(programme), self.scenario
        wanted = {
            (int(Target.CLOCK), self.names.clocks[f"need:{name}"])
            for name, need in scenario.needs.items()
            if (kind in TOTALS and need.goes_to == subject) or (kind == "need" and name == subject)
        }
        for (source, label), route in self.names.routes.items():
            if kind in TOTALS and scenario.places[source].routes[label].to == subject:
                wanted.add((int(Target.ROUTE), route))
        own: dict[tuple[int, int], list[int]] = {}
        for i, row in enumerate(self.rows):
            on = (int(row[2]), int(row[3]))
            if row[0] == number and on in wanted and i not in self.uplifts:
                before = own.setdefault(on, [])
                if not any((self.kinds_of[i] & self.kinds_of[e]).any() for e in before):
                    before.append(i)
        return own

    def by_clock(self, clocks: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Effects on each clock as compressed rows: starts [clock + 1] and effect numbers."""
        lists = [
            [i for i, row in enumerate(self.rows) if row[2] == Target.CLOCK and row[3] == k] for k in range(clocks)
        ]
        starts = np.cumsum([0, *(len(some) for some in lists)])
        order = np.array([e for some in lists for e in some], dtype=np.int64)
        return starts.astype(np.int64), order


def _totals(declared: dict[str, float], owner: Support) -> dict[str, float]:
    """Ratios of entries that this programme declares, by place."""
    targets = {label: owner.effects[label].target.partition(":") for label in declared}
    return {place: declared[label] for label, (kind, _, place) in targets.items() if kind in TOTALS}


def _total_on(place: str, declared: dict[str, float], owner: Support) -> str | None:
    """The effect of this programme that declares a total of entries to the place, if any."""
    for label in declared:
        kind, _, subject = owner.effects[label].target.partition(":")
        if kind in TOTALS and subject == place:
            return label
    return None


def flow_ratios(into: NDArray[np.float64], share: NDArray[np.float64], places: tuple[str, ...]) -> Flow:
    """How entries to every place change when some places' totals are set: a linear flow balance.

    Args:
        into: yearly needs that go straight to each place.  # [place]
        share: share of those leaving a place who go on to another.  # [from, to]
        places: their names.

    Returns:
        A function from declared ratios of entries by place to the ratio of entries of every place.
    """
    usual = np.linalg.solve(np.eye(len(places)) - share.T, into)

    def ratios(declared: dict[str, float]) -> dict[str, float]:
        held = [places.index(name) for name in declared]
        system, right = np.eye(len(places)) - share.T, into.copy()
        for number, name in zip(held, declared, strict=True):
            system[number] = np.eye(len(places))[number]
            right[number] = declared[name] * usual[number]
        entries = np.linalg.solve(system, right)
        return {name: float(entries[i] / usual[i]) if usual[i] > 0 else 1.0 for i, name in enumerate(places)}

    return ratios
