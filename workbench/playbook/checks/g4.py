"""Stage 4, money: prices dated and fresh, invoices met, envelopes under stress, ways out."""

from datetime import timedelta
from typing import Any

import numpy as np

from workbench.models.readiness.controls import concentration
from workbench.playbook.checks.g5 import compared_upgrade
from workbench.playbook.evidence import Case, Finding, judged, need

SHEET_AGE_DAYS = 30
RISE_WINDOW_DAYS = 90
INVOICE_PASS, INVOICE_WARN = 0.02, 0.05
STRESS_DAYS = 60
STRESSES = {"as is": 1.0, "price x2": 2.0, "tokenizer x1.35": 1.35}
BACKUP_SHARE, SHADOW_CASES = 0.01, 200
EXIT_TESTED_DAYS = 365
CONCENTRATION_LIMIT = 0.5

PRICED_SQL = """
SELECT price_status, count(*) AS requests FROM priced_usage
WHERE feature = $feature AND started_at >= $since AND started_at < $until
GROUP BY 1 ORDER BY 1
"""

SHEET_AGE_SQL = """
SELECT max(CAST(known_from AS DATE)) AS known_on, max(retrieved_on) AS retrieved_on,
       count(*) AS price_rows
FROM price_book WHERE layer <> 'witness' AND (effective_from IS NOT NULL OR layer <> 'history')
"""

SCHEDULED_SQL = """
SELECT DISTINCT book.provider, book.model, CAST(book.effective_from AS DATE) AS effective_on
FROM price_book AS book
WHERE book.layer <> 'witness' AND CAST(book.effective_from AS DATE) > $day AND CAST(book.effective_from AS DATE) <= $last_day
ORDER BY 3, 1, 2
"""

LOG_COST_SQL = """
SELECT provider, strftime(day, '%Y-%m') AS month,
       CAST(sum(contract_cost_usd) AS DOUBLE) AS cost_usd,
       CAST(sum(unpriced_requests) AS BIGINT) AS unpriced
FROM daily_cost GROUP BY 1, 2 ORDER BY 1, 2
"""

INVOICED_SQL = """
SELECT provider, month, CAST(sum(billed_cost_usd) AS DOUBLE) AS invoice_usd
FROM invoice_line WHERE kind = 'usage' GROUP BY 1, 2 ORDER BY 1, 2
"""

FEATURE_COST_SQL = """
SELECT day, CAST(sum(contract_cost_usd) AS DOUBLE) AS cost_usd,
       CAST(sum(unpriced_requests) AS BIGINT) AS unpriced
FROM daily_cost WHERE feature = $feature AND day >= $first_day AND day <= $last_day
GROUP BY 1 ORDER BY 1
"""

PROVIDER_SHARE_SQL = """
SELECT provider, count(*) AS requests FROM usage
WHERE feature = $feature AND environment = 'production' AND NOT is_aggregate
  AND started_at >= $since AND started_at < $until
GROUP BY 1 ORDER BY 1
"""

SPEND_SQL = """
SELECT provider, CAST(sum(contract_cost_usd) AS DOUBLE) AS cost_usd FROM daily_cost
WHERE day >= $first_day AND day <= $last_day GROUP BY 1 ORDER BY 1
"""


def prices_are_dated(case: Case) -> Finding:
    """G4-01: every request of 30 days has its price, the book is fresh, rises ahead are shown."""
    statuses = {row["price_status"]: row["requests"] for row in case.rows(PRICED_SQL, days=30)}
    need(statuses, "no usage in the last 30 days")
    lost = sum(statuses.get(word, 0) for word in ("unpriced", "partial"))
    book = case.rows(SHEET_AGE_SQL)[0]
    need(book["price_rows"], "the price book is empty")
    dates = [day for day in (book["retrieved_on"], book["known_on"]) if day]
    need(dates, "the price book does not say when it was read")
    age = max(0, case.days_since(book["retrieved_on"] or book["known_on"]))
    ahead = case.rows(
        SCHEDULED_SQL, day=case.as_of, last_day=case.as_of + timedelta(days=RISE_WINDOW_DAYS)
    )
    coming = ", ".join(f"{row['model']} on {row['effective_on']}" for row in ahead[:3])
    text = f"{lost} of {sum(statuses.values())} requests lack a price, book read {age} days ago"
    return judged(
        not lost and age <= SHEET_AGE_DAYS,
        text + (f"; changes ahead: {coming}" if ahead else "; no change scheduled within 90 days"),
        unpriced=lost, age_days=age, scheduled=ahead,
    )  # fmt: skip


