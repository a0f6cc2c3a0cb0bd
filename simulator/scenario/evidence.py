"""Turns what a programme's effect reports into the quantity a run uses: the evidence mode, corrected for optimism.

Claimed figures only may be corrected (never a harm, never twice); c is the correction of the grade, b the reported log
ratio with standard error s, t the bias sd of the grade, N(m, p^2) the scenario's sceptical prior on the log scale:

    grade    ln RR -> (1 - c) ln RR, spread unchanged; changes of utility and benefits x (1 - c); costs x (1 + c)
    shrink   weight w = p^2 / (p^2 + s^2 + t^2); mean m + w (b - m), variance p^2 (1 - w)

Sources: HM Treasury and New Economy (2014), Supporting public service transformation, optimism-bias corrections by
confidence grade; the normal-normal posterior with bias added to the variance, Turner et al. (2009), JRSS A 172: 21-47.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from simulator.errors import RunError
from simulator.scenario.addresses import Path, dotted, walk
from simulator.scenario.tables import EVIDENCE_MODES, Benefit, Effect, EvidenceMode, Programme, Scenario, Support, Table
from simulator.uncertainty.quantity import Number, Quantity, Ratio

SITES = "between_sites"
CLAIMABLE = ("uptake", "drop_out_rate", "volunteers", "early_uplift", "costs", "staff", "length")
"""Parts of a programme whose numbers a run as reported lists: those with a claim, and those without."""
SCORE_95 = 1.959963984540054  # normal score of 97.5 %


def effect_quantity(effect: Effect, scenario: Scenario, mode: EvidenceMode) -> Quantity | None:
    """The quantity of an effect in one evidence mode.

    Args:
        effect: the effect, with the values it states.
        scenario: its sceptical prior and its correction for optimism.
        mode: ``calibrated``, ``claimed`` or ``sceptical``.

    Returns:
        The quantity; None in claimed mode when there is no usable claim: the effect is then absent. Sceptical: the
        effect's own, else the scenario's prior; a change of utility without its own stays calibrated.

    Raises:
        RunError: sceptical mode without any prior, or a correction that lacks the grade or number it needs.

    Source:
        The record of controlled evaluations; see the head of this module for the corrections.

    Example:
        >>> effect = Effect.model_validate({"target": "visits:gp", "calibrated": 0.99})
        >>> print(effect_quantity(effect, None, "claimed"), float(effect_quantity(effect, None, "calibrated")))
        None 0.99
    """
    if mode == "claimed":
        return None if effect.claimed is None else _corrected(effect, effect.claimed, scenario)
    if mode == "calibrated":
        return effect.calibrated
    if effect.sceptical is not None or effect.target == "utility":
        return effect.sceptical or effect.calibrated
    return _prior(scenario)


def benefit_quantity(benefit: Benefit, mode: EvidenceMode) -> Quantity | None:
    """Pounds per starter-year of a stated benefit; None when this mode has none (sceptical takes the calibrated)."""
    return benefit.claimed if mode == "claimed" else benefit.calibrated


def benefit_key(mode: EvidenceMode) -> str:
    """The last part of the path of :func:`benefit_quantity`."""
    return "claimed" if mode == "claimed" else "calibrated"


def correction(quantity: Quantity, scenario: Scenario, mode: EvidenceMode, path: str) -> float:
    """The share by which a grade corrects a figure for optimism: 0 unless claimed mode corrects by grade.

    Args:
        quantity: the figure, with its grade.
        scenario: its ``economics.optimism_by_grade``.
        mode: the evidence mode of the run.
        path: where the figure stands, for the error.

    Returns:
        A share, 0.25 for 25 %, that of the weaker of direction and size; a figure without a grade is a guess, grade 6.

    Raises:
        RunError: a grade without a correction.
    """
    if mode != "claimed" or scenario.economics.optimism != "grade":
        return 0.0
    return _by_grade(quantity, scenario.economics.optimism_by_grade, "economics.optimism_by_grade", path)


def in_mode(scenario: Scenario, mode: EvidenceMode) -> Scenario:
    """The scenario with the figure in circulation for every number of a programme that states one, in claimed mode.

    Effects and benefits have a figure for each mode and stay as they are (:func:`effect_quantity`).

    Args:
        scenario: resolved scenario.
        mode: the evidence mode of the run.

    Example:
        >>> from simulator.scenario.read import read
        >>> changed = read("befriending").with_({"programmes.befriending.uptake": {"value": 0.5, "claimed": 0.9}})
        >>> [float(in_mode(changed, mode).programmes["befriending"].uptake) for mode in ("calibrated", "claimed")]
        [0.5, 0.9]
    """
    if mode != "claimed":
        return scenario
    return scenario.model_copy(update={"programmes": as_reported(scenario.programmes)})


def as_reported(value: Any) -> Any:
    """Tables, lists and numbers with the claim of each number that has one.

    Args:
        value: a table, a quantity, or a dict or tuple of them.
    """
    if isinstance(value, Quantity):
        return value.claimed or value
    if isinstance(value, Table):
        fields = vars(value)  # as a whole: to copy a key is not to depend on it
        changed = {name: as_reported(inner) for name, inner in fields.items()}
        new = {name: inner for name, inner in changed.items() if inner is not fields[name]}
        return value.model_copy(update=new) if new else value
    if isinstance(value, dict):
        named = {key: as_reported(inner) for key, inner in value.items()}
        return value if all(named[key] is value[key] for key in value) else named
    if isinstance(value, tuple):
        listed = tuple(map(as_reported, value))
        return value if all(a is b for a, b in zip(listed, value, strict=True)) else listed
    return value


def unclaimed(scenario: Scenario, programmes: tuple[str, ...]) -> tuple[str, ...]:
    """Paths of the effects and benefits of some programmes that no one has put a usable figure on: they are absent."""
    return tuple(
        f"programmes.{name}.{kind}.{label}"
        for name in programmes
        for kind in ("effects", "benefits")
        for label, stated in getattr(scenario.programmes[name], kind).items()
        if stated.claimed is None
    )


def claims(scenario: Scenario, programmes: tuple[str, ...]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Paths of the numbers of some programmes that a run as reported takes as claimed, and of those without a claim.

    Args:
        scenario: resolved scenario.
        programmes: whose numbers; those that nobody claims keep their calibrated value.

    Example:
        >>> from simulator.scenario.read import read
        >>> claimed, calibrated = claims(read("age_uk"), ("age_uk",))
        >>> "programmes.age_uk.effects.emergency" in claimed, "programmes.age_uk.uptake" in calibrated
        (True, True)
    """
    claimed: list[str] = []
    calibrated: list[str] = []
    for name in programmes:
        programme = scenario.programmes[name]
        for kind in ("effects", "benefits"):
            labels = [label for label, stated in getattr(programme, kind).items() if stated.claimed is not None]
            claimed += [f"programmes.{name}.{kind}.{label}" for label in labels]
        for path, quantity in _within(programme):
            if path[0] in CLAIMABLE:
                (calibrated if quantity.claimed is None else claimed).append(f"programmes.{name}.{dotted(path)}")
    return tuple(claimed), tuple(calibrated)


