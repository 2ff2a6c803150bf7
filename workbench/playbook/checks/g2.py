"""Stage 2, controls: lineage, screening before the log, packets, promises and credits."""

import json
from collections.abc import Mapping
from datetime import date, timedelta
from itertools import islice
from typing import Any

from workbench.models.readiness.controls import (
    Component,
    clean_sample_bound,
    composite_availability,
    sla_credit_share,
    wilson_interval,
)  # fmt: skip
from workbench.models.screening import PCI_KINDS, score_spans
from workbench.playbook.evidence import Case, Finding, judged, need
from workbench.playbook.lineage import traced_answers
from workbench.playbook.packets import incomplete_packets, read_packets, unchained_packet
from workbench.playbook.screening import Screener, stored_texts
from workbench.store.layout import Layout
from workbench.store.packets import NOTE, is_removed, trusted_fingerprints

LINEAGE_SHARE = 0.99
SCAN_SAMPLE = 3_000
RECALL_FLOOR = 0.95
FALSE_BLOCK_LIMIT = 0.01
PACKET_SHARE = 0.995
PACKET_DAYS = 30
FAILOVER_TESTED_DAYS = 365

LINEAGE_SQL = """
WITH answers AS (
  SELECT coalesce(nullif(trace_id, ''), nullif(request_id, '')) IS NOT NULL
           AND nullif(prompt_id, '') IS NOT NULL AND nullif(prompt_version, '') IS NOT NULL
           AND nullif(model, '') IS NOT NULL AS prompt_known,
         json_extract_string(tags, '$.x_document_ids') IS NOT NULL
           AND json_extract_string(tags, '$.x_document_versions') IS NOT NULL AS documents_known,
         coalesce(json_extract_string(tags, '$.x_high_impact') IN ('true', '1', 'yes'), false)
           AS high_impact
  FROM usage
  WHERE feature = $feature AND environment = 'production' AND NOT is_aggregate
    AND status = 'ok' AND started_at >= $since AND started_at < $until
)
SELECT prompt_known, documents_known, high_impact, count(*) AS requests
FROM answers GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
"""

LINEAGE_OF_IDS_SQL = LINEAGE_SQL.replace(
    "  FROM usage\n",
    "  FROM usage JOIN (SELECT unnest($ids) AS request_id) AS told USING (request_id)\n",
)
"""The same groups, of the answers that another system's events tell about."""

REQUESTS_SQL = """
SELECT count(*) AS requests FROM usage
WHERE feature = $feature AND environment = 'production' AND NOT is_aggregate
  AND started_at >= $since AND started_at < $until
"""

REQUEST_IDS_SQL = """
SELECT DISTINCT request_id FROM usage
WHERE feature = $feature AND environment = 'production' AND NOT is_aggregate
  AND request_id IN (SELECT unnest($ids)) AND started_at >= $since AND started_at < $until
"""

AVAILABILITY_SQL = """
SELECT provider, coalesce(region, '') AS region, strftime(started_at, '%Y-%m') AS month,
       count(*) AS requests, count(*) FILTER (WHERE status = 'error') AS errors,
       count(DISTINCT date_trunc('minute', started_at)) FILTER (WHERE status = 'error')
         AS error_minutes,
       CAST(sum(contract_cost_usd) AS DOUBLE) AS cost_usd
FROM priced_usage
WHERE feature = $feature AND environment = 'production' AND NOT is_aggregate
  AND started_at >= $first AND started_at < $end
GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
"""


def lineage_is_covered(case: Case) -> Finding:
    """G2-01: 99 % of answers lead back to prompt, documents and model; all high-impact ones do."""
    retrieves = case.stated("uses_retrieval")
    groups = case.rows(LINEAGE_SQL, days=30)
    total = sum(group["requests"] for group in groups)
    need(total, "no production answers in the last 30 days")
    told = _told_elsewhere(case, retrieves=retrieves)
    lost_by = {
        bool(group["high_impact"] or case.dossier.high_impact): 0 for group in groups
    }  # fmt: skip
    for group in groups:
        if not (group["prompt_known"] and (group["documents_known"] or not retrieves)):
            kind = bool(group["high_impact"] or case.dossier.high_impact)
            lost_by[kind] += group["requests"] - told.get(_group(group), 0)
    share = 1 - sum(lost_by.values()) / total
    lost = lost_by.get(True, 0)
    return judged(
        share >= LINEAGE_SHARE and not lost,
        f"{share:.2%} of {total} answers are traced, {lost} high-impact ones are not",
        share=share, high_impact_lost=lost,
    )  # fmt: skip


def _group(row: dict[str, Any]) -> tuple[bool, bool, bool]:
    return (row["prompt_known"], row["documents_known"], row["high_impact"])


