"""Turns what a source reports (a value, an interval, a grade) into an uncertain number: `at(u)` is its quantile.

A quantity is a value and at most one spread:

    ci95, ci80     ends of the interval that holds 95 % or 80 % of the probability
    range          with `triangular` and `uniform`: the lowest and the highest value possible (the value is the mode);
                   with any other law: read as `ci95`
    se             standard error, on the scale of the value
    n              how many observations a probability or a set of shares rests on: a = n value, b = n (1 - value)
    sample         the values themselves, equally likely

A number alone, `0.3`, is the quantity {value = 0.3, dist = "fixed"}. What kind of number a field holds decides the
limits of the value and, when there is a spread, the law: see the subclasses of `Quantity`. Nothing is ever clipped: a
normal or lognormal that puts up to 1 in 10,000 outside the limits is used on the condition that it lies inside, and one
that puts more there is refused.

Reference for the laws and their fits: Briggs, Claxton & Sculpher, Decision Modelling for Health Economic Evaluation
(2006), chapter 4.
"""

from __future__ import annotations

import math
from numbers import Real
from typing import Annotated, Any, ClassVar, Literal, Self

import numpy as np
from numpy.typing import ArrayLike
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    GetJsonSchemaHandler,
    WrapValidator,
    field_validator,
    model_validator,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from simulator.errors import NotAllowed
from simulator.uncertainty.fit import Fit, fit
from simulator.uncertainty.law import Floats, Law
from simulator.uncertainty.spread import SPREAD_KEYS, Limits, Spread, check, check_sum, law_of, outside

Dist = Literal["fixed", "normal", "lognormal", "beta", "gamma", "triangular", "uniform", "empirical", "dirichlet"]
Finite = Annotated[float, Field(strict=True, allow_inf_nan=False)]


def _stated(value: object) -> float | tuple[float, ...]:
    if isinstance(value, (list, tuple)):
        return tuple(_number(x) for x in value)
    return _number(value)


def _without_union_tags(value: object, by_type: object) -> float | tuple[float, ...]:
    """Read a value without a pydantic union, which would put the name of its member into the path of an error."""
    return _stated(value)


def _number(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, Real):
        hint = "write it without quotes" if isinstance(value, str) else ""
        raise NotAllowed(repr(value), "a number", hint)
    if not math.isfinite(float(value)):
        raise NotAllowed(repr(value), "a finite number")
    return float(value)


