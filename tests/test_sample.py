"""Sampling: columns keyed by name, exact strata, independent batches, correlated groups, and the compared designs."""

from __future__ import annotations

import hashlib
import math
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import stats

from simulator.errors import NotAllowed, RunError
from simulator.uncertainty.design import Design
from simulator.uncertainty.quantity import Cost, Number, Probability, Quantity, Ratio, Shares
from simulator.uncertainty.sample import BATCH_ROWS, central, columns, grid, one_way, sample, stratified, table

Floats = NDArray[np.float64]
QUANTITIES: dict[str, Quantity] = {
    "uptake": Probability(value=0.65, n=43),
    "effect": Ratio(value=0.69, ci95=(0.55, 0.86)),
    "price": Cost(value=480, ci95=(395, 562)),
    "fixed": Number(value=3.0),
    "mix": Shares(value=(0.52, 0.35, 0.13), n=100),
}
UNCERTAIN = ("effect", "mix.0", "mix.1", "mix.2", "price", "uptake")
FAR = 4.9
"""Standard errors: a right answer is further away once in a million tests."""


def column(design: Design, name: str) -> Floats:
    return design.values[:, design.names.index(name)]


def in_batches(points: Floats, size: int) -> Floats:
    return points.reshape(-1, size)


def grouped(**names: str | None) -> dict[str, Quantity]:
    """Standard normal quantities, each in the group given for its name."""
    return {name: Number(value=0, se=1, group=group) for name, group in names.items()}


def standard_error(of_batches: Floats) -> float:
    return float(of_batches.std(ddof=1) / math.sqrt(len(of_batches)))


# ------------------------------------------------------------------------------------- keyed by name


def test_a_design_has_a_column_for_each_uncertain_number_and_none_for_the_fixed() -> None:
    design = sample(QUANTITIES, 64, 7)
    assert design.names == UNCERTAIN
    assert design.kind == "probabilistic"
    assert design.streams.tolist() == list(range(64))
    assert design.batch.tolist() == [0] * 32 + [1] * 32


@settings(max_examples=30)
@given(left=st.sets(st.sampled_from(sorted(QUANTITIES))), order=st.randoms())
def test_adding_removing_or_reordering_parameters_changes_no_other_column(left: set[str], order: Random) -> None:
    whole = sample(QUANTITIES, 40, 7)
    names = list(left)
    order.shuffle(names)
    part = sample({name: QUANTITIES[name] for name in names}, 40, 7)
    for name in part.names:
        assert np.array_equal(column(part, name), column(whole, name))


def test_the_order_of_parameters_changes_no_bit_of_the_design(tmp_path: Path) -> None:
    sample(QUANTITIES, 40, 7).save(tmp_path / "a")
    sample(dict(reversed(QUANTITIES.items())), 40, 7).save(tmp_path / "b")
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


@settings(max_examples=30)
@given(rows=st.integers(1, 99), more=st.integers(1, 99))
def test_asking_for_more_rows_only_adds_rows(rows: int, more: int) -> None:
    quantities = {**QUANTITIES, **grouped(a="g", b="g", c="g")}
    few = sample(quantities, rows, 7, batch_rows=8, groups={"g": 0.5})
    many = sample(quantities, rows + more, 7, batch_rows=8, groups={"g": 0.5})
    assert np.array_equal(many.values[:rows], few.values)
    assert np.array_equal(many.streams[:rows], few.streams)
    assert np.array_equal(many.batch[:rows], few.batch)


def test_the_same_call_draws_the_same_and_another_seed_or_name_draws_anew() -> None:
    first = stratified("uptake", 64, 7)
    assert np.array_equal(first, stratified("uptake", 64, 7))
    for other in (stratified("uptake", 64, 8), stratified("uptakf", 64, 7), stratified("", 64, 7)):
        assert not np.any(first == other)


