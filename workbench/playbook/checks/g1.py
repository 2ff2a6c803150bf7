"""Stage 1, hosting: chosen on numbers, inside the allowed regions, on a model that lasts."""

from datetime import date

from workbench.models.hosting.placement import inside
from workbench.playbook.evidence import Case, Finding, judged, need
from workbench.reference import read_table

MIN_LIFE_DAYS = 180
VOLUMES = ("p10_usd", "p50_usd", "p90_usd")

REGIONS_SQL = """
SELECT provider, coalesce(region, '') AS region, count(*) AS requests
FROM usage
WHERE feature = $feature AND environment = 'production'
  AND started_at >= $since AND started_at < $until
GROUP BY 1, 2 ORDER BY 1, 2
"""

MODELS_SQL = """
SELECT provider, coalesce(requested_model, model) AS requested, model, count(*) AS requests
FROM usage
WHERE feature = $feature AND environment = 'production'
  AND started_at >= $since AND started_at < $until
GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
"""

BOOK_ALIASES_SQL = """
SELECT DISTINCT model FROM price_book
WHERE layer <> 'witness' AND json_extract_string(conditions, '$.alias') = 'true' ORDER BY model
"""


def hosting_choice_is_sound(case: Case) -> Finding:
    """G1-01: no option is cheaper at the P50 volume than the chosen one, or an exception runs."""
    hosting = case.stated("hosting")
    need(hosting.chosen, "hosting.chosen does not name an option")
    options = {row["option"]: row for row in case.table("hosting_options")}
    need(
        hosting.chosen in options, f"evidence/hosting_options.csv has no option {hosting.chosen!r}"
    )
    need(len(options) > 1, "only one option was costed; there is nothing to compare it with")
    mine = options.pop(hosting.chosen)
    cheaper = [name for name, row in options.items() if row["p50_usd"] < mine["p50_usd"]]
    always = [name for name in cheaper if all(options[name][k] <= mine[k] for k in VOLUMES)]
    until = hosting.exception_until
    approved = hosting.exception_approved_by and until and until >= case.as_of
    text = f"{hosting.chosen} costs {mine['p50_usd']:,.2f} USD at P50"
    if cheaper:
        text += f", {', '.join(cheaper)} less" + (" at every volume" if always else "")
    if cheaper and approved:
        text += f"; exception by {hosting.exception_approved_by} until {until}"
    return judged(not cheaper or bool(approved), text, cheaper_at_p50=cheaper)


def utilisation_is_credible(case: Case) -> Finding:
    """G1-02: GPU hours used over hours paid reach the break-even utilisation."""
    rows = case.table("gpu_hours")
    used, paid = (sum(row[key] for row in rows) for key in ("hours_used", "hours_paid"))
    need(paid > 0, "no GPU hours are paid for")
    share, needed = used / paid, max(row["break_even_utilization"] for row in rows)
    need(0 < needed <= 1, f"break-even utilisation must be a share, got {needed:g}")
    return judged(
        share >= needed, f"utilisation {share:.1%}, break-even {needed:.1%}", utilization=share
    )


def residency_holds(case: Case) -> Finding:
    """G1-03: endpoint, log sink, vector store and backup stay inside the allowed regions."""
    allowed = {region.lower() for region in case.stated("allowed_regions")}
    seen = case.rows(REGIONS_SQL, days=30)
    need(seen, "no production usage in the last 30 days")
    unknown = sum(row["requests"] for row in seen if not row["region"])
    hops = [(f"endpoint {row['provider']}", row["region"]) for row in seen if row["region"]]
    hops += [
        (d.name or d.kind, r)
        for d in case.dossier.dependencies
        for r in (d.region, *d.regions)
        if r
    ]
    hops += [(row["hop"], row["region"]) for row in case.optional_table("hops") or []]
    outside = [f"{hop} in {region}" for hop, region in hops if not _inside(region, allowed)]
    if outside:
        return judged(
            False, f"{len(outside)} hops outside: {', '.join(outside[:4])}", outside=outside
        )
    need(not unknown, f"{unknown} requests do not say their region")
    kinds = {d.kind for d in case.dossier.dependencies if d.region or d.regions}
    need(
        len(hops) > len(seen) or kinds - {"model", "provider"},
        "no hop besides the endpoint is on file",
    )
    return judged(True, f"{len(hops)} hops, all inside {', '.join(sorted(allowed))}")


def _inside(region: str, allowed: set[str]) -> bool:
    name = region.lower()
    worldwide = name.startswith("global") or name == "worldwide"
    return not worldwide and inside(region, allowed)


def no_floating_alias(case: Case) -> Finding:
    """G1-04: no production request asks for a model id that can move by itself."""
    seen = case.rows(MODELS_SQL, days=30)
    need(seen, "no production usage in the last 30 days")
    aliases = {row["model"].lower() for row in case.rows(BOOK_ALIASES_SQL)}
    aliases |= {row["model"].lower() for row in lifecycle() if row["status"] == "alias"}
    floating = [
        row for row in seen if row["requested"].lower() in aliases or is_latest(row["requested"])
    ]
    share = sum(row["requests"] for row in floating) / sum(row["requests"] for row in seen)
    names = ", ".join(sorted({row["requested"] for row in floating}))
    return judged(
        not floating,
        f"{share:.1%} of production requests ask for {names}" if floating else "every id is pinned",
        alias_share=share,
    )


def is_latest(model: str) -> bool:
    """Say whether the id itself says that it moves: it ends in -latest, :latest or @latest."""
    return model.lower().endswith(("-latest", ":latest", "@latest"))


def model_has_life_left(case: Case) -> Finding:
    """G1-05: no production model retires within 180 days, unless a dated migration comes first."""
    seen = case.rows(MODELS_SQL, days=30)
    need(seen, "no production usage in the last 30 days")
    table = {row["model"].lower(): row for row in lifecycle()}
    plans = {plan.model.lower(): plan.complete_by for plan in case.dossier.migrations}
    ending, unknown, earliest = [], [], None
    for model in sorted({row["model"].lower() for row in seen}):
        row = table.get(model)
        retires = _retirement(row) if row else None
        if row is None or (retires is None and row["status"] != "active"):
            unknown.append(model)
            continue
        if retires is None:
            continue
        earliest = min(earliest or retires, retires)
        plan = plans.get(model)
        planned = plan is not None and case.as_of <= plan <= retires
        if (retires - case.as_of).days < MIN_LIFE_DAYS and not planned:
            ending.append(f"{model} on {retires}")
    if ending:
        return judged(False, f"retires within {MIN_LIFE_DAYS} days: {', '.join(ending)}")
    need(not unknown, f"no lifecycle on file for {', '.join(unknown)}")
    return judged(True, f"earliest retirement {earliest or 'not announced'}", earliest=earliest)


def lifecycle() -> list[dict[str, str]]:
    """Return the confirmed rows of the shipped lifecycle table."""
    return [row for row in read_table("model_lifecycle") if row["confidence"] == "confirmed"]


def _retirement(row: dict[str, str]) -> date | None:
    text = row["retires_on"] or row["retires_not_before"]
    return date.fromisoformat(text) if text else None


CHECKS = {
    "G1-01": hosting_choice_is_sound, "G1-02": utilisation_is_credible,
    "G1-03": residency_holds, "G1-04": no_floating_alias, "G1-05": model_has_life_left,
}  # fmt: skip
