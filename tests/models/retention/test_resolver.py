from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.errors import InputError
from workbench.models.retention.periods import Period
from workbench.models.retention.resolver import RecordSeries, resolve
from workbench.models.retention.rules import Rule, rule_from_row
from workbench.models.retention.windows import disposal_window
from workbench.reference import read_table

TODAY = date(2026, 11, 24)
RULES = [rule_from_row(row) for row in read_table("retention_rules")]


def series(**changes) -> RecordSeries:
    base = {
        "store": "content/chat",
        "record_classes": frozenset({"communications"}),
        "jurisdictions": frozenset({"US"}),
        "sectors": frozenset({"finance"}),
        "holders": frozenset({"broker_dealer"}),
    }
    return RecordSeries(**(base | changes))


def rule(rule_id: str, kind: str, period: str | None, **changes) -> Rule:
    base = {
        "rule_id": rule_id,
        "citation": f"law of {rule_id}",
        "jurisdiction": "US",
        "sector": "all",
        "holder": "broker_dealer",
        "record_class": "communications",
        "kind": kind,
        "period": Period.parse(period) if period else None,
        "trigger": "record_made",
        "confidence": "confirmed",
    }
    return Rule(**(base | changes))


def test_customer_chats_of_a_broker_dealer_are_kept_three_calendar_years() -> None:
    [band] = resolve(series(), RULES, as_of=TODAY).bands
    assert band.verdict == "feasible"
    assert band.lower is not None
    assert band.lower.rule_ids == ("RET-19",)
    # Three years from 1 March 2024 to 28 February 2027 hold no leap day, others hold one.
    assert band.lower.days == 1096
    assert band.upper is None


def test_ai_act_logs_bind_nothing_while_their_date_is_unverified() -> None:
    answer = resolve(
        series(
            record_classes=frozenset({"event_logs"}),
            jurisdictions=frozenset({"EU"}),
            holders=frozenset({"high_risk_ai_deployer"}),
        ),
        RULES,
        as_of=date(2028, 1, 1),
    )
    assert answer.bands == ()
    assert answer.verdict == "no number in law"
    assert [(r.rule_id, why) for r, why in answer.not_binding] == [("RET-05", "unverified")]


def test_personal_data_has_no_number_in_law_and_the_owner_is_asked() -> None:
    answer = resolve(
        series(
            record_classes=frozenset({"personal_data"}),
            jurisdictions=frozenset({"EU"}),
            holders=frozenset({"controller"}),
            region="US",
        ),
        RULES,
        as_of=TODAY,
    )
    assert answer.verdict == "no number in law"
    subjects = {(finding.subject, finding.verdict) for finding in answer.findings}
    # Art. 17 is a deadline of 31 days at most, and never a bound.
    assert ("response_deadline", "to do") in subjects
    assert ("place", "fail") in subjects
    assert ("stated period", "to do") in subjects
    assert all(band.upper is None for band in answer.bands)


def test_rules_of_two_triggers_never_meet_in_one_band() -> None:
    rules = [
        rule("A", "minimum", "P6Y"),
        rule("B", "maximum", "P2Y", trigger="last_use", yields_to_legal_duty=True),
    ]
    answer = resolve(series(), rules, as_of=TODAY)
    assert [band.verdict for band in answer.bands] == ["feasible", "feasible"]


def test_rules_that_bind_another_holder_never_meet_in_one_band() -> None:
    rules = [rule("A", "minimum", "P6Y"), rule("B", "maximum", "P2Y", holder="processor")]
    [band] = resolve(series(), rules, as_of=TODAY).bands
    assert band.lower is not None
    assert band.upper is None


def test_glba_yields_to_a_record_rule_of_the_same_trigger_and_says_why() -> None:
    rules = [
        rule("FINRA", "minimum", "P6Y"),
        rule("GLBA", "maximum", "P2Y", yields_to_legal_duty=True),
    ]
    [band] = resolve(series(), rules, as_of=TODAY).bands
    assert band.verdict == "conflict"
    assert band.overriding is not None
    assert band.overriding.rule_id == "FINRA"
    assert "minimum 2192 days against maximum 730 days" in band.reason


def test_a_maximum_without_an_exception_has_no_winner() -> None:
    rules = [rule("A", "minimum", "P1Y"), rule("B", "maximum", "P0D")]
    [band] = resolve(series(), rules, as_of=TODAY).bands
    assert band.verdict == "conflict"
    assert band.overriding is None