def test_seed_nought_is_a_seed_like_any_other_and_the_largest_works() -> None:
    assert not np.any(stratified("a", 64, 0) == stratified("a", 64, 1))
    assert sample(QUANTITIES, 4, 0).seed == 0
    assert sample(QUANTITIES, 4, 2**64 - 1).seed == 2**64 - 1


def test_the_draws_of_this_version_are_kept() -> None:
    drawn = stratified("programmes.befriending.effects.admissions", 1024, 20_261_122)
    assert hashlib.sha256(drawn.tobytes()).hexdigest()[:16] == "446c06f8967a01cc"


# ------------------------------------------------------------------------------------------- strata


@pytest.mark.parametrize("size", [2, 7, 32, 256])
@pytest.mark.parametrize("seed", [0, 1])
def test_each_batch_has_exactly_one_point_in_each_stratum(size: int, seed: int) -> None:
    points = in_batches(stratified("a", 20 * size, seed, size), size)
    strata = np.sort(np.floor(points * size), axis=1)
    assert np.array_equal(strata, np.broadcast_to(np.arange(size), strata.shape))


def test_the_values_of_a_batch_have_one_in_each_equally_likely_stratum() -> None:
    quantity = QUANTITIES["effect"]
    values = in_batches(column(sample(QUANTITIES, 256, 3), "effect"), BATCH_ROWS)
    edges = quantity.at(np.arange(1, BATCH_ROWS) / BATCH_ROWS)
    strata = np.sort(np.searchsorted(edges, values), axis=1)
    assert np.array_equal(strata, np.broadcast_to(np.arange(BATCH_ROWS), strata.shape))


def test_points_are_never_at_an_end() -> None:
    points = stratified("a", 100_000, 1, 2)
    assert points.min() > 0
    assert points.max() < 1


def test_points_are_even_inside_their_strata() -> None:
    points = stratified("a", 32 * 2000, 5)
    inside = points * 32 % 1
    n = len(inside)
    assert abs(inside.mean() - 1 / 2) < FAR * math.sqrt(1 / 12 / n)
    assert abs((inside**2).mean() - 1 / 3) < FAR * math.sqrt(4 / 45 / n)
    steps = np.corrcoef(inside, np.floor(points * 32))[0, 1]
    assert abs(steps) < FAR / math.sqrt(n)


def test_every_order_of_the_strata_is_equally_likely() -> None:
    points = in_batches(stratified("a", 4 * 12_000, 9, 4), 4)
    orders = np.argsort(points, axis=1) @ (64, 16, 4, 1)
    _, counts = np.unique(orders, return_counts=True)
    assert len(counts) == 24
    expected = 12_000 / 24
    chi2 = ((counts - expected) ** 2 / expected).sum()
    assert stats.chi2(23).sf(chi2) > 1e-6


# -------------------------------------------------------------------------------------- independence


def test_batches_are_independent_replicates() -> None:
    batches, n = 4000, 32
    means = in_batches(stratified("a", batches * n, 11, n), n).mean(axis=1) - 0.5
    variance = 1 / (12 * n**3)  # n strata of width 1/n, one even point in each
    assert abs(means.mean()) < FAR * math.sqrt(variance / batches)
    # a sum of n even points has excess kurtosis -1.2/n
    assert abs(means.var() / variance - 1) < FAR * math.sqrt((2 - 1.2 / n) / batches)
    for lag in (1, 2):
        together = (means[lag:] * means[:-lag]).mean() / variance
        assert abs(together) < FAR / math.sqrt(batches - lag)


