"""Rules with different triggers collide only on calendar days; what each record's window is."""

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from tests.models.retention.test_resolver import rule, series
from workbench.models.retention.resolver import resolve
from workbench.models.retention.windows import crossing, disposal_window

TODAY = date(2026, 11, 24)
TRIGGERS = ("record_made", "contract_end", "last_use")
one_rule = st.tuples(
    st.sampled_from(("minimum", "maximum")), st.integers(1, 4_000), st.sampled_from(TRIGGERS)
)


def law(rows: list[tuple[str, int, str]]) -> list:
    return [
        rule(f"R{n}", kind, f"P{days}D", trigger=trigger)
        for n, (kind, days, trigger) in enumerate(rows)
    ]


@given(st.lists(one_rule, min_size=1, max_size=6))
def test_what_crosses_is_the_longest_minimum_against_the_shortest_maximum(rows) -> None:
    found = crossing(resolve(series(), law(rows), as_of=TODAY))
    least = [(days, trigger) for kind, days, trigger in rows if kind == "minimum"]
    most = [(days, trigger) for kind, days, trigger in rows if kind == "maximum"]
    within = any(a > b and t == u for a, t in least for b, u in most)
    across = any(a > b and t != u for a, t in least for b, u in most)
    assert (found is not None) == (across and not within)
    if found is not None:
        assert found.verdict == "conflict"
        assert found.overriding is None  # no maximum here excepts what law requires
        assert found.not_before == TODAY + timedelta(days=max(days for days, _ in least))
        assert found.not_after == TODAY + timedelta(days=min(days for days, _ in most))


@given(
    st.lists(one_rule, min_size=1, max_size=6),
    st.dictionaries(st.sampled_from(TRIGGERS), st.dates(date(2015, 1, 1), TODAY), min_size=1),
)
def test_a_record_never_goes_before_the_last_of_its_minima(rows, happened) -> None:
    window = disposal_window(resolve(series(), law(rows), as_of=TODAY), happened)
    least = [(days, trigger) for kind, days, trigger in rows if kind == "minimum"]
    most = [(days, trigger) for kind, days, trigger in rows if kind == "maximum"]
    if any(trigger not in happened for _, trigger in least):
        assert (window.not_before, window.not_after) == (None, None)
        assert "has not happened" in window.reason
        return
    ends = [happened[trigger] + timedelta(days=days) for days, trigger in least]
    limits = [happened[trigger] + timedelta(days=days) for days, trigger in most if trigger in happened]  # fmt: skip
    assert window.not_before == max(ends, default=None)
    assert window.not_after == min(limits, default=None)
    collides = bool(ends and limits) and max(ends) > min(limits)
    assert (window.verdict == "conflict") == collides


def test_a_hold_suspends_every_window_and_an_exception_lets_the_minimum_win() -> None:
    rows = law([("minimum", 2_000, "contract_end"), ("maximum", 100, "record_made")])
    lenient = [rows[0], rule("MAX", "maximum", "P100D", yields_to_legal_duty=True)]
    found = crossing(resolve(series(), lenient, as_of=TODAY))
    assert found is not None
    assert found.overriding is lenient[0]
    held = disposal_window(resolve(series(on_hold=True), rows, as_of=TODAY), {"contract_end": TODAY, "record_made": TODAY})  # fmt: skip
    assert (held.not_before, held.reason) == (None, "legal hold: disposal is suspended")
    assert crossing(resolve(series(on_hold=True), rows, as_of=TODAY)) is None
    apart = {"contract_end": date(2020, 1, 1), "record_made": date(2026, 1, 1)}
    assert disposal_window(resolve(series(), rows, as_of=TODAY), apart).verdict == "feasible"