def invoice_is_met(case: Case) -> Finding:
    """G4-02: logged cost and invoice differ by at most 2 % for every provider and month.

    Invoices are the table in evidence/, else those of the store: charges for usage, without tax,
    credit or commitment.
    """
    invoices = case.optional_table("invoices") or case.rows(INVOICED_SQL) or case.table("invoices")
    logged = {(row["provider"], row["month"]): row for row in case.rows(LOG_COST_SQL)}
    gaps: dict[str, float] = {}
    for invoice in invoices:
        name = f"{invoice['provider']} {invoice['month']}"
        log = logged.get((invoice["provider"], invoice["month"]))
        need(log and log["cost_usd"] is not None, f"no logged cost for {name}")
        need(invoice["invoice_usd"] > 0, f"the invoice of {name} is not positive")
        gaps[name] = (log["cost_usd"] if log else 0.0) / invoice["invoice_usd"] - 1
    worst = max(gaps, key=lambda name: abs(gaps[name]))
    gap = abs(gaps[worst])
    return Finding(
        verdict="pass" if gap <= INVOICE_WARN else "fail", warning=gap > INVOICE_PASS,
        reason=f"{len(gaps)} invoices, largest difference {gaps[worst]:+.2%} ({worst})"
        + (", above 2 %: explain it" if INVOICE_PASS < gap <= INVOICE_WARN else ""),
        measured={"gaps": gaps},
    )  # fmt: skip


def envelope_survives_stress(case: Case) -> Finding:
    """G4-03: a month's P90, also at twice the price and with 1.35 times the tokens, fits."""
    budget = case.stated("budget.monthly_usd")
    reserve = case.dossier.budget.reserve_usd if case.dossier.budget else None
    first = case.as_of - timedelta(days=STRESS_DAYS - 1)
    days = case.rows(FEATURE_COST_SQL, first_day=first, last_day=case.as_of)
    need(len(days) >= 28, f"{len(days)} days of cost, needs 28")
    need(not any(day["unpriced"] for day in days), "some requests have no price")
    cost = np.array([day["cost_usd"] or 0.0 for day in days])
    random = np.random.default_rng(20_261_001)
    months = random.choice(cost, size=(4_000, 30)).sum(axis=1)
    p90 = float(np.quantile(months, 0.9))
    ends = {name: p90 * factor for name, factor in STRESSES.items()}
    named = reserve if reserve and case.dossier.budget and case.dossier.budget.reserve_name else 0.0
    worst = max(ends, key=lambda name: ends[name])
    return judged(
        ends[worst] <= budget + (named or 0.0),
        f"P90 of a month {p90:,.2f} USD, {ends[worst]:,.2f} USD with {worst}; "
        f"envelope {budget:,.2f} and named reserve {named or 0:,.2f} USD",
        p90_usd=ends,
    )


def backup_is_live(case: Case) -> Finding:
    """G4-07: the backup provider serves 1 % or answered 200 shadow cases, no worse than allowed."""
    backup = case.stated("backup_provider").split("/")[0].lower()
    shares = {
        row["provider"].lower(): row["requests"] for row in case.rows(PROVIDER_SHARE_SQL, days=30)
    }
    total = sum(shares.values())
    share = shares.get(backup, 0) / total if total else 0.0
    tests = [u for u in case.dossier.upgrades if u.purpose == "backup"]
    recent = [u for u in tests if u.evaluated_on and 0 <= case.days_since(u.evaluated_on) <= 30]
    need(recent, "no evaluation of the backup in the last 30 days (upgrades with purpose: backup)")
    newest = max(recent, key=lambda test: str(test.evaluated_on))
    compared = compared_upgrade(case, newest)
    quality, live = (
        compared.quality,
        share >= BACKUP_SHARE or compared.quality.pairs >= SHADOW_CASES,
    )
    if quality.verdict == "not shown" and live:
        need(False, f"quality not shown: {quality.pairs} pairs, needs {quality.pairs_needed}")
    return judged(
        live and quality.verdict == "non-inferior",
        f"{share:.2%} of traffic, {quality.pairs} shadow cases, {quality.verdict} "
        f"(lower bound {quality.lower_bound:+.1%}, margin {quality.margin:.0%})",
        share=share, shadow_cases=quality.pairs,
    )  # fmt: skip