@pytest.mark.parametrize("other", ["names", "batches", "seeds"])
def test_orders_of_other_names_batches_and_seeds_are_unrelated(other: Any) -> None:
    batches, n = 2000, 32
    first = np.floor(in_batches(stratified("a", batches * n, 3, n), n) * n)
    second = {
        "names": stratified("b", batches * n, 3, n),
        "seeds": stratified("a", batches * n, 4, n),
        "batches": stratified("a", (batches + 1) * n, 3, n)[n:],
    }[other]
    second = np.floor(in_batches(second, n) * n)
    centred = (first - (n - 1) / 2) * (second - (n - 1) / 2)
    correlations = centred.mean(axis=1) / ((n**2 - 1) / 12)
    # the correlation of two random orders of n has variance 1/(n - 1)
    assert abs(correlations.mean()) * math.sqrt(batches * (n - 1)) < FAR


def test_the_mean_of_a_design_is_the_mean_of_the_law_with_an_honest_error() -> None:
    design = sample(QUANTITIES, 32 * 400, 13)
    for name in ("uptake", "effect", "price"):
        batches = in_batches(column(design, name), BATCH_ROWS).mean(axis=1)
        error = standard_error(batches)
        assert abs(batches.mean() - QUANTITIES[name].fit().mean) < FAR * error
        assert error < column(design, name).std() / math.sqrt(len(design))


def test_sampled_shares_add_up_to_one_and_have_the_stated_means() -> None:
    design = sample(QUANTITIES, 32 * 400, 13)
    shares = np.column_stack([column(design, f"mix.{k}") for k in range(3)])
    assert shares.sum(axis=1) == pytest.approx(np.ones(len(design)), rel=1e-12)
    batches = shares.reshape(-1, BATCH_ROWS, 3).mean(axis=1)
    errors = batches.std(axis=0, ddof=1) / math.sqrt(len(batches))
    assert np.all(np.abs(batches.mean(axis=0) - QUANTITIES["mix"].central) < FAR * errors)


# --------------------------------------------------------------------------------- correlated groups


def points_of(design: Design, name: str) -> Floats:
    """The probabilities of a standard normal column, back from its values."""
    return np.asarray(stats.norm.cdf(column(design, name)))


def rank_correlation_is(design: Design, a: str, b: str, expected: float) -> bool:
    """12 E (u - 1/2)(v - 1/2) is the rank correlation; batches are replicates."""
    together = 12 * (points_of(design, a) - 0.5) * (points_of(design, b) - 0.5)
    batches = in_batches(together, BATCH_ROWS).mean(axis=1)
    return bool(abs(batches.mean() - expected) < FAR * standard_error(batches))


@pytest.mark.parametrize("rank", [-0.99, -0.4, 0.0, 0.6, 0.95])
def test_a_group_has_the_rank_correlation_asked_for(rank: float) -> None:
    design = sample(grouped(a="g", b="g"), 32 * 4000, 17, groups={"g": rank})
    assert rank_correlation_is(design, "a", "b", rank)


def test_a_group_of_three_has_every_rank_correlation_asked_for() -> None:
    quantities = grouped(a="g", b="g", c="g")
    pairs = {("a", "b"): 0.7, ("c", "a"): -0.5}
    design = sample(quantities, 32 * 1000, 17, groups={"g": pairs})
    for a, b, rank in (("a", "b", 0.7), ("a", "c", -0.5), ("b", "c", 0.0)):
        assert rank_correlation_is(design, a, b, rank)
    matrix = [[1, 0.7, -0.5], [0.7, 1, 0], [-0.5, 0, 1]]
    assert np.array_equal(design.values, sample(quantities, 32 * 1000, 17, groups={"g": matrix}).values)


def test_every_member_of_a_group_keeps_its_own_law() -> None:
    design = sample(grouped(a="g", b="g", c="g"), 32 * 1000, 19, groups={"g": 0.8})
    for name in "abc":
        points = points_of(design, name)
        for power in (1, 2, 3, 4):
            batches = in_batches(points**power, BATCH_ROWS).mean(axis=1)
            assert abs(batches.mean() - 1 / (power + 1)) < FAR * standard_error(batches)


