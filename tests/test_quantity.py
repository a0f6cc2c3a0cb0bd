"""Quantities: what may be written, the law it becomes, what is refused, and where it comes from."""

from __future__ import annotations

import math
import pickle
import re
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError
from scipy import stats

from simulator.errors import NotAllowed
from simulator.uncertainty.law import Law, beta_variance_limit, from_interval, normal_score
from simulator.uncertainty.quantity import (
    Cost,
    Days,
    Number,
    Probability,
    Quantity,
    Rate,
    Ratio,
    Shares,
)

Z95 = stats.norm.ppf(0.975)
MIDDLES = (np.arange(2000) + 0.5) / 2000
RESULT = {"value": 0.69, "ci95": [0.55, 0.86], "source": "Smith 2014", "supports": "table 2", "grade": 3}


class Table(BaseModel):
    """A table of a file, holding one quantity of each kind that the tests write."""

    number: Number = Number(value=0)
    ratio: Ratio = Ratio(value=1)
    chance: Probability = Probability(value=0)
    mix: Shares = Shares(value=[0.5, 0.5])
    any_kind: Quantity = Number(value=0)


def refusal(make: Callable[..., object], *args: Any, **fields: Any) -> NotAllowed:
    """The one NotAllowed inside the error that `make` raises."""
    with pytest.raises(ValidationError) as caught:
        make(*args, **fields)
    (fault,) = caught.value.errors()
    refused = fault["ctx"]["error"]
    assert isinstance(refused, NotAllowed)
    return refused


# ------------------------------------------------------------------------------ what is written


def test_a_number_alone_is_a_fixed_quantity() -> None:
    ratio = Table(ratio=0.9).ratio
    assert (ratio.value, ratio.dist, ratio.is_uncertain) == (0.9, "fixed", False)
    assert float(ratio) == 0.9
    assert np.array_equal(ratio.at([0.1, 0.9]), [0.9, 0.9])


def test_a_list_alone_is_a_fixed_set_of_shares() -> None:
    mix = Table(mix=[0.25, 0.75]).mix
    assert (mix.central, mix.is_uncertain) == ((0.25, 0.75), False)
    with pytest.raises(TypeError):
        float(mix)


@pytest.mark.parametrize("written", [True, "0.65", None, math.nan, math.inf, [0.1, 0.2], {"value": "0.65"}])
def test_what_is_no_number_is_refused_for_a_number(written: Any) -> None:
    with pytest.raises(ValidationError, match=r"found .*; allowed (a|one) (finite )?number"):
        Table(number=written)


def test_text_and_truth_values_are_told_apart_from_numbers() -> None:
    assert str(refusal(Table, ratio="0.9")) == "found '0.9'; allowed a number; write it without quotes"
    assert str(refusal(Table, ratio=True)) == "found True; allowed a number"


def test_an_unknown_key_is_refused() -> None:
    with pytest.raises(ValidationError, match="Extra inputs are not permitted"):
        Ratio.model_validate({"value": 1.0, "ci_95": (0.9, 1.1)})


def test_the_place_of_a_fault_holds_only_names_that_are_in_the_file() -> None:
    with pytest.raises(ValidationError) as caught:
        Table(
            ratio={"value": "a", "ci95": ["b", 2.0], "grade": True, "price_year": "last"},
            number={"value": 1, "sample": ["d", 1, 2]},
            chance={"value": 1, "sample": 3},
            mix="c",
        )
    places = {fault["loc"] for fault in caught.value.errors()}
    assert places == {
        ("ratio", "value"),
        ("ratio", "ci95", 0),
        ("ratio", "grade"),
        ("ratio", "price_year"),
        ("number", "sample", 0),
        ("chance", "sample"),
        ("mix",),
    }


def test_a_quantity_cannot_be_changed() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        Ratio(value=1.0).value = 2.0  # type: ignore[misc]  # this is the fault


