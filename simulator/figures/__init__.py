"""Turns findings into pictures for a business case: each title says what this run found. Nothing is calculated here.

Every figure takes findings (or a run) and the arm it is about, and gives back its axes, so that it can be a picture of
its own or a part of the analyst's.
"""

from __future__ import annotations

from simulator.figures.catalogue import FIGURES, draw, save_all
from simulator.figures.distribution import npv_distribution
from simulator.figures.fan import savings_fan
from simulator.figures.illusion import before_after
from simulator.figures.payback import payback_curve
from simulator.figures.payers import saving_by_payer
from simulator.figures.style import alt_text, save

__all__ = [
    "FIGURES",
    "alt_text",
    "before_after",
    "draw",
    "npv_distribution",
    "payback_curve",
    "save",
    "save_all",
    "saving_by_payer",
    "savings_fan",
]