def test_a_group_changes_nothing_outside_itself() -> None:
    alone = sample({**QUANTITIES, **grouped(a="g", b="g")}, 64, 7, groups={"g": 0.5})
    beside = sample({**QUANTITIES, **grouped(a="g", b="g", aa="h", c="h")}, 64, 7, groups={"g": 0.5, "h": -0.9})
    for name in alone.names:
        assert np.array_equal(column(alone, name), column(beside, name))
    bare = sample(QUANTITIES, 64, 7)
    for name in bare.names:
        assert np.array_equal(column(bare, name), column(alone, name))


def test_the_first_name_of_a_group_is_drawn_as_if_it_were_alone() -> None:
    with_group = sample(grouped(a="g", b="g"), 64, 7, groups={"g": 0.5})
    alone = sample({"a": Number(value=0, se=1)}, 64, 7)
    assert np.array_equal(column(with_group, "a"), column(alone, "a"))


def test_a_fixed_member_takes_its_place_in_a_matrix_and_no_column() -> None:
    quantities = {**grouped(a="g", c="g"), "b": Number(value=2.0, group="g")}
    matrix = [[1, 0.9, 0.6], [0.9, 1, 0.9], [0.6, 0.9, 1]]
    with_fixed = sample(quantities, 64, 7, groups={"g": matrix})
    without = sample(grouped(a="g", c="g"), 64, 7, groups={"g": 0.6})
    assert np.array_equal(with_fixed.values, without.values)


@pytest.mark.parametrize(
    ("groups", "sentence"),
    [
        ({}, "found group grp of a; allowed groups with stated correlations"),
        ({"gpr": 0.5}, "did you mean g"),
        ({"grp": 1.0}, "found a rank correlation of grp of 1 or more"),
        ({"grp": math.nan}, "found correlations of grp; allowed a symmetric 3 x 3 matrix"),
        ({"grp": -0.6}, "found rank correlations of grp that cannot hold together"),
        ({"grp": [[1, 0.5], [0.5, 1]]}, "found correlations of grp; allowed a symmetric 3 x 3 matrix"),
        ({"grp": {("a", "d"): 0.5}}, "found d in group grp; allowed a, b, c"),
        ({"grp": {("a", "a"): 0.5}}, "every pair once"),
        ({"grp": {("a", "b"): 0.5, ("b", "a"): 0.4}}, "every pair once"),
    ],
)
def test_correlations_that_cannot_be_are_refused(groups: Any, sentence: str) -> None:
    with pytest.raises(NotAllowed, match=sentence):
        sample(grouped(a="grp", b="grp", c="grp"), 8, 1, groups=groups)


@pytest.mark.parametrize("left", [{}, {"a": "g"}])
def test_a_group_that_one_or_none_is_left_in_correlates_nothing(left: dict[str, str]) -> None:
    quantities = {**grouped(**left), "b": Number(value=2.0)}
    alone = sample(grouped(**dict.fromkeys(left, None)), 64, 7)
    assert np.array_equal(sample(quantities, 64, 7, groups={"g": -0.9}).values, alone.values)


def test_shares_cannot_join_a_group() -> None:
    mix = Shares(value=(0.5, 0.5), n=9, group="g")
    with pytest.raises(NotAllowed, match="found shares mix in group g"):
        sample({"mix": mix}, 8, 1, groups={"g": 0.5})


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        ({"rows": 0, "seed": 1}, "found rows 0; allowed a whole number, 1 or more"),
        ({"rows": 2.5, "seed": 1}, "found rows 2.5"),
        ({"rows": True, "seed": 1}, "found rows True"),
        ({"rows": 8, "seed": -1}, "found seed -1; allowed a whole number, 0 to 18446744073709551615"),
        ({"rows": 8, "seed": 2**64}, "found seed"),
        ({"rows": 8, "seed": None}, "found seed None"),
        ({"rows": 8, "seed": 1, "batch_rows": 1}, "found batch_rows 1; allowed a whole number, 2 or more"),
    ],
)
def test_rows_and_seeds_that_cannot_be_are_refused(call: Any, sentence: str) -> None:
    with pytest.raises(NotAllowed, match=sentence):
        sample(QUANTITIES, **call)