def test_the_glba_maximum_and_the_finra_minimum_collide_once_the_dates_are_known() -> None:
    answer = resolve(
        series(
            record_classes=frozenset({"customer_information", "books_and_records"}),
            holders=frozenset({"non_bank_financial_institution", "member_firm"}),
        ),
        RULES,
        as_of=TODAY,
    )
    window = disposal_window(
        answer, {"record_made": date(2024, 2, 29), "last_use": date(2024, 6, 1)}
    )
    assert window.not_before == date(2030, 2, 28)
    assert window.not_after == date(2026, 6, 1)
    assert window.verdict == "conflict"
    assert window.overriding is not None
    assert window.overriding.rule_id == "RET-20"


def test_an_open_swap_is_kept_without_a_date() -> None:
    answer = resolve(
        series(
            record_classes=frozenset({"swap_records"}),
            holders=frozenset({"futures_firm_or_swap_dealer"}),
        ),
        RULES,
        as_of=TODAY,
    )
    assert disposal_window(answer, {}).not_before is None
    closed = disposal_window(answer, {"swap_ended": date(2026, 1, 31)})
    assert closed.not_before == date(2031, 1, 31)


def test_a_legal_hold_overrides_every_window() -> None:
    answer = resolve(series(on_hold=True), RULES, as_of=TODAY)
    window = disposal_window(answer, {"sent_or_received": date(2001, 1, 1)})
    assert not answer.may_dispose
    assert window.not_before is None
    assert "legal hold" in window.reason


@pytest.mark.parametrize(("as_of", "binds"), [(date(2025, 9, 30), 0), (date(2025, 10, 1), 1)])
def test_a_rule_binds_from_its_first_day_in_force(as_of: date, binds: int) -> None:
    answer = resolve(
        series(
            record_classes=frozenset({"automated_decision_data"}),
            jurisdictions=frozenset({"US-CA"}),
            sectors=frozenset({"employment"}),
            holders=frozenset({"employer"}),
        ),
        RULES,
        as_of=as_of,
    )
    assert len(answer.bands) == binds


def test_the_seven_years_of_mifid_bind_only_once_the_authority_has_asked() -> None:
    firm = {"jurisdictions": frozenset({"EU"}), "holders": frozenset({"investment_firm"})}
    [plain] = resolve(series(**firm), RULES, as_of=TODAY).bands
    asked = series(**firm, conditions=frozenset({"authority_request"}))
    [longer] = resolve(asked, RULES, as_of=TODAY).bands
    assert plain.lower is not None
    assert longer.lower is not None
    assert (plain.lower.rule_ids, longer.lower.rule_ids) == (("RET-23b",), ("RET-23c",))


def test_a_stated_period_below_the_minimum_fails() -> None:
    [finding] = [
        one
        for one in resolve(series(stated_days=90), RULES, as_of=TODAY).findings
        if one.subject == "stated period"
    ]
    assert finding.verdict == "fail"
    assert finding.rule is not None
    assert finding.rule.rule_id == "RET-19"


def test_a_series_without_a_holder_is_refused() -> None:
    with pytest.raises(InputError, match="no holders"):
        resolve(series(holders=frozenset()), RULES, as_of=TODAY)


@given(
    periods=st.lists(st.sampled_from(["P30D", "P6M", "P1Y", "P6Y"]), min_size=1),
    extra=st.sampled_from(["P30D", "P6M", "P1Y", "P7Y"]),
    start=st.dates(date(2001, 1, 1), date(2060, 1, 1)),
)
def test_another_minimum_never_brings_disposal_forward(
    periods: list[str], extra: str, start: date
) -> None:
    rules = [rule(f"R{n}", "minimum", text) for n, text in enumerate(periods)]
    more = [*rules, rule("extra", "minimum", extra)]
    windows = [
        disposal_window(resolve(series(), known, as_of=TODAY), {"record_made": start})
        for known in (rules, more)
    ]
    assert windows[0].not_before is not None
    assert windows[1].not_before is not None
    assert windows[0].not_before <= windows[1].not_before


@given(
    text=st.sampled_from(["P30D", "P1M", "P6M", "P25M", "P6Y", "P10Y"]),
    start=st.dates(date(1970, 1, 1), date(2080, 1, 1)),
)
def test_the_longest_and_shortest_days_enclose_every_calendar_period(
    text: str, start: date
) -> None:
    period = Period.parse(text)
    end = period.after(start)
    assert start + timedelta(days=period.shortest_days) <= end
    assert end <= start + timedelta(days=period.longest_days)