class Quantity(BaseModel):
    """An uncertain number of any kind and where it comes from; with a spread it is normal unless `dist` says otherwise.

    Args:
        value: the stated value (the mode of a triangular, whose mean is its `centre`); a list for shares.
        ci95, ci80, range, se, n, sample: the spread, at most one of them (see the head of this module).
        dist: the law; left out, the kind of number decides.
        unit: the unit, in words.
        price_year: the year of the prices, "2023/24" or "2023".
        source: where the number comes from.
        supports: what the source says, in words.
        grade: 1 UK randomised trial, 2 other trial or matched control, 3 independent before and after or older national
            statistics, 4 practitioner monitoring, 5 secondary evidence, 6 expert guess.
        why: why this value was chosen.
        group: name of the group it is correlated within.
        grade_direction: grade of the direction of an effect, where it is known better than its size (``grade``).
        claimed: the figure in circulation, a number of the same kind, for runs "as reported"; of programmes only.

    Raises:
        pydantic.ValidationError: holding a `NotAllowed` for the first rule broken.

    >>> Quantity(value=2.0, se=0.5).dist
    'normal'
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    spread_dist: ClassVar[Dist] = "normal"
    limits: ClassVar[Limits] = Limits()

    value: Annotated[float | tuple[float, ...], WrapValidator(_without_union_tags)] = Field(
        description="the stated value"
    )
    ci95: tuple[Finite, Finite] | None = Field(None, description="ends of the 95 % interval")
    ci80: tuple[Finite, Finite] | None = Field(None, description="ends of the 80 % interval")
    range: tuple[Finite, Finite] | None = Field(None, description="lowest and highest value (triangular, uniform)")
    se: Finite | None = Field(None, gt=0, description="standard error")
    n: Finite | None = Field(None, ge=1, description="number of observations behind a probability or shares")
    sample: tuple[Finite, ...] | None = Field(None, min_length=2, description="equally likely values")
    dist: Dist = Field("fixed", description="probability law; left out, the kind of number decides")
    unit: str | None = Field(None, description="unit, in words")
    price_year: str | None = Field(None, description='year of the prices, "2023/24"', pattern=r"^\d{4}(/\d{2})?$")
    source: str | None = Field(None, description="where the number comes from")
    supports: str | None = Field(None, description="what the source says")
    grade: Annotated[int, Field(strict=True, ge=1, le=6)] | None = Field(None, description="1 UK trial ... 6 guess")
    why: str | None = Field(None, description="why this value")
    group: str | None = Field(None, description="correlated within this group")
    grade_direction: Annotated[int, Field(strict=True, ge=1, le=6)] | None = Field(
        None, description="grade of an effect's direction, where it differs from that of its size"
    )
    claimed: Quantity | None = Field(None, description="the figure in circulation, for runs as reported")

    # ------------------------------------------------------------------------------ what was written

    @model_validator(mode="before")
    @classmethod
    def _resolve(cls, written: Any) -> Any:
        if isinstance(written, Quantity):
            written = written.model_dump(exclude_none=True)
        if not isinstance(written, dict):
            return {"value": _stated(written), "dist": "fixed"}
        return {**cls._left_out(written), **written}

    @classmethod
    def _left_out(cls, written: dict[str, Any]) -> dict[str, Any]:
        sample = written.get("sample")
        if isinstance(sample, (list, tuple)) and sample and all(isinstance(x, Real) for x in sample):
            return {"dist": "empirical", "value": math.fsum(map(float, sample)) / len(sample)}
        spread = any(written.get(key) is not None for key in SPREAD_KEYS)
        return {"dist": cls.spread_dist if spread else "fixed"}

    @field_validator("claimed", mode="before")
    @classmethod
    def _of_the_same_kind(cls, written: Any) -> Any:
        """A claim is a number of the same kind as the one it stands beside."""
        return None if written is None else cls.model_validate(written)

    @field_validator("price_year", mode="before")
    @classmethod
    def _year_in_words(cls, year: object) -> object:
        return str(year) if isinstance(year, int) and not isinstance(year, bool) else year

    @model_validator(mode="after")
    def _is_possible(self) -> Self:
        if len(self._written()) > 1:
            raise NotAllowed(" and ".join(self._written()), "one of them", "keep the one the source reports")
        self._check_shape()
        check(self._asked())
        return self

    # ------------------------------------------------------------------------------------ what it is

    @property
    def is_uncertain(self) -> bool:
        """Whether the number has a spread.

        >>> Ratio.model_validate(0.9).is_uncertain
        False
        """
        return self.dist != "fixed"

    @property
    def central(self) -> tuple[float, ...]:
        """The stated value, as a tuple of one number or of K shares.

        >>> Number(value=3.0).central
        (3.0,)
        """
        return self.value if isinstance(self.value, tuple) else (self.value,)

    @property
    def evidence_grade(self) -> int:
        """The grade of the evidence, the weaker of direction and size; a number without one is a guess, 6.

        >>> Ratio.model_validate(0.9).evidence_grade, Ratio(value=0.9, grade=2, source="a trial").evidence_grade
        (6, 2)
        """
        return 6 if self.grade is None else max(self.grade, self.grade_direction or self.grade)

    @property
    def centre(self) -> tuple[float, ...]:
        """What sampled rows are centred on: the stated value, for a triangular or a uniform the mean of its law.

        Reruns and checks without uncertainty take it, so that they stand where the rows do.

        >>> Probability(value=0.06, range=(0.02, 0.20), dist="triangular").centre
        (0.09333333333333334,)
        """
        return (law_of(self._asked()).mean(),) if self.dist in ("triangular", "uniform") else self.central

    def __float__(self) -> float:
        if isinstance(self.value, tuple):
            raise TypeError("a set of shares is not one number")
        return self.value

    def at(self, u: ArrayLike) -> Floats:
        """The quantile at `u`, in the unit of the value.

        Args:
            u: probabilities in the open interval 0 to 1, any shape; [..., K] for K shares, one for each share.

        Returns:
            Values in the shape of `u`.

        Raises:
            NotAllowed: a probability of 0 or 1 or outside, or a last axis that is not K.

        >>> Ratio(value=0.69, ci95=(0.55, 0.86)).at([0.025, 0.975]).round(6)
        array([0.55, 0.86])
        """
        points = np.asarray(u, dtype=np.float64)
        if not np.all((points > 0) & (points < 1)):
            raise NotAllowed("a probability of 0 or 1 or outside", "between 0 and 1, ends left out")
        if isinstance(self.value, tuple) and points.shape[-1:] != (len(self.value),):
            raise NotAllowed(f"points of shape {points.shape}", f"a last axis of {len(self.value)} shares")
        return law_of(self._asked()).at(points)

    def share_at(self, share: int, u: float) -> tuple[float, ...]:
        """All shares when one of them is at its own quantile and the others keep their proportions.

        Args:
            share: which share, counted from 0.
            u: probability in the open interval 0 to 1.

        Returns:
            K shares with sum 1; a share of 0 or 1 does not move. Source: the margin of a Dirichlet is Beta(a[k], sum of
            the others).

        >>> tuple(round(x, 4) for x in Shares(value=[0.5, 0.3, 0.2], n=100).share_at(0, 0.9))
        (0.564, 0.2616, 0.1744)
        """
        parts = law_of(self._asked()).parameters
        if not 0 < self.central[share] < 1:
            return self.central
        moved = float(Law("beta", (parts[share], math.fsum(parts) - parts[share])).at(np.array(u)))
        rest = (1 - moved) / (1 - self.central[share])
        return tuple(moved if k == share else x * rest for k, x in enumerate(self.central))

    def fit(self) -> Fit:
        """What the law gives beside what was asked.

        Returns:
            The fit; `poor` is a warning, an impossible quantity never gets this far.

        >>> fit = Probability(value=0.05, ci95=(0.01, 0.20)).fit()
        >>> print(f"{fit.message}; better: {fit.better}")
        asked 0.01 to 0.2, a beta with that mean gives 0.00626 to 0.135; better: lognormal
        """
        return fit(self._asked())

    def outside(self) -> float:
        """The share of the law outside the limits; it is left out, and the rest stands for the whole.

        >>> f"{Amount(value=3, se=0.8).outside():.2g}"
        '8.8e-05'
        """
        return outside(self._asked())

    def provenance_faults(self) -> list[NotAllowed]:
        """What is missing between this number and its evidence; empty when nothing is.

        An uncertain number needs a grade; grades 1 to 5 need a source and what it supports; grade 6 needs a `why`, or
        a source that says "expert guess". A fixed number needs nothing, but a grade of 1 to 5 needs its source.

        >>> print(*Ratio(value=0.9, ci95=(0.8, 1.0)).provenance_faults())
        found an uncertain number without a grade; allowed 1 (UK randomised trial) to 6 (expert guess)
        """
        if self.grade is None:
            absent = NotAllowed("an uncertain number without a grade", "1 (UK randomised trial) to 6 (expert guess)")
            return [absent] if self.is_uncertain else []
        if self.grade == 6:
            explained = self.why or "expert guess" in (self.source or "").lower()
            wish = NotAllowed("grade 6 without a reason", 'a `why`, or a source that says "expert guess"')
            return [wish] if self.is_uncertain and not explained else []
        wanted = ("source", "supports") if self.is_uncertain else ("source",)
        return [
            NotAllowed(f"grade {self.grade} without `{key}`", f"grade 6, or say {_ASKS[key]}")
            for key in wanted
            if not getattr(self, key)
        ]

    # ------------------------------------------------------------------------------------- the rules

    def _check_shape(self) -> None:
        if isinstance(self.value, tuple):
            raise NotAllowed(f"a list of {len(self.value)} numbers", "one number", "lists are for shares and samples")

    def _asked(self) -> Spread:
        key = next(iter(self._written()), None)
        given = () if key is None else getattr(self, key)
        return Spread(self.dist, self.central, key, given if isinstance(given, tuple) else (given,), self.limits)

    def _written(self) -> list[str]:
        return [key for key in SPREAD_KEYS if getattr(self, key) is not None]

    # --------------------------------------------------------------------------------- editor schema

    @classmethod
    def __get_pydantic_json_schema__(cls, core_schema: CoreSchema, inner: GetJsonSchemaHandler, /) -> JsonSchemaValue:
        table = inner.resolve_ref_schema(inner(core_schema))
        alone = cls._value_schema()
        value = {**alone, "description": "the stated value"}
        in_short = (cls.__doc__ or "").partition("\n")[0]
        claimed = {"anyOf": [alone, {"type": "object"}], "description": table["properties"]["claimed"]["description"]}
        properties = {**table["properties"], "value": value, "claimed": claimed}
        full = {**table, "description": in_short, "properties": properties}
        return {"anyOf": [alone, full], "title": cls.__name__, "description": in_short}

    @classmethod
    def _value_schema(cls) -> JsonSchemaValue:
        return {"type": "number"}


class Number(Quantity):
    """Any number; with a spread it is normal.

    >>> Number(value=-96, ci95=(-512, 321)).dist
    'normal'
    """


class Amount(Number):
    """How many or how much of something, 0 or more: posts, beds, hours; with a spread it is normal.

    >>> Amount(value=3, se=0.5).dist
    'normal'
    """

    limits = Limits(0)


class Change(Number):
    """A share more or less, above -1, since more than all cannot go: 0.2 is 20 % more; with a spread it is normal.

    >>> Change(value=0.2, se=0.1).dist
    'normal'
    """

    limits = Limits(-1, open_low=True)


class Ratio(Quantity):
    """A ratio of rates, hazards or odds, above 0; with a spread it is lognormal.

    >>> Ratio(value=0.69, ci95=(0.55, 0.86)).dist
    'lognormal'
    """

    spread_dist = "lognormal"
    limits = Limits(0, open_low=True)


class Times(Ratio):
    """So many times a rate or a length, 0 or more: 0 is never; with a spread it is lognormal, above 0.

    >>> float(Times.model_validate(0)), Times(value=1.3, ci95=(1.1, 1.5)).dist
    (0.0, 'lognormal')
    """

    limits = Limits(0)


class Probability(Quantity):
    """A probability or a share of people, 0 to 1; with a spread it is beta.

    >>> Probability(value=0.65, n=43).fit().parameters
    (27.95, 15.049999999999999)
    """

    spread_dist = "beta"
    limits = Limits(0, 1)


class Cost(Quantity):
    """Pounds, 0 or more; with a spread it is gamma.

    >>> Cost(value=40, ci95=(35, 50), unit="pounds per contact", price_year="2023/24").dist
    'gamma'
    """

    spread_dist = "gamma"
    limits = Limits(0)


class Rate(Quantity):
    """A rate per unit of time, 0 or more; with a spread it is gamma.

    >>> Rate(value=0.173, ci95=(0.150, 0.195), unit="per person-year").dist
    'gamma'
    """

    spread_dist = "gamma"
    limits = Limits(0)


class Days(Quantity):
    """A length of time in days, 0 or more; with a spread it is gamma.

    >>> Days.model_validate(8.5).dist
    'fixed'
    """

    spread_dist = "gamma"
    limits = Limits(0)


class Shares(Quantity):
    """Shares with sum 1, such as the mix of health states; with `n` they are a Dirichlet.

    >>> Shares(value=[0.52, 0.35, 0.13], n=1000).fit().parameters
    (520.0, 350.0, 130.0)
    """

    spread_dist = "dirichlet"
    limits = Limits(0, 1)

    def _check_shape(self) -> None:
        if not isinstance(self.value, tuple):
            raise NotAllowed(repr(self.value), "a list of shares", "write [1.0] for a single one")
        check_sum(self.value)

    @classmethod
    def _value_schema(cls) -> JsonSchemaValue:
        return {"type": "array", "items": {"type": "number"}}


_ASKS = {"source": "where the number comes from", "supports": "what the source says"}