@pytest.mark.parametrize(
    ("kind", "dist"),
    [
        (Quantity, "normal"),
        (Number, "normal"),
        (Ratio, "lognormal"),
        (Probability, "beta"),
        (Cost, "gamma"),
        (Rate, "gamma"),
        (Days, "gamma"),
    ],
)
def test_the_kind_of_number_decides_the_law_of_a_spread_and_only_of_a_spread(kind: type[Quantity], dist: str) -> None:
    assert kind(value=0.5, ci95=(0.4, 0.6)).dist == dist
    assert kind(value=0.5).dist == "fixed"
    assert kind(value=0.5, range=(0.4, 0.6), dist="triangular").dist == "triangular"
    assert kind(value=0.5, sample=(0.4, 0.6)).dist == "empirical"


def test_a_quantity_of_a_stated_kind_keeps_it_in_a_field_of_any_kind() -> None:
    kept = Table(any_kind=Ratio(value=0.9, ci95=(0.8, 1.0))).any_kind
    assert (type(kept), kept.dist) == (Ratio, "lognormal")


def test_a_quantity_written_out_in_full_reads_back_as_itself() -> None:
    for quantity in (Ratio(**RESULT), Shares(value=[0.5, 0.5], n=10), Days(value=2, sample=(1, 3))):
        assert type(quantity).model_validate(quantity.model_dump()) == quantity
        assert type(quantity).model_validate_json(quantity.model_dump_json()) == quantity
        assert pickle.loads(pickle.dumps(quantity)) == quantity


def test_a_sample_states_its_mean_unless_a_value_is_written() -> None:
    assert float(Number.model_validate({"sample": (1, 2, 6)})) == 3.0
    assert float(Number(value=2, sample=(1, 2, 6))) == 2.0


@pytest.mark.parametrize(("written", "year"), [(2023, "2023"), ("2023/24", "2023/24")])
def test_a_price_year_may_be_a_number_or_a_financial_year(written: Any, year: str) -> None:
    assert Cost(value=40, price_year=written).price_year == year


def test_the_editor_schema_takes_a_number_alone_or_a_table() -> None:
    schema = Table.model_json_schema()["$defs"]
    alone, table = schema["Ratio"]["anyOf"]
    assert alone == {"type": "number"}
    assert table["additionalProperties"] is False and "ci95" in table["properties"]
    assert schema["Shares"]["anyOf"][0]["type"] == "array"
    assert ">>>" not in str(schema)