# ----------------------------------------------------------------------------------- compared designs


def test_the_central_design_has_every_number_at_its_stated_value() -> None:
    design = central(QUANTITIES)
    assert design.row(0) == {
        "effect": 0.69,
        "mix.0": 0.52,
        "mix.1": 0.35,
        "mix.2": 0.13,
        "price": 480.0,
        "uptake": 0.65,
    }
    assert (design.kind, len(design)) == ("central", 1)


def test_one_way_moves_one_number_at_a_time_to_its_quantiles() -> None:
    design = one_way(QUANTITIES, 0.1, 0.9)
    assert design.names == UNCERTAIN and len(design) == 1 + 2 * len(UNCERTAIN)
    assert np.array_equal(design.values[0], central(QUANTITIES).values[0])
    for k, name in enumerate(UNCERTAIN):
        low, high = design.values[1 + 2 * k], design.values[2 + 2 * k]
        assert low[k] < design.values[0, k] < high[k]
        if name in QUANTITIES:
            assert [low[k], high[k]] == QUANTITIES[name].at([0.1, 0.9]).tolist()
            assert np.array_equal(np.delete(low, k), np.delete(design.values[0], k))


def test_one_way_moves_a_share_and_keeps_the_proportions_of_the_rest() -> None:
    design = one_way({"mix": QUANTITIES["mix"]})
    assert design.values.sum(axis=1) == pytest.approx(np.ones(7), rel=1e-12)
    assert design.values[3, 1] == pytest.approx(stats.beta(35, 65).ppf(0.1), rel=1e-10)
    assert design.values[3, 0] / design.values[3, 2] == pytest.approx(0.52 / 0.13, rel=1e-12)


def test_rows_that_are_compared_share_a_stream() -> None:
    for design in (
        central(QUANTITIES),
        one_way(QUANTITIES),
        grid(QUANTITIES, {"uptake": [0.5, 0.6]}),
        table(QUANTITIES, [{}, {"uptake": 0.5}]),
    ):
        assert not design.streams.any()
        assert not design.batch.any()


def test_a_grid_has_every_combination_and_may_move_fixed_numbers() -> None:
    design = grid(QUANTITIES, {"fixed": [1, 2], "uptake": [0.1, 0.2, 0.3]})
    assert column(design, "fixed").tolist() == [1, 1, 1, 2, 2, 2]
    assert column(design, "uptake").tolist() == [0.1, 0.2, 0.3] * 2
    assert set(column(design, "price")) == {480.0}


def test_a_table_has_the_given_rows_and_stated_values_elsewhere() -> None:
    design = table(QUANTITIES, [{"mix.0": 0.5, "mix.1": 0.3, "mix.2": 0.2}, {"price": 500}], seed=3)
    assert design.names == UNCERTAIN and design.seed == 3
    assert design.row(0)["mix.1"] == 0.3 and design.row(0)["price"] == 480
    assert design.row(1)["mix.1"] == 0.35 and design.row(1)["price"] == 500


@pytest.mark.parametrize(
    ("row", "sentence"),
    [
        ({"uptaek": 0.5}, "found the column uptaek; .*; did you mean uptake?"),
        ({"uptake": 1.3}, "found 1.3; allowed 0 to 1"),
        ({"mix.0": 0.9}, "found shares mix with sum 1.38; allowed sum 1; give every share of the set"),
    ],
)
def test_a_row_that_no_scenario_could_have_is_refused(row: dict[str, float], sentence: str) -> None:
    with pytest.raises(NotAllowed, match=sentence):
        table(QUANTITIES, [{}, row])
    with pytest.raises(NotAllowed, match=sentence):
        grid(QUANTITIES, {name: [value] for name, value in row.items()})