def site_path(name: str, programme: Programme, mode: EvidenceMode) -> str | None:
    """The path of a programme's spread between places; None where it states none, or no ratio for it to act on.

    Args:
        name: the programme's name.
        programme: the programme.
        mode: the evidence mode of the run: an effect without a claim is absent.
    """
    ratios = (e for e in programme.effects.values() if e.target != "utility" and (mode != "claimed" or e.claimed))
    return f"programmes.{name}.{SITES}" if programme.between_sites is not None and any(ratios) else None


def site_exponent(effect: Effect, scenario: Scenario) -> int:
    """How a place's factor acts on an effect: 1; -1 on recovery, since more of it is better; 0 on quality of life."""
    if effect.target == "utility":
        return 0
    return -1 if _is_recovery(effect, scenario) else 1


def active_quantities(scenario: Scenario, mode: EvidenceMode) -> dict[str, Quantity]:
    """The uncertain quantities that can matter in one evidence mode.

    Args:
        scenario: resolved scenario.
        mode: the evidence mode of the run.

    Returns:
        Quantities by dotted path. An effect has one, at `...effects.NAME.MODE`, whatever it falls back on; values of
        other modes, programmes in no arm and the prior itself are left out.

    Raises:
        RunError: as :func:`effect_quantity`.
    """
    return {path: quantity for path, quantity in mode_quantities(scenario, mode).items() if quantity.is_uncertain}


def active_groups(scenario: Scenario, mode: EvidenceMode) -> dict[str, float]:
    """The correlations of the groups that :func:`active_quantities` has members of."""
    used = {quantity.group for quantity in active_quantities(scenario, mode).values()}
    return {group: correlation for group, correlation in scenario.correlations.items() if group in used}


def mode_quantities(scenario: Scenario, mode: EvidenceMode) -> dict[str, Quantity]:
    """As :func:`active_quantities`, fixed quantities included."""
    scenario = in_mode(scenario, mode)
    outside = {"programmes", "supports", "evidence"}
    common = {dotted(path): q for path, q in _within(scenario) if path[0] not in outside}
    return common | dict(_supports_quantities(scenario, mode))