def test_start_up_does_not_wait_for_scipy() -> None:
    code = (
        "import sys; from simulator.uncertainty.quantity import Probability; "
        "Probability(value=0.05, ci95=(0.01, 0.2)); sys.exit('scipy' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


# ------------------------------------------------------------------------------------- closed form


def test_a_ratio_keeps_its_interval_and_reports_the_middle_it_gives() -> None:
    fit = Ratio(**RESULT).fit()
    mu, sigma = (math.log(0.55) + math.log(0.86)) / 2, math.log(0.86 / 0.55) / (2 * Z95)
    assert fit.parameters == pytest.approx((mu, sigma), rel=1e-12)
    assert (fit.gives_low, fit.gives_high) == pytest.approx((0.55, 0.86), rel=1e-12)
    assert (fit.median, fit.mean) == pytest.approx((math.exp(mu), math.exp(mu + sigma**2 / 2)), rel=1e-12)
    assert not fit.poor


def test_a_probability_seen_n_times_is_a_beta_of_successes_and_failures() -> None:
    fit = Probability(value=0.25, n=40).fit()
    assert (fit.dist, fit.parameters) == ("beta", (10.0, 30.0))
    assert fit.mean == 0.25
    assert fit.gives_high == pytest.approx(stats.beta(10, 30).ppf(0.975), rel=1e-12)


def test_a_gamma_has_the_mean_and_the_standard_error_asked_for() -> None:
    law = stats.gamma(*_shape_scale(Cost(value=480, se=42.6)))
    assert (law.mean(), law.std()) == pytest.approx((480, 42.6), rel=1e-12)


def test_a_lognormal_has_the_mean_and_the_standard_error_asked_for() -> None:
    mu, sigma = Ratio(value=0.9, se=0.2).fit().parameters
    law = stats.lognorm(sigma, scale=math.exp(mu))
    assert (law.mean(), law.std()) == pytest.approx((0.9, 0.2), rel=1e-12)


def test_a_beta_has_the_mean_and_the_standard_error_asked_for() -> None:
    law = stats.beta(*Probability(value=0.2, se=0.05).fit().parameters)
    assert (law.mean(), law.std()) == pytest.approx((0.2, 0.05), rel=1e-12)


@pytest.mark.parametrize(("key", "coverage"), [("ci95", 0.95), ("ci80", 0.80), ("range", 0.95)])
def test_a_normal_takes_its_standard_error_from_the_interval_its_key_names(key: str, coverage: float) -> None:
    fit = Number(value=5.0, **{key: (1.0, 9.0)}).fit()
    assert fit.parameters == pytest.approx((5.0, 8 / (2 * stats.norm.ppf(0.5 + coverage / 2))), rel=1e-12)
    assert (fit.coverage, fit.asked_low, fit.asked_high) == (coverage, 1.0, 9.0)
    assert (fit.gives_low, fit.gives_high) == pytest.approx((1.0, 9.0), rel=1e-12)


def test_the_range_of_a_triangular_and_a_uniform_are_its_ends() -> None:
    triangular = Number(value=12, range=(3, 30), dist="triangular").fit()
    assert (triangular.parameters, triangular.mean, triangular.poor) == ((3, 12, 30), 15.0, False)
    assert (triangular.gives_low, triangular.gives_high) == (3, 30)
    uniform = Number(value=0.5, range=(0, 1), dist="uniform").fit()
    assert (uniform.parameters, uniform.mean) == ((0, 1), 0.5)


def test_the_interval_of_a_uniform_lies_inside_its_ends() -> None:
    fit = Number(value=5, ci80=(1, 9), dist="uniform").fit()
    assert fit.parameters == pytest.approx((0, 10), abs=1e-12)
    assert (fit.gives_low, fit.gives_high) == pytest.approx((1, 9), rel=1e-12)


def test_equally_spaced_points_give_back_a_sample_and_nothing_else() -> None:
    sample = (3.0, 1.0, 2.0, 2.0)
    given_back = Number.model_validate({"sample": sample}).at((np.arange(8) + 0.5) / 8)
    assert sorted(given_back.tolist()) == sorted(2 * sample)
    for size in (2, 3, 7, 1000):
        assert Number.model_validate({"sample": tuple(range(size))}).at(np.nextafter(1, 0)) == size - 1


@pytest.mark.parametrize(
    ("quantity", "law"),
    [
        (Number(value=3, se=2), stats.norm(3, 2)),
        (Ratio(value=0.69, ci95=(0.55, 0.86)), stats.lognorm(math.log(0.86 / 0.55) / (2 * Z95), scale=0.687750)),
        (Probability(value=0.65, n=43), stats.beta(27.95, 15.05)),
        (Cost(value=40, se=10), stats.gamma(16, scale=2.5)),
        (Number(value=2, range=(1, 4), dist="triangular"), stats.triang(1 / 3, 1, 3)),
        (Number(value=2, range=(1, 3), dist="uniform"), stats.uniform(1, 2)),
    ],
)
def test_quantiles_agree_with_an_independent_library(quantity: Quantity, law: Any) -> None:
    at = quantity.at(MIDDLES)
    assert at == pytest.approx(law.ppf(MIDDLES), rel=1e-6)
    # points at the middles of equal strata are better than random ones: allow random points' 4.9 standard errors
    assert abs(at.mean() - law.mean()) < 4.9 * law.std() / math.sqrt(len(MIDDLES))


def _shape_scale(quantity: Quantity) -> tuple[float, float, float]:
    shape, scale = quantity.fit().parameters
    return shape, 0, scale


# -------------------------------------------------------------------- from quantiles back to a law

SHAPES = st.floats(0.5, 500)
COVERAGES = st.sampled_from([0.95, 0.80])


@given(a=SHAPES, b=SHAPES, coverage=COVERAGES)
def test_a_beta_is_found_again_from_its_mean_and_its_interval(a: float, b: float, coverage: float) -> None:
    low, high = Law("beta", (a, b)).at(np.array([(1 - coverage) / 2, (1 + coverage) / 2])).tolist()
    assert from_interval("beta", a / (a + b), low, high, coverage).parameters == pytest.approx((a, b), rel=1e-6)


@given(shape=SHAPES, scale=st.floats(1e-3, 1e5), coverage=COVERAGES)
def test_a_gamma_is_found_again_from_its_mean_and_its_interval(shape: float, scale: float, coverage: float) -> None:
    low, high = Law("gamma", (shape, scale)).at(np.array([(1 - coverage) / 2, (1 + coverage) / 2])).tolist()
    found = from_interval("gamma", shape * scale, low, high, coverage)
    assert found.parameters == pytest.approx((shape, scale), rel=1e-6)


@given(mean=st.floats(0.001, 0.999), low=st.floats(0.01, 0.99), high=st.floats(0.01, 0.99))
def test_a_beta_keeps_the_mean_and_the_width_on_the_log_odds_scale(mean: float, low: float, high: float) -> None:
    low, high = mean * low, 1 - (1 - mean) * high
    fit = Probability(value=mean, ci95=(low, high)).fit()
    assert fit.mean == pytest.approx(mean, rel=1e-9)
    asked, given_ = _logit(high) - _logit(low), _logit(fit.gives_high) - _logit(fit.gives_low)
    assert given_ == pytest.approx(asked, rel=1e-6)


def test_an_end_of_nought_leaves_the_standard_error_to_be_matched() -> None:
    law = stats.gamma(*_shape_scale(Cost(value=350, range=(0, 1000))))
    assert (law.mean(), law.std()) == pytest.approx((350, 1000 / (2 * Z95)), rel=1e-12)
    beta = stats.beta(*Probability(value=0.9, ci95=(0.7, 1.0)).fit().parameters)
    assert (beta.mean(), beta.std()) == pytest.approx((0.9, 0.3 / (2 * Z95)), rel=1e-12)


def _logit(p: float | None) -> float:
    assert p is not None
    return math.log(p / (1 - p))


# ----------------------------------------------------------------------------------- good and poor


def test_a_poor_fit_says_what_was_asked_what_is_given_and_what_to_try() -> None:
    fit = Probability(value=0.05, ci95=(0.01, 0.20)).fit()
    assert fit.poor
    assert fit.message == "asked 0.01 to 0.2, a beta with that mean gives 0.00626 to 0.135"
    assert fit.better == "lognormal"


def test_the_law_that_is_suggested_can_be_used_and_is_not_poor() -> None:
    fit = Probability(value=0.05, ci95=(0.01, 0.20), dist="lognormal").fit()
    assert not fit.poor and fit.better == ""
    law = stats.lognorm(fit.parameters[1], scale=math.exp(fit.parameters[0]))
    assert law.ppf([0.025, 0.975]) == pytest.approx([0.01, 0.20], rel=1e-9)
    inside = law.ppf([0.025 * law.cdf(1), 0.975 * law.cdf(1)])
    assert (fit.gives_low, fit.gives_high) == pytest.approx(tuple(inside), rel=1e-9)


def test_a_fit_is_poor_when_an_end_is_off_by_more_than_a_fifth_of_the_width() -> None:
    # a normal about 5 with the interval 5 - x to 15 - x has its ends (5 - x) off
    for off, poor in ((1.9, False), (2.1, True)):
        assert Number(value=5, ci95=(off, 10 + off)).fit().poor is poor


def test_a_middle_that_the_law_cannot_have_is_poor_too() -> None:
    fit = Ratio(value=3, ci95=(0.1, 3.2)).fit()
    assert fit.poor and fit.message.startswith("asked 3 (0.1 to 3.2), a lognormal with that interval has mean")


def test_a_value_may_be_the_mean_or_the_median_of_a_wide_ratio() -> None:
    sigma = 3.0
    interval = (math.exp(-Z95 * sigma), math.exp(Z95 * sigma))
    for value, poor in ((1.0, False), (math.exp(sigma**2 / 2), False), (200.0, True)):
        assert Ratio(value=value, ci95=interval).fit().poor is poor


def test_a_good_fit_reports_mean_and_median() -> None:
    assert Cost(value=180, ci95=(90, 600), dist="lognormal").fit().message == (
        "180 (90 to 600): lognormal with mean 261 and median 232"
    )
    assert Cost(value=26410).fit().message == "26,410, fixed"


# ------------------------------------------------------------------------------------- impossible


@pytest.mark.parametrize(
    ("kind", "fields", "sentence"),
    [
        (Ratio, {"value": 0}, "found 0; allowed above 0"),
        (Ratio, {"value": 0.9, "ci95": (-0.1, 1)}, "found -0.1; allowed above 0"),
        (Rate, {"value": -0.1}, "found -0.1; allowed 0 or more"),
        (Probability, {"value": 65}, "found 65; allowed 0 to 1; write 0.65 for 65 %"),
        (Probability, {"value": 0.9, "ci95": (0.8, 1.2)}, "found 1.2; allowed 0 to 1; write 0.012 for 1.2 %"),
        (Probability, {"sample": (0.5, 1.5)}, "found 1.5; allowed 0 to 1"),
        (Number, {"value": 2, "ci95": (3, 1)}, "found 3 to 1; allowed the low end first, below the high end"),
        (Number, {"value": 2, "ci95": (2, 2)}, "found 2 to 2; allowed the low end first, below the high end"),
        (Number, {"value": 5, "ci80": (1, 3)}, "found value 5; allowed inside its own spread, 1 to 3"),
        (Number, {"value": 5, "sample": (1, 3)}, "found value 5; allowed inside its own spread, 1 to 3"),
        (Number, {"value": 1, "se": 1, "ci95": (0, 2)}, "found ci95 and se; allowed one of them"),
        (Number, {"value": 1, "dist": "normal"}, "found normal without a spread; allowed normal with ci95, ci80"),
        (Number, {"value": 1, "ci95": (0, 2), "dist": "fixed"}, "found fixed with ci95; allowed fixed with a value"),
        (Number, {"value": 1, "ci95": (0, 2), "dist": "triangular"}, "found triangular with ci95; allowed triangular"),
        (Number, {"value": 1, "n": 10}, "found normal with n; allowed .*; n goes with beta, dirichlet"),
        (Number, {"value": 1, "ci95": (-1, 2), "dist": "lognormal"}, "found lognormal from -1; allowed lognormal"),
        (Number, {"value": 0, "se": 1, "dist": "lognormal"}, "found lognormal from 0; allowed lognormal from above 0"),
        (Cost, {"value": 0, "ci95": (0, 5)}, "found gamma from 0; allowed .* above 0; try triangular"),
        (Number, {"value": 1, "ci95": (-1, 5), "dist": "gamma"}, "found gamma from -1; allowed gamma from 0 or more"),
        (Probability, {"value": 0.1, "se": 0.1, "dist": "gamma"}, "found gamma; allowed a law that stays in 0 to 1"),
        (Probability, {"value": 0, "n": 20}, "found beta at 0; allowed a beta inside 0 to 1"),
        (Number, {"value": 2, "n": 20, "dist": "beta"}, "found beta at 2; allowed a beta inside 0 to 1"),
        (
            Probability,
            {"value": 0.1, "se": 0.31},
            "found standard error 0.31; allowed below 0.3 for a beta with mean 0.1",
        ),
        (Probability, {"value": 0.001, "ci95": (0, 0.9)}, "found standard error 0.23; allowed below 0.0316 for a beta"),
        (Probability, {"value": 0.1, "ci95": (0, 0.2), "dist": "normal"}, "found a normal with 2.5 % of its"),
        (Cost, {"value": 3, "se": 1, "dist": "normal"}, "found a normal with 0.13 % of its probability outside 0 or"),
        (Probability, {"value": 0.5, "ci95": (0, 1), "dist": "uniform"}, "found a uniform that reaches -0.0263"),
        (Number, {"value": 0.5, "n": 9, "dist": "dirichlet"}, "found dirichlet for one number; allowed dirichlet for"),
        (Number, {"value": [1, 2]}, "found a list of 2 numbers; allowed one number"),
        (Shares, {"value": 0.5}, "found 0.5; allowed a list of shares"),
        (Shares, {"value": [0.5, 0.4]}, "found shares with sum 0.9; allowed sum 1"),
        (Shares, {"value": [1.5, -0.5]}, "found 1.5; allowed 0 to 1"),
        (Shares, {"value": []}, "found shares with sum 0; allowed sum 1"),
        (Shares, {"value": [1.0], "n": 9}, "found dirichlet for one number"),
        (Shares, {"value": [0.5, 0.5], "ci95": (0, 1)}, "found dirichlet with ci95; allowed dirichlet with n"),
        (Shares, {"value": [0.5, 0.5], "n": 9, "dist": "beta"}, "found beta for shares; allowed dirichlet with n"),
    ],
)
def test_the_impossible_is_refused_with_what_was_found_and_what_is_allowed(
    kind: type[Quantity], fields: dict[str, Any], sentence: str
) -> None:
    found = refusal(kind, **fields)
    assert isinstance(found, NotAllowed)
    assert re.match(sentence, str(found)), str(found)


def test_a_beta_never_varies_as_much_as_a_coin_with_its_mean() -> None:
    assert beta_variance_limit(0.2) == pytest.approx(stats.bernoulli(0.2).var())


# ----------------------------------------------------------------------------------------- at(u)


@st.composite
def quantities(draw: st.DrawFn) -> Quantity:
    """Any uncertain number, by a value, a spread around it and a law that can have them."""
    value = draw(st.floats(0.05, 0.95))
    low, high = value * draw(st.floats(0.05, 0.95)), value + (1 - value) * draw(st.floats(0.05, 0.95))
    dist = draw(st.sampled_from(["normal", "lognormal", "beta", "gamma", "triangular", "uniform"]))
    key = "range" if dist == "triangular" else draw(st.sampled_from(["ci95", "ci80", "range"]))
    return Number.model_validate({"value": value, key: (low, high), "dist": dist})


@settings(max_examples=60)
@given(quantity=quantities(), u=st.lists(st.floats(1e-6, 1 - 1e-6), min_size=2, max_size=20))
def test_a_higher_probability_never_has_a_lower_value(quantity: Quantity, u: Any) -> None:
    values = quantity.at(np.sort(u))
    assert np.all(np.isfinite(values))
    assert np.all(np.diff(values) >= 0)


@settings(max_examples=60)
@given(quantity=quantities())
def test_the_mean_of_many_points_is_the_mean_of_the_law(quantity: Quantity) -> None:
    values = quantity.at(MIDDLES)
    # monotone in u: in each stratum the middle differs from the mean by at most half the rise across the stratum;
    # the two outermost strata, where the rise may have no bound, are left to a random point's 4.9 standard errors
    bound = (values[-1] - values[0]) / (2 * len(values)) + 4.9 * values.std() / math.sqrt(len(values))
    assert abs(values.mean() - quantity.fit().mean) < bound


@settings(max_examples=60)
@given(quantity=quantities(), u=st.lists(st.floats(1e-6, 1 - 1e-6), min_size=1, max_size=9))
def test_a_value_does_not_depend_on_the_points_beside_it(quantity: Quantity, u: Any) -> None:
    assert quantity.at(u).tolist() == [float(quantity.at(x)) for x in u]


@pytest.mark.parametrize("u", [0.0, 1.0, -0.1, math.nan])
def test_the_ends_of_probability_are_refused(u: Any) -> None:
    with pytest.raises(NotAllowed, match="between 0 and 1, ends left out"):
        Number(value=1, se=1).at([0.5, u])


def test_a_law_reaching_just_over_a_limit_is_used_on_the_condition_that_it_does_not() -> None:
    quantity = Probability(value=0.05, ci95=(0.01, 0.2), dist="lognormal")
    mu, sigma = quantity.fit().parameters
    law = stats.lognorm(sigma, scale=math.exp(mu))
    assert 0 < law.sf(1) < 1e-4
    assert quantity.at(1 - 1e-12) < 1
    assert quantity.at(MIDDLES) == pytest.approx(law.ppf(MIDDLES * law.cdf(1)), rel=1e-10)


def test_a_law_with_nothing_outside_its_limits_is_left_as_it_is() -> None:
    bare, limited = Number(value=3, se=0.5), Cost(value=3, se=0.5, dist="normal")
    outside = stats.norm(3, 0.5).cdf(0)
    assert limited.at(0.5) == pytest.approx(stats.norm(3, 0.5).ppf(0.5 + outside / 2), rel=1e-14)
    assert bare.at(0.5) == 3.0


# ---------------------------------------------------------------------------------------- shares


def test_shares_seen_n_times_are_a_dirichlet_with_the_stated_means() -> None:
    shares, n, rows = (0.52, 0.35, 0.13), 1000, 20_000
    values = Shares(value=shares, n=n).at(np.random.default_rng(1).uniform(size=(rows, 3)))
    assert values.sum(axis=1) == pytest.approx(np.ones(rows), rel=1e-12)
    mean = np.array(shares)
    sd = np.sqrt(mean * (1 - mean) / (n + 1))
    assert np.all(np.abs(values.mean(axis=0) - mean) < 4.9 * sd / math.sqrt(rows))
    # the variance of a variance of nearly normal draws is 2 sd^4 / rows
    assert np.all(np.abs(values.var(axis=0) / sd**2 - 1) < 4.9 * math.sqrt(2 / rows))


def test_a_share_of_nought_stays_nought() -> None:
    values = Shares(value=(0.4, 0.0, 0.6), n=10).at(np.full((5, 3), 0.3))
    assert np.array_equal(values[:, 1], np.zeros(5))
    assert values.sum(axis=1) == pytest.approx(np.ones(5), rel=1e-12)


def test_moving_one_share_keeps_the_proportions_of_the_others() -> None:
    quantity = Shares(value=(0.5, 0.3, 0.2), n=100)
    moved = quantity.share_at(1, 0.9)
    assert moved[1] == pytest.approx(stats.beta(30, 70).ppf(0.9), rel=1e-10)
    assert moved[0] / moved[2] == pytest.approx(0.5 / 0.2, rel=1e-12)
    assert sum(moved) == pytest.approx(1, rel=1e-12)


def test_a_share_of_nought_or_one_cannot_be_moved() -> None:
    quantity = Shares(value=(0.4, 0.0, 0.6), n=100)
    assert quantity.share_at(1, 0.9) == quantity.central
    assert Shares(value=[1.0]).central == (1.0,)


def test_every_share_needs_a_point_of_its_own() -> None:
    with pytest.raises(NotAllowed, match="a last axis of 3 shares"):
        Shares(value=(0.5, 0.3, 0.2), n=100).at(np.full((4, 2), 0.5))


# ------------------------------------------------------------------------------------ provenance


@pytest.mark.parametrize(
    ("fields", "missing"),
    [
        ({}, []),
        ({"grade": 6}, []),
        ({"grade": 2}, ["source"]),
        ({"grade": 2, "source": "a trial"}, []),
        ({"se": 0.1}, ["a grade"]),
        ({"se": 0.1, "grade": 1}, ["source", "supports"]),
        ({"se": 0.1, "grade": 5, "source": "a trial"}, ["supports"]),
        ({"se": 0.1, "grade": 5, "source": "a trial", "supports": "0.9"}, []),
        ({"se": 0.1, "grade": 6}, ["reason"]),
        ({"se": 0.1, "grade": 6, "source": "a trial"}, ["reason"]),
        ({"se": 0.1, "grade": 6, "source": "Expert guess, see notes"}, []),
        ({"se": 0.1, "grade": 6, "why": "no study"}, []),
    ],
)
def test_an_uncertain_number_says_where_it_comes_from(fields: dict[str, Any], missing: str) -> None:
    faults = Ratio(value=0.9, **fields).provenance_faults()
    assert len(faults) == len(missing)
    assert all(word in str(fault) for word, fault in zip(missing, faults, strict=True))


def test_the_normal_score_of_a_coverage() -> None:
    assert normal_score(0.95) == pytest.approx(Z95, rel=1e-12)


def test_rows_and_their_centre_have_one_mean() -> None:
    for quantity in (
        Probability(value=0.06, range=(0.02, 0.20), dist="triangular"),
        Number(value=1.0, range=(0.0, 8.0), dist="uniform"),
        Number(value=3.0, se=0.5),
    ):
        points = (np.arange(20_000) + 0.5) / 20_000
        assert abs(float(quantity.at(points).mean()) / quantity.centre[0] - 1) < 1e-3
