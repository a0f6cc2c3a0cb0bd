"""Figures say what the run found, in numbers that are in the findings, and repeat to the last byte."""

from __future__ import annotations

import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.legend import Legend
from matplotlib.patches import Rectangle
from village import village_run

from simulator import figures
from simulator.errors import RunError
from simulator.figures.fig04_saving_by_payer import MOST, OTHER
from simulator.figures.style import short_pounds
from simulator.findings.finding import chance, complement, net_give_or_take, pounds

NOTHING = ("programmes.walks.effects={}", "programmes.walks.costs={}")
NOBODY = ("programmes.walks.uptake=0.0",)
TWO_ARMS = ('arms={walks = ["walks"], "walks again" = ["walks"]}',)
EVERY = pytest.mark.parametrize("name", figures.FIGURES)


def drawn(name: str, *sets: str) -> Figure:
    return figures.draw(name, village_run(*sets))


def legend_of(axes: Axes) -> Legend:
    legend = axes.get_legend()
    assert legend is not None
    return legend


def bars_of(axes: Axes) -> list[Rectangle]:
    return [patch for patch in axes.patches if isinstance(patch, Rectangle)]


@EVERY
def test_the_same_findings_give_the_same_bytes(name: str, tmp_path: Path) -> None:
    first = figures.save(drawn(name), tmp_path / "a" / name)
    again = figures.save(drawn(name), tmp_path / "b" / name)
    assert [file.suffix for file in first] == [".png", ".svg"]
    for one, other in zip(first, again, strict=True):
        assert one.read_bytes() == other.read_bytes()


@EVERY
@pytest.mark.parametrize("sets", [(), NOTHING, NOBODY], ids=["walks", "nothing changes", "nobody starts"])
def test_every_figure_can_be_drawn_and_said(name: str, sets: tuple[str, ...]) -> None:
    figure = drawn(name, *sets)
    told = figures.alt_text(figure)
    assert figure.get_suptitle().replace("\n", " ") in told
    assert figure.get_suptitle().startswith("Walks: ")
    assert not re.search(r"\bnan\b|\binf\b|None", told)


@EVERY
def test_titles_and_notes_stay_inside_the_picture(name: str) -> None:
    figure = drawn(name)
    figure.draw_without_rendering()
    width, height = figure.get_size_inches() * figure.dpi
    for text in (*figure.texts, *figure.axes[0].texts):
        box = text.get_window_extent()
        assert not text.get_visible() or (box.x0 >= 0 and box.x1 <= width and box.y0 >= 0 and box.y1 <= height), text


@EVERY
def test_texts_around_the_axes_do_not_overlap(name: str) -> None:
    figure = drawn(name)
    figure.draw_without_rendering()
    axes = figure.axes[0]
    boxes = [text.get_window_extent() for text in figure.texts]  # the title among them
    boxes += [axes.bbox, axes.xaxis.label.get_window_extent(), legend_of(axes).get_window_extent()]
    for i, one in enumerate(boxes):
        assert not any(one.overlaps(other) for other in boxes[i + 1 :])


@EVERY
def test_axes_of_the_analyst_are_drawn_on(name: str) -> None:
    figure = Figure()
    left, right = figure.subplots(1, 2)
    assert figures.FIGURES[name](village_run(), ax=right) is right
    assert right.get_title(loc="left").startswith("Walks: ")
    assert not left.has_data()


def test_the_fan_is_the_cumulative_discounted_saving_of_the_public_purse() -> None:
    view = village_run().findings().arms[0].view()
    axes = figures.savings_fan(village_run())
    mean = next(line for line in axes.lines if line.get_label() == "mean")
    np.testing.assert_array_equal(mean.get_ydata(), [0.0, *view.discounted.place.mean])
    assert net_give_or_take(view.npv.place) in axes.figure.get_suptitle().replace("\n", " ")
    labels = [text.get_text() for text in legend_of(axes).texts]
    assert labels == ["95 % of futures", "80 % of futures", "mean", "mean, cash only", "funding period"]


def test_the_funding_period_ends_when_the_money_does() -> None:
    axes = figures.savings_fan(village_run())
    shade = next(patch for patch in bars_of(axes) if patch.get_label() == "funding period")
    assert (shade.get_x(), shade.get_width()) == (0.0, 2.0)


def test_the_bars_of_the_distribution_add_up_to_every_future() -> None:
    axes = figures.npv_distribution(village_run())
    assert sum(bar.get_height() for bar in bars_of(axes)) == pytest.approx(1)


def test_no_bar_of_the_distribution_straddles_zero() -> None:
    axes = figures.npv_distribution(village_run())
    width = bars_of(axes)[0].get_width()
    inside = [bar for bar in bars_of(axes) if bar.get_x() < -1e-9 * width and bar.get_x() + width > 1e-6 * width]
    assert not inside


def test_the_payback_title_counts_the_futures_that_never_pay_back() -> None:
    payback = village_run().findings().arms[0].view().payback
    axes = figures.payback_curve(village_run())
    title = axes.figure.get_suptitle().replace("\n", " ")
    rarely = float(payback.p_never.value) < 0.5
    words = chance(complement(payback.p_never) if rarely else payback.p_never)
    assert title == f"Walks: in {words} it has {'' if rarely else 'not '}paid back by the end of year 4"


@pytest.mark.parametrize(("name", "sets"), [
    *((name, NOTHING) for name in ("savings_fan", "npv_distribution", "payback_curve", "saving_by_payer")),
    ("before_after", NOBODY),
])  # fmt: skip
def test_a_picture_with_nothing_to_show_says_so_in_words(name: str, sets: tuple[str, ...]) -> None:
    axes = drawn(name, *sets).axes[0]
    assert not axes.axison and not axes.lines and not axes.patches
    said = [text.get_text() for text in axes.texts if text.get_visible()]
    assert len(said) == 1 and re.search(r"\bno\b|nobody", said[0])