def _told_elsewhere(case: Case, *, retrieves: bool) -> dict[tuple[bool, bool, bool], int]:
    """Count, by group, the answers that events in evidence/openlineage.jsonl trace in full."""
    path = case.evidence.folder / "evidence" / "openlineage.jsonl"
    if not path.is_file():
        return {}
    answers = traced_answers(path)
    needed = {"prompt", "model", *(["document"] if retrieves else [])}
    ids = sorted(name for name, kinds in answers.items() if needed <= set(kinds))
    case.note_file(path, path.read_bytes(), rows=len(answers))
    if not ids:
        return {}
    rows = case.rows(LINEAGE_OF_IDS_SQL, days=30, ids=ids)
    return {_group(row): row["requests"] for row in rows}


def stored_text_is_clean(case: Case) -> Finding:
    """G2-02: a sample of stored text holds no card data, and other personal data below the rate."""
    sample = list(
        islice(stored_texts(case.evidence.folder, feature=case.dossier.feature), SCAN_SAMPLE)
    )
    need(sample, "no stored text to scan in store/content or evidence/stored_texts.jsonl")
    screener = Screener()
    found = screener.find_all(sample)
    cards = sum(any(span.kind in PCI_KINDS for span in spans) for spans in found)
    personal = sum(bool(spans) for spans in found) / len(sample)
    if cards:
        return judged(False, f"{cards} of {len(sample)} stored texts hold card data", cards=cards)
    agreed = case.stated("slos.pii_rate")
    if personal > agreed:
        return judged(False, f"personal data in {personal:.2%} of texts, agreed {agreed:.2%}")
    need(
        len(sample) >= SCAN_SAMPLE,
        f"{len(sample)} clean texts bound card leaks below {clean_sample_bound(len(sample)):.2%} only; "
        f"{SCAN_SAMPLE} are needed for 0.1 %",
    )
    bound = clean_sample_bound(len(sample))
    return judged(
        True, f"no card data in {len(sample)} texts: rate below {bound:.2%} (95 %)",
        sample=len(sample), leak_bound=bound, personal_share=personal,
    )  # fmt: skip


def screening_is_good(case: Case) -> Finding:
    """G2-03: on a labelled set, card recall's lower bound is 0.95 and at most 1 % is blocked falsely."""
    path = case.evidence.folder / "evidence" / "screening_set.jsonl"
    need(path.is_file(), "there is no evidence/screening_set.jsonl of labelled texts")
    raw = path.read_bytes()
    cases = [json.loads(line) for line in raw.splitlines() if line.strip()]
    case.note_file(path, raw, rows=len(cases))
    need(all("text" in c and "spans" in c for c in cases), "each line holds `text` and `spans`")
    labelled = [[(s["kind"], s["start"], s["end"]) for s in c["spans"]] for c in cases]
    found = Screener().find_all([c["text"] for c in cases])
    marks = [[(s.kind, s.start, s.end) for s in spans] for spans in found]
    score = score_spans(labelled, marks, kinds=PCI_KINDS)
    need(score.labelled, "the set holds no card number")
    low, high = wilson_interval(score.found, trials=score.labelled)
    clean = [i for i, spans in enumerate(labelled) if not spans]
    need(len(clean) >= 100, f"the set holds {len(clean)} clean texts, needs 100")
    blocked = sum(bool(marks[i]) for i in clean) / len(clean)
    best_low, _ = wilson_interval(score.labelled, trials=score.labelled)
    need(
        best_low >= RECALL_FLOOR,
        f"{score.labelled} card numbers cannot show a recall of 0.95; use 73 or more",
    )
    return judged(
        low >= RECALL_FLOOR and blocked <= FALSE_BLOCK_LIMIT,
        f"card recall {score.found}/{score.labelled} ({low:.3f} to {high:.3f}), "
        f"{blocked:.2%} of clean texts blocked",
        recall_low=low, false_blocks=blocked,
    )  # fmt: skip