def _supports_quantities(scenario: Scenario, mode: EvidenceMode) -> Iterator[tuple[str, Quantity]]:
    for name, (root, support) in scenario.all_supports(in_arms=True).items():
        stated: set[Path] = {(kind, label) for kind in ("effects", "benefits") for label in getattr(support, kind)}
        if isinstance(support, Programme) and site_path(name, support, mode) is None:
            stated.add((SITES,))
        for path, quantity in _within(support):
            if path[:2] not in stated:
                yield f"{root}.{dotted(path)}", quantity
        for label, effect in support.effects.items():
            yield from _effect_quantities(effect, scenario, mode, f"{root}.effects.{label}")
        for label, benefit in support.benefits.items():
            chosen = benefit_quantity(benefit, mode)
            if chosen is not None:
                yield f"{root}.benefits.{label}.{benefit_key(mode)}", chosen


def _effect_quantities(
    effect: Effect, scenario: Scenario, mode: EvidenceMode, root: str
) -> Iterator[tuple[str, Quantity]]:
    chosen = effect_quantity(effect, scenario, mode)
    if chosen is None:
        return
    yield f"{root}.{mode}", chosen
    yield from ((f"{root}.{dotted(path)}", q) for path, q in _within(effect) if path[0] not in EVIDENCE_MODES)


def _within(table: Scenario | Support | Effect) -> Iterator[tuple[Path, Quantity]]:
    yield from ((inner, item) for inner, item in walk(table) if isinstance(item, Quantity))


# ---------------------------------------------------------------------------------- correction of a claim


def _corrected(effect: Effect, claimed: Quantity, scenario: Scenario) -> Quantity:
    kind = scenario.economics.optimism
    if kind == "none" or _is_harm(effect, claimed, scenario):
        return claimed
    if kind == "grade":
        return _lessened(effect, claimed, correction(claimed, scenario, "claimed", f"the claim on {effect.target}"))
    return claimed if effect.target == "utility" else _shrunk(effect, claimed, scenario)


def _is_harm(effect: Effect, claimed: Quantity, scenario: Scenario) -> bool:
    """A fall of utility, a slower recovery, or more of anything else."""
    if effect.target == "utility":
        return float(claimed) < 0
    return float(claimed) < 1 if _is_recovery(effect, scenario) else float(claimed) > 1


def _is_recovery(effect: Effect, scenario: Scenario) -> bool:
    kind, _, name = effect.target.partition(":")
    if kind != "health":
        return False
    move, states = scenario.health.moves[name], scenario.health.states
    return states.index(move.to) < states.index(move.from_)


def _lessened(effect: Effect, claimed: Quantity, share: float) -> Quantity:
    if effect.target == "utility":
        return _times(Number, claimed, 1 - share)
    return _times(Ratio, claimed, float(claimed) ** -share)


def _times(kind: type[Quantity], quantity: Quantity, factor: float) -> Quantity:
    written = quantity.model_dump(exclude_none=True)
    for key in ("value", "se"):
        if key in written:
            written[key] = written[key] * factor
    for key in ("ci95", "ci80", "range", "sample"):
        if key in written:
            written[key] = tuple(x * factor for x in written[key])
    return kind.model_validate(written)


def _shrunk(effect: Effect, claimed: Quantity, scenario: Scenario) -> Quantity:
    prior = _prior(scenario)
    table = {} if scenario.evidence is None else scenario.evidence.bias_sd_by_grade
    bias_sd = _by_grade(claimed, table, "evidence.bias_sd_by_grade", f"the claim on {effect.target}")
    noise = _log_sd(claimed) ** 2 + bias_sd**2
    weight = _log_sd(prior) ** 2 / (_log_sd(prior) ** 2 + noise) if noise > 0 else 1.0
    mean = math.log(float(prior)) + weight * math.log(float(claimed) / float(prior))
    reach = SCORE_95 * _log_sd(prior) * math.sqrt(1 - weight)
    told = {key: getattr(claimed, key) for key in ("source", "supports", "grade", "why", "unit", "group")}
    spread = {"ci95": (math.exp(mean - reach), math.exp(mean + reach))} if reach > 0 else {}
    return Ratio.model_validate({"value": math.exp(mean), **spread, **told})


def _log_sd(quantity: Quantity) -> float:
    if not quantity.is_uncertain:
        return 0.0
    low, high = np.log(quantity.at([0.025, 0.975]))
    return float(high - low) / (2 * SCORE_95)


def _prior(scenario: Scenario) -> Quantity:
    if scenario.evidence is None:
        raise RunError("evidence.sceptical: found nothing; allowed a ratio: the record of similar programmes")
    return scenario.evidence.sceptical


def _by_grade(quantity: Quantity, table: dict[str, float], name: str, path: str) -> float:
    grade = str(quantity.evidence_grade)
    if grade not in table:
        raise RunError(f"{name}: found nothing for grade {grade} of {path}; allowed a number for each grade")
    return table[grade]