@pytest.mark.parametrize("name", ["savings_fan", "payback_curve", "saving_by_payer"])
def test_years_are_called_by_their_names_under_the_axis(name: str) -> None:
    plain, dated = (drawn(name, *sets).axes[0] for sets in ((), ('horizon.first_year="2026/27"',)))
    ticks = [[label.get_text() for label in axes.get_xticklabels()] for axes in (plain, dated)]
    assert ticks == [["0", "1", "2", "3", "4"], ["2026/27", "2027/28", "2028/29", "2029/30", "2030/31"]]
    assert dated.get_xlabel().lower().endswith("financial year")


def test_no_investment_is_said_to_be_none() -> None:
    assert "no investment" in drawn("payback_curve", *NOTHING).get_suptitle()


def test_at_most_four_payers_and_the_others() -> None:
    axes = figures.saving_by_payer(village_run())
    labels = [text.get_text() for text in legend_of(axes).texts]
    assert labels[0] == "net of all"
    assert len(labels) <= 1 + MOST + 1
    assert labels[-1] == OTHER or len(labels) <= 1 + MOST


def test_the_payer_who_loses_most_is_in_the_title() -> None:
    arm = village_run().findings().arms[0]
    loser = min(arm.payer_views(), key=lambda view: float(view.npv.mean))
    assert f"({pounds(float(loser.npv.mean))})" in drawn("saving_by_payer").get_suptitle()


def test_a_title_says_that_nobody_saves_in_so_many_words() -> None:
    dear = drawn("saving_by_payer", "prices={}", "cash={}").get_suptitle().replace("\n", " ")
    assert dear.endswith("and nobody saves") and "falls on Council" in dear


def test_what_is_nearly_certain_is_not_drawn_as_certain() -> None:
    findings = village_run().findings()
    view = findings.arms[0].view()
    nearly = replace(view.payback, p_never=replace(view.payback.p_never, value=np.asarray(0.9988)))
    arm = replace(findings.arms[0], views=(replace(view, payback=nearly), *findings.arms[0].views[1:]))
    axes = figures.payback_curve(replace(findings, arms=(arm,)))
    assert any(text.get_text().endswith("over 99 %") for text in axes.texts if text.get_visible())


def test_the_bars_of_a_year_add_up_to_the_net_of_all() -> None:
    axes = figures.saving_by_payer(village_run())
    heights = np.array([[bar.get_height() for bar in bars] for bars in axes.containers])
    net_line = next(line for line in axes.lines if line.get_label() == "net of all")
    np.testing.assert_allclose(heights.sum(axis=0), np.asarray(net_line.get_ydata()), atol=1e-6)


def test_the_illusion_shows_naive_and_true_of_the_same_people() -> None:
    entries = {e.measure: e for e in village_run().findings().arms[0].before_after if e.who == "starters"}
    told = figures.alt_text(drawn("before_after"))
    assert "hospital admissions" in told and "A&E attendances" in told
    assert "visits:inpatient" in entries


def test_short_visits_are_not_shown_twice() -> None:
    from simulator.figures.fig05_before_after import measures

    shown = [entry.measure for entry in measures(village_run().findings().arms[0])]
    assert "days:gp" not in shown and "emergency:ae" not in shown and "days:inpatient" in shown


def test_several_arms_have_files_of_their_own(tmp_path: Path) -> None:
    files = figures.save_all(village_run(*TWO_ARMS, rows=2), tmp_path, ["savings_fan"])
    names = [file.name for file in files]
    assert names == [f"savings_fan_{arm}.{kind}" for arm in ("walks", "walks_again") for kind in ("png", "svg")]


def test_an_unknown_figure_is_refused_with_the_nearest_name() -> None:
    with pytest.raises(RunError, match="did you mean savings_fan"):
        figures.draw("saving_fan", village_run())


def test_an_unknown_arm_is_refused() -> None:
    with pytest.raises(KeyError, match="walks"):
        figures.savings_fan(village_run(), "swims")


def test_figures_never_touch_pyplot() -> None:
    code = "import sys, simulator.figures; sys.exit('matplotlib.pyplot' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_svg_and_png_carry_the_alt_text(tmp_path: Path) -> None:
    png, svg = figures.save(drawn("savings_fan"), tmp_path / "fan")
    assert "Fan chart" in svg.read_text(encoding="utf-8")
    assert b"Fan chart" in png.read_bytes()


@pytest.mark.parametrize(("amount", "shown"), [(1e6, "£1m"), (999_999.0, "£1m"), (-12.5, "−£12.5"), (1500.0, "£1.5k")])
def test_pounds_on_an_axis_are_short(amount: float, shown: str) -> None:
    assert short_pounds(amount) == shown


def test_a_picture_is_a_file_that_holds_a_function_of_its_name_in_the_order_of_the_numbers() -> None:
    files = sorted(path.stem for path in Path(figures.__file__).parent.glob("fig*.py"))
    assert [stem.partition("_")[2] for stem in files] == list(figures.FIGURES)
    assert all(figures.FIGURES[name].__name__ == name and getattr(figures, name) for name in figures.FIGURES)


def test_the_help_of_plot_names_every_picture_and_imports_none() -> None:
    code = (
        "import sys; from simulator.faces.cli import plot; from simulator.figures import FIGURES\n"
        "assert ', '.join(FIGURES) in plot.help; print('matplotlib' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout.strip() == "False"