def exit_plan_is_tested(case: Case) -> Finding:
    """G4-08: both variants are planned and costed, tested within a year, inside the tolerance."""
    plan = case.stated("exit")
    missing = [
        key for key in ("triggers", "alternative", "data_return_format") if not getattr(plan, key)
    ]
    for name in ("stressed", "planned"):
        variant = getattr(plan, name)
        fields = ("steps", "staff", "days", "cost_usd")
        missing += [
            f"{name}.{f}" for f in fields if variant is None or getattr(variant, f) in (None, [])
        ]
    need(not missing, f"exit lacks {', '.join(missing)}")
    need(plan.impact_tolerance_hours is not None, "exit lacks impact_tolerance_hours")
    need(plan.tested_on, "the exit plan was never tested (tested_on)")
    need(plan.measured_migrate_hours is not None, "exit lacks measured_migrate_hours")
    age = case.days_since(plan.tested_on)
    return judged(
        0 <= age <= EXIT_TESTED_DAYS and plan.measured_migrate_hours <= plan.impact_tolerance_hours,
        f"tested {age} days ago, took {plan.measured_migrate_hours:g} h, "
        f"tolerance {plan.impact_tolerance_hours:g} h",
        age_days=age,
    )


def exit_is_affordable(case: Case) -> Finding:
    """G4-09: the P90 of the cost of leaving is within the reserve; payback is computed."""
    cost = _exit_cost(case)
    need(cost["reserve_usd"] is not None, "no reserve is stated for leaving")
    need(cost["annual_savings_usd"] is not None, "no annual savings are stated: no payback")
    savings = cost["annual_savings_usd"]
    payback = cost["p50_usd"] / savings if savings > 0 else None
    years = f"payback {payback:.1f} years" if payback is not None else "never pays back"
    return judged(
        cost["p90_usd"] <= cost["reserve_usd"],
        f"P90 {cost['p90_usd']:,.0f} USD, reserve {cost['reserve_usd']:,.0f} USD, {years}",
        payback_years=payback,
    )


def _exit_cost(case: Case) -> dict[str, Any]:
    plan = case.dossier.exit
    rows = case.optional_table("exit_costs")
    if rows:
        newest = rows[-1]
        reserve = (
            newest["reserve_usd"]
            if newest["reserve_usd"] is not None
            else plan and plan.reserve_usd
        )
        return {**newest, "reserve_usd": reserve}
    case.stated("exit")
    need(
        plan and plan.cost_p50_usd is not None and plan.cost_p90_usd is not None,
        "no cost of leaving: run the exit model into evidence/exit_costs.csv or state exit.cost_p90_usd",
    )
    return {
        "p50_usd": plan.cost_p50_usd if plan else None, "p90_usd": plan.cost_p90_usd if plan else None,
        "reserve_usd": plan.reserve_usd if plan else None,
        "annual_savings_usd": plan.annual_savings_usd if plan else None,
    }  # fmt: skip


def concentration_is_accepted(case: Case) -> Finding:
    """G4-10: concentration of 90 days' spend by provider and cloud is known; above 0.5 accepted."""
    first = case.as_of - timedelta(days=89)
    rows = case.rows(SPEND_SQL, first_day=first, last_day=case.as_of)
    spend = {row["provider"]: row["cost_usd"] for row in rows if row["cost_usd"]}
    need(spend, "no priced spend in the last 90 days")
    clouds = {
        d.provider: d.cloud
        for x in case.evidence.dossiers
        for d in x.dependencies
        if d.provider and d.cloud
    }
    unknown = sorted(set(spend) - set(clouds))
    need(not unknown, f"no dossier says which cloud is behind {', '.join(unknown)}")
    behind: dict[str, float] = {}
    for provider, usd in spend.items():
        behind[str(clouds[provider])] = behind.get(str(clouds[provider]), 0.0) + usd
    critical: dict[str, float] = {}
    for dossier in case.evidence.dossiers:
        if dossier.critical:
            for provider in {d.provider for d in dossier.dependencies if d.provider}:
                critical[provider] = critical.get(provider, 0.0) + 1
    found = {"spend by provider": concentration(spend), "spend by cloud": concentration(behind)}
    if critical:
        found["critical features by provider"] = concentration(critical)
    accepted = any(
        risk.kind == "concentration" and risk.until >= case.as_of
        for risk in case.dossier.accepted_risks
    )
    text = ", ".join(f"{name} {value:.2f}" for name, value in found.items())
    high = max(found.values()) > CONCENTRATION_LIMIT
    note = ", accepted" if high and accepted else ", not accepted" if high else ""
    return judged(not high or accepted, f"HHI of {text}{note}", hhi=found)


CHECKS = {
    "G4-01": prices_are_dated, "G4-02": invoice_is_met, "G4-03": envelope_survives_stress,
    "G4-07": backup_is_live, "G4-08": exit_plan_is_tested, "G4-09": exit_is_affordable,
    "G4-10": concentration_is_accepted,
}  # fmt: skip
