"""The weakest evidence that matters most: the lowest-graded number behind a programme's effects, costs and benefits.

Of several with the lowest grade it is the one that moves the result most: whose rank correlation with the discounted
net saving to the public purse, over the rows of the design, is largest in absolute value (Spearman 1904).
"""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from simulator.findings.finding import Finding
from simulator.money.account import Account
from simulator.scenario.addresses import keys_of
from simulator.scenario.evidence import mode_quantities
from simulator.scenario.tables import EVIDENCE_MODES, Scenario
from simulator.uncertainty.quantity import Quantity
from simulator.uncertainty.ranges import row_means

if TYPE_CHECKING:
    from simulator.findings.arm import ArmFindings

GRADE_WORDS = {
    1: "UK randomised trial",
    2: "other trial or matched control",
    3: "independent before and after, or older national statistics",
    4: "practitioner monitoring",
    5: "secondary evidence",
    6: "expert guess",
}
SOURCE_CHARACTERS = 100


@dataclass(frozen=True)
class WeakEvidence:
    """The weakest quantity behind a programme's figures: grade None is a number without a stated grade.

    Of several with the lowest grade it is the one whose rank correlation with the net saving is largest.
    """

    path: str
    grade: int | None
    source: str  # or why this value, where there is no source
    words: str = ""  # what it is, without a path


def weakest(account: Account, scenario: Scenario, arm: str) -> WeakEvidence | None:
    """The lowest-graded quantity of the programmes' effects, costs and benefits; of equals the one that moves most.

    Args:
        account: the money, with the design it was priced with.
        scenario: where the quantities stand.
        arm: a programme arm.

    Returns:
        The first without a grade where none states one; None where there is no quantity at all.

    Example:
        >>> from simulator.money.account import account_of
        >>> from simulator.scenario.read import read
        >>> account = account_of({"usual care": {"care nhs": [1]}, "befriending": {"care nhs": [1]}})
        >>> weakest(account, read("befriending"), "befriending").grade
        6
    """
    kinds = ("effects", "costs", "benefits")
    inside = tuple(f"programmes.{name}.{kind}." for name in scenario.all_arms()[arm] for kind in kinds)
    quantities = {
        path: quantity
        for path, quantity in mode_quantities(scenario, account.evidence).items()
        if path.startswith(inside)
    }
    lowest = max((quantity.grade for quantity in quantities.values() if quantity.grade is not None), default=None)
    weak = [path for path, quantity in quantities.items() if quantity.grade == lowest]
    if not weak:
        return None
    path = weak[0] if lowest is None else max(weak, key=lambda path: influence(account, scenario, arm, path))
    return _weak(scenario, path, quantities[path])


def _weak(scenario: Scenario, path: str, quantity: Quantity) -> WeakEvidence:
    _, name, kind, label, *inner = keys_of(path)
    part = " ".join(key for key in inner if key not in (*EVIDENCE_MODES, "amount")).replace("_", " ")
    title = scenario.programmes[name].title or name.replace("_", " ")
    words = f"the {kind.removesuffix('s')} “{label.replace('_', ' ')}” of {title}{f' ({part})' if part else ''}"
    return WeakEvidence(path, quantity.grade, quantity.source or quantity.why or "", words)


def influence(account: Account, scenario: Scenario, arm: str, path: str) -> float:
    """Absolute rank correlation of a quantity with the net saving over the rows; 0 for what does not vary."""
    design = account.design
    if design is None or path not in design.names or len(design) < 2 or _is_of_utility(scenario, path):
        return 0.0
    saved = row_means(account.discounted(account.public_saving(arm)), account.people)
    ranks = [column.argsort().argsort() for column in (design.values[:, design.names.index(path)], saved)]
    return abs(float(np.asarray(np.corrcoef(ranks))[0, 1]))


def _is_of_utility(scenario: Scenario, path: str) -> bool:
    """Whether a quantity of a programme acts on quality of life alone, and so on no pound."""
    _, name, kind, label, *_ = keys_of(path)
    return kind == "effects" and scenario.programmes[name].effects[label].target == "utility"


def sentences(arm: ArmFindings) -> Sequence[str]:
    """What the weakest evidence is, and how weak."""
    if arm.weakest is None:
        return ("Weakest evidence: the programme states no effect and no cost.",)
    if arm.weakest.grade is None:
        return (f"Weakest evidence: no figure of the programme states a grade (first: {arm.weakest.words}).",)
    grade, words = arm.weakest.grade, GRADE_WORDS[arm.weakest.grade]
    source = arm.weakest.source.removeprefix(words).lstrip(",:; ")
    source = textwrap.shorten(source, SOURCE_CHARACTERS, placeholder=" ...")
    because = f": {source}" if source else ""
    return (f"Weakest evidence that matters most: {arm.weakest.words}, grade {grade} of 6 ({words}{because}).",)


def notes(arm: ArmFindings) -> Sequence[str]:
    """The effects that nobody has put a usable figure on, where claims are taken."""
    if not arm.unclaimed:
        return ()
    effects = ", ".join(f"“{keys_of(path)[-1].replace('_', ' ')}”" for path in arm.unclaimed)
    return (f"{arm.title}: nobody has put a usable figure on the effects {effects}, so they are absent",)


WEAKEST = Finding(sentences=sentences, notes=notes)
