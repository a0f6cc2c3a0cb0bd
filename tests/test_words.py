"""Two lives in words: what is the same is told once, what differs is marked, nothing is lost."""

from __future__ import annotations

from typing import Any

import pytest
from village import village

from simulator.activity.results import TraceEntry
from simulator.errors import RunError
from simulator.running.trace import trace_text
from simulator.running.trace_words import Moment, Names, Pair, folded, lives_in_words, side_by_side, tell, when

NAMES = Names(("GP", "A&E", "Hospital ward"), ("Home care", "Walks"), ("gp", "ae"), ("fit", "frail"), frozenset({"GP"}))
VISIT: list[TraceEntry] = [(3.0, 7, "enters", (0, 3.02)), (3.02, 7, "goes home", 0)]
ADMITTED: list[TraceEntry] = [
    (9.0, 7, "enters", (1, 9.25)),
    (9.25, 7, "enters", (2, 12.25)),
    (12.25, 7, "held", 2),
    (14.25, 7, "goes home", 2),
]


def whats(said: list[TraceEntry]) -> list[str]:
    return [moment.what for moment in tell(said, NAMES)]


def test_a_journey_is_one_moment_with_the_time_held_apart() -> None:
    assert whats(ADMITTED) == ["A&E 6 hours, then Hospital ward 5 days (2 days of it held: no way on)"]


def test_a_death_in_hospital_ends_the_journey() -> None:
    assert whats([ADMITTED[0], (9.1, 7, "dies", None)]) == ["A&E 2 hours, and dies"]


def test_a_stay_cut_by_the_horizon_is_said_to_go_on() -> None:
    assert whats([ADMITTED[0], ADMITTED[1]]) == ["A&E 6 hours, then Hospital ward 3 days, still there at the end"]


@pytest.mark.parametrize(
    ("what", "which", "words"),
    [
        ("moves away", None, "moves away"),
        ("dies", None, "dies"),
        ("health", 1, "health is now: frail"),
        ("flare", 31.0, "a bad spell begins, 30 days"),
        ("met elsewhere", (1, 1), "ae need met by Walks"),
        ("waits", 0, "waits at home for GP"),
        ("gives up waiting", 0, "gives up waiting for GP"),
        ("refuses", 1, "declines Walks"),
        ("listed", 0, "joins the waiting list of Home care"),
        ("starts", 1, "starts Walks"),
        ("completions", 1, "completes Walks"),
        ("drop_outs", 1, "drops out of Walks"),
        ("lapses", 0, "comes off Home care"),
        ("referral lapses", 0, "is taken off the waiting list for Home care"),
        ("volunteers", 1, "becomes a volunteer of Walks"),
    ],
)
def test_everything_the_engine_says_has_words(what: str, which: Any, words: str) -> None:
    assert whats([(1.0, 7, what, which)]) == [words]


def test_what_happens_during_a_stay_keeps_its_place_in_time() -> None:
    said = [ADMITTED[0], (9.1, 7, "health", 1), ADMITTED[1], (12.25, 7, "goes home", 2), (20.0, 7, "dies", None)]
    assert whats(said) == ["A&E 6 hours, then Hospital ward 3 days", "health is now: frail", "dies"]


def test_the_same_journey_with_another_stay_is_marked_as_different() -> None:
    shorter = [*ADMITTED[:2], (10.25, 7, "goes home", 2)]
    (pair,) = side_by_side(tell(ADMITTED, NAMES), tell(shorter, NAMES))
    assert pair.mark == "≠"


def test_two_things_at_one_moment_meet_their_equals() -> None:
    left = [Moment(1, 1, "declines Walks"), Moment(1, 1, "dies")]
    marks = [pair.mark for pair in side_by_side(left, [Moment(1, 1, "dies")])]
    assert sorted(marks) == ["<", "="]


def test_folding_loses_no_visit_and_never_crosses_a_difference() -> None:
    visit = Moment(1, 1.02, "GP 29 minutes", "GP", (("GP", 0.02),))
    pairs = [Pair(visit, visit), Pair(visit, visit), Pair(visit, None), Pair(visit, visit)]
    shown = folded(pairs)
    assert [pair.mark for pair in shown] == ["=", "<", "="]
    assert sum(len(pair.moment.stops) for pair in shown) == 4


def test_routine_visits_to_several_places_are_told_as_one_and_emergencies_never() -> None:
    visits = [VISIT[0], VISIT[1], (4.0, 7, "enters", (1, 4.5)), (4.5, 7, "goes home", 1), (5.0, 7, "enters", (0, 5.02))]
    life = tell([*visits, (5.02, 7, "goes home", 0)], NAMES)
    assert [pair.moment.what for pair in folded(side_by_side(life, life))] == [
        "GP 29 minutes",
        "A&E 12 hours",
        "GP 29 minutes",
    ]
    clinic = Moment(6, 6.02, "clinic 29 minutes", "clinic")
    (pair,) = folded(side_by_side([life[0], life[2], clinic], [life[0], life[2], clinic]))
    assert pair.moment.what == "GP × 2, clinic × 1, until year 0, day 6"


def test_days_before_the_start_are_counted_back() -> None:
    assert [when(-0.5), when(-365.0), when(0.0), when(730.5)] == [
        "1 day before", "365 days before", "year 0, day 0", "year 2, day 0",
    ]  # fmt: skip


def test_a_life_that_differs_in_nothing_says_so() -> None:
    text = lives_in_words(village(), "walks", (VISIT, VISIT))
    assert "The two lives are the same to the last bit." in text
    assert "GP: 1 visit, 29 minutes in both" in text


def test_long_sentences_are_wrapped_inside_their_column() -> None:
    text = lives_in_words(village(), "walks", (ADMITTED, []), columns=70)
    assert max(map(len, text.splitlines()[1:-1])) <= 70


def test_a_programme_without_effect_changes_no_care() -> None:
    text = trace_text(village("programmes.walks.effects={}"), person=1, people=20)
    care = [line for line in text.splitlines() if line.startswith(("GP:", "A&E:", "Hospital ward:"))]
    assert care and all(line.endswith("in both") for line in care)


def test_the_person_shown_is_one_whose_care_differs() -> None:
    text = trace_text(village("programmes.walks.effects.ae.calibrated=0.2"), people=40)
    assert "starts Walks" in text
    assert any(" in usual care; " in line for line in text.splitlines())


def test_unknown_people_and_arms_are_refused() -> None:
    with pytest.raises(RunError, match="allowed 0 to 19"):
        trace_text(village(), person=20, people=20)
    with pytest.raises(RunError, match="did you mean walks"):
        trace_text(village(), person=1, people=20, arm="walk")
    with pytest.raises(RunError, match="nobody among 20 people starts"):
        trace_text(village("programmes.walks.uptake=0.0"), people=20)