def test_shares_have_their_columns_in_the_order_they_were_written() -> None:
    twelve = Shares(value=[1 / 12] * 12, n=12)
    assert columns({"s": twelve}) == tuple(f"s.{k}" for k in range(12))


# -------------------------------------------------------------------------------------- the design


def test_a_design_comes_back_whole_from_its_file_and_rewriting_gives_the_same_bytes(tmp_path: Path) -> None:
    design = sample(QUANTITIES, 40, 2**64 - 1)
    design.save(tmp_path / "one.parquet")
    back = Design.load(tmp_path / "one.parquet")
    assert (back.names, back.kind, back.seed) == (design.names, design.kind, design.seed)
    for name in ("values", "streams", "batch"):
        ours, theirs = getattr(design, name), getattr(back, name)
        assert ours.dtype == theirs.dtype and np.array_equal(ours, theirs)
    back.save(tmp_path / "two.parquet")
    assert (tmp_path / "one.parquet").read_bytes() == (tmp_path / "two.parquet").read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["one.parquet", "two.parquet"]


def test_a_design_with_nothing_uncertain_still_has_rows(tmp_path: Path) -> None:
    design = sample({"fixed": Number(value=3.0)}, 5, 1)
    assert (design.names, len(design), design.row(4)) == ((), 5, {})
    design.save(tmp_path / "d")
    assert Design.load(tmp_path / "d").values.shape == (5, 0)
    assert central({}).values.shape == (1, 0)


def test_a_file_that_is_no_design_is_refused(tmp_path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    (tmp_path / "text").write_text("uptake,0.5")
    with pytest.raises(RunError, match="not Parquet"):
        Design.load(tmp_path / "text")
    pq.write_table(pa.table({"a": [1]}), tmp_path / "other")
    with pytest.raises(RunError, match="found 'no schema'; allowed 'design 1'"):
        Design.load(tmp_path / "other")
    with pytest.raises(FileNotFoundError):
        Design.load(tmp_path / "absent")


def test_a_design_reads_as_rows_and_as_a_table() -> None:
    design = Design(("a", "b"), np.array([[1.0, 2.0], [3.0, 4.0]]), np.array([0, 1]), np.array([0, 0]), "table", 1)
    assert design.row(1) == {"a": 3.0, "b": 4.0}
    frame = design.to_frame()
    assert frame.columns.tolist() == ["stream", "batch", "a", "b"]
    assert frame["b"].tolist() == [2.0, 4.0] and frame["stream"].tolist() == [0, 1]
    with pytest.raises(IndexError):
        design.row(2)


def test_a_design_cannot_be_changed_by_its_maker_or_its_reader() -> None:
    values = np.array([[1.0]])
    design = Design(("a",), values, np.array([0]), np.array([0]), "table", 1)
    values[0, 0] = 2.0
    assert design.row(0) == {"a": 1.0}
    with pytest.raises(ValueError, match="read-only"):
        design.values[0, 0] = 2.0


@pytest.mark.parametrize(
    ("names", "values", "streams", "batch", "sentence"),
    [
        (("a",), [[1, 2]], [0], [0], "allowed values"),
        (("a",), [[1]], [0, 1], [0], "allowed values"),
        (("a",), [[1]], [0], [0, 1], "allowed values"),
        (("a", "a"), [[1, 2]], [0], [0], "found the name a twice"),
        (("stream",), [[1]], [0], [0], "found the name stream twice"),
        (("a", "b"), [[1, 2], [3, math.nan]], [0, 1], [0, 0], "found nan for b in row 1"),
    ],
)
def test_a_design_that_does_not_fit_together_is_refused(
    names: Any, values: Any, streams: Any, batch: Any, sentence: str
) -> None:
    with pytest.raises(NotAllowed, match=sentence):
        Design(names, values, streams, batch, "table", 1)