def packets_are_complete(case: Case) -> Finding:
    """G2-04: 99.5 % of requests have a complete explainability packet and the chain holds."""
    packets = read_packets(case)
    layout = Layout(case.evidence.folder)
    broken = unchained_packet(packets, trusted=trusted_fingerprints(layout))
    if broken is not None:
        return judged(False, f"the hash chain breaks at packet {broken}", broken_at=broken)
    total = case.rows(REQUESTS_SQL, days=30)[0]["requests"]
    need(total, "no production requests in the last 30 days")
    faulty = incomplete_packets(packets)
    ids = {p.get("request_id") for i, p in enumerate(packets) if i not in faulty}
    whole = sorted(one for one in ids if one)
    joined = len(case.rows(REQUEST_IDS_SQL, days=30, ids=whole)) if whole else 0
    erased = sum(_is_erased_lately(case, packet) for packet in packets)
    need(total > erased, "every packet of the last 30 days belonged to people who were erased")
    share = min(joined / (total - erased), 1.0)
    aside = f", {erased} erased apart" if erased else ""
    first = next(iter(faulty.items()), None)
    detail = f"; packet {first[0] + 1} lacks {', '.join(first[1])}" if first else ""
    return judged(
        share >= PACKET_SHARE, f"{share:.2%} of {total - erased} requests have a complete packet{aside}{detail}",
        share=share, incomplete=len(faulty),
    )  # fmt: skip


def _is_erased_lately(case: Case, packet: Mapping[str, Any]) -> bool:
    """Say whether a packet of the feature, of the last 30 days, was removed with its person."""
    note = packet.get(NOTE)
    if not is_removed(packet) or not note or note.get("feature") != case.dossier.feature:
        return False
    try:
        day = date.fromisoformat(str(note.get("day")))
    except ValueError:
        return False
    return 0 <= case.days_since(day) < PACKET_DAYS


def slo_is_attainable(case: Case) -> Finding:
    """G2-05: the promised availability is no higher than what its components promise together."""
    promised = case.stated("slos.availability")
    serving = [
        d for d in case.stated("dependencies")
        if d.kind in ("model", "provider", "datastore", "tool", "service") and d.critical is not False
    ]  # fmt: skip
    missing = [d.name or d.model or d.provider or d.kind for d in serving if d.availability is None]
    need(serving, "no serving dependency is on file")
    need(not missing, f"no promised availability on file for {', '.join(missing)}")
    tested = case.dossier.slos.failover_tested_on if case.dossier.slos else None
    ready = tested is not None and 0 <= case.days_since(tested) <= FAILOVER_TESTED_DAYS
    parts = [
        Component(
            name=d.name or d.model or d.kind, availability=d.availability or 0.0,
            parallel_group=d.parallel_group if ready else None,
        )
        for d in serving
    ]  # fmt: skip
    composite = composite_availability(parts)
    note = "" if ready or not any(d.parallel_group for d in serving) else ", failover not tested"
    return judged(
        promised <= composite + 1e-12,
        f"promises {promised:.3%}, components give {composite:.3%}{note}",
        composite=composite,
    )


def sla_is_attained(case: Case) -> Finding:
    """G2-06: last month's availability by provider region meets its SLA, or the credit is claimed."""
    end = case.as_of.replace(day=1)
    if (case.as_of + timedelta(days=1)).month != case.as_of.month:
        end = case.as_of + timedelta(days=1)
    first = (end - timedelta(days=1)).replace(day=1)
    months = case.rows(AVAILABILITY_SQL, first=first, end=end)
    need(months, f"no production usage in {first:%Y-%m}")
    targets = {d.provider: d for d in case.dossier.dependencies if d.provider and d.availability}
    without = sorted({m["provider"] for m in months} - set(targets))
    need(not without, f"no SLA on file for {', '.join(without)}")
    claims = {
        (r["provider"], r["month"]): r["drafted_on"]
        for r in case.optional_table("sla_claims") or []
    }
    below, unclaimed = [], []
    for month in months:
        target = targets[month["provider"]]
        attained = 1 - month["errors"] / month["requests"]
        if attained >= target.availability:
            continue
        place = "/".join(part for part in (month["provider"], month["region"]) if part)
        credit = sla_credit_share(availability=attained, tiers=target.sla_tiers)
        below.append(
            f"{place} {attained:.3%}, credit {credit:.0%} of {month['cost_usd'] or 0:.2f} USD"
        )
        drafted = claims.get((month["provider"], month["month"]))
        window = target.claim_window_days or 30
        if drafted is None or (drafted - end).days > window:
            unclaimed.append(place)
    text = "; ".join(below) or f"every provider region met its SLA in {first:%Y-%m}"
    tail = f"; no claim drafted in time for {', '.join(unclaimed)}" if unclaimed else ""
    return judged(not unclaimed, text + tail, months=_attainment(months))


def _attainment(months: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [
        {
            "provider": m["provider"], "region": m["region"], "month": m["month"],
            "availability": 1 - m["errors"] / m["requests"], "error_minutes": m["error_minutes"],
        }
        for m in months
    ]  # fmt: skip


CHECKS = {
    "G2-01": lineage_is_covered, "G2-02": stored_text_is_clean, "G2-03": screening_is_good,
    "G2-04": packets_are_complete, "G2-05": slo_is_attainable, "G2-06": sla_is_attained,
}  # fmt: skip
