"""The audit pack's one page: verdicts, evidence, waivers, attestations, ready to print."""

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from workbench.models.readiness.stages import STAGE_NAMES

_STYLE = """
:root { color-scheme: light; }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 1040px; margin: 2rem auto; padding: 0 1rem; color: #1a1a1a; }
h1 { font-size: 1.6rem; } h2 { font-size: 1.2rem; margin-top: 2.5rem; } h3 { font-size: 1rem; margin-bottom: 0; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th, td { text-align: left; padding: .35rem .6rem .35rem 0; border-bottom: 1px solid #d8d8d8; vertical-align: top; }
code, pre { font: 12px/1.4 ui-monospace, monospace; } pre { background: #f5f5f3; padding: .6rem; overflow-x: auto; white-space: pre-wrap; }
.fail { color: #d55e00; font-weight: 600; } .pass { color: #0072b2; } .thin { color: #666; }
.sign { border-bottom: 1px solid #1a1a1a; display: inline-block; min-width: 16rem; height: 1.4rem; }
@media print { body { margin: 0; max-width: none; } details { break-inside: avoid; } }
"""
_WORDS = {"pass": ("pass", "✓ pass"), "fail": ("fail", "✗ fail"),
          "insufficient evidence": ("thin", "? insufficient evidence"),
          "not applicable": ("thin", "– not applicable")}  # fmt: skip


def audit_html(
    report: Mapping[str, Any],
    attestations: Sequence[Mapping[str, Any]],
    *,
    areas: Mapping[str, Sequence[str]],
    groups: Sequence[Mapping[str, Any]] = (),
) -> str:
    """Return the page; every value is escaped, nothing is loaded from elsewhere."""
    parts = [
        "<!doctype html><html lang='en'><head><meta charset='utf-8'>",
        "<meta name='viewport' content='width=device-width'>",
        f"<title>Audit as of {escape(report['as_of'])}</title><style>{_STYLE}</style></head><body><main>",
        f"<h1>Readiness audit as of {escape(report['as_of'])}</h1>",
        f"<p>{_answer(report)}</p>",
        "<p>Verdicts follow from the evidence below and are no statement of compliance. "
        f"Chain of results ends in <code>{escape(report['head_sha256'])}</code>.</p>",
        _stage_table(report),
    ]
    for name, prefixes in areas.items():
        parts.append(_area(name, prefixes, report))
        if name == "fairness":
            parts.append(_groups(groups))
    parts.append("<h2>Attestations</h2>")
    parts += [_attestation(one) for one in attestations]
    parts.append("<h2>Every check</h2>")
    parts += [_check(check) for check in report["checks"]]
    return "\n".join([*parts, "</main></body></html>\n"])


def _answer(report: Mapping[str, Any]) -> str:
    if report["passed"]:
        return "Every stage is passed."
    open_stages = [stage for stage in report["stages"] if not stage["passed"]]
    first = open_stages[0]
    blocking = ", ".join(first["blocking"])
    return f"Stage {first['stage']} is not passed: {escape(blocking)}."


def _stage_table(report: Mapping[str, Any]) -> str:
    rows = [
        f"<tr><td>{stage['stage']} {escape(STAGE_NAMES[stage['stage']])}</td>"
        f"<td>{'passed' if stage['passed'] else 'not passed'}</td>"
        + "".join(f"<td>{stage['counts'][word]}</td>" for word in _WORDS)
        + f"<td>{escape(', '.join(stage['blocking']))}</td></tr>"
        for stage in report["stages"]
    ]
    heads = "".join(f"<th scope='col'>{word}</th>" for word in _WORDS)
    return (
        "<table><thead><tr><th scope='col'>Stage</th><th scope='col'>Standing</th>"
        f"{heads}<th scope='col'>Blocked by</th></tr></thead><tbody>{''.join(rows)}</tbody></table>"
    )


def _area(name: str, prefixes: Sequence[str], report: Mapping[str, Any]) -> str:
    rows = [
        f"<tr><td>{_id_link(check)}</td><td>{escape(check['question'])}</td><td>{_word(check)}</td>"
        f"<td>{escape(check['reason'])}</td></tr>"
        for check in report["checks"]
        if check["id"].startswith(tuple(prefixes))
    ]
    return f"<h2>{escape(name.capitalize())}</h2><table><tbody>{''.join(rows)}</tbody></table>"


def _groups(rows: Sequence[Mapping[str, Any]]) -> str:
    """Return selection and error rates by group; a missing rate is said, never a zero."""
    if not rows:
        return "<p>No group outcomes are on file (evidence/group_outcomes.csv).</p>"
    heads = ("Feature", "Group", "Cases", "Selected", "Of the best rate", "Errors", "Computed by")
    body = "".join(
        f"<tr><td>{escape(row['feature'])}</td><td>{escape(row['group'])}</td><td>{row['cases']:,}</td>"
        f"<td>{_share(row['selection_rate'])}</td><td>{_share(row['ratio_to_best'])}</td>"
        f"<td>{_share(row['error_rate'])}</td><td>{escape(row['computed_by'])}</td></tr>"
        for row in rows
    )
    head = "".join(f"<th scope='col'>{name}</th>" for name in heads)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _share(value: float | None) -> str:
    return "not on file" if value is None else f"{value:.1%}"


def _id_link(check: Mapping[str, Any]) -> str:
    return f"<a href='#{escape(check['id'])}'>{escape(check['id'])}</a>"


def _word(check: Mapping[str, Any]) -> str:
    kind, word = _WORDS[check["verdict"]]
    waived = ", waived" if check.get("waived") else ""
    return f"<span class='{kind}'>{word}{waived}</span>"


def _attestation(one: Mapping[str, Any]) -> str:
    rows = "".join(
        f"<tr><td>{escape(row['id'])}</td><td>{escape(row['control'])}</td><td>{escape(row['rule'])}</td>"
        f"<td>{_word(row)}</td></tr>"
        for row in one["controls"]
    )
    gaps = ", ".join(one["gaps"]) or "none"
    return (
        f"<h3>{escape(one['regulation'])}</h3><table><tbody>{rows}</tbody></table>"
        f"<p>Gaps: {escape(gaps)}. Signatory <span class='sign'></span> Date <span class='sign'></span></p>"
    )


def _check(check: Mapping[str, Any]) -> str:
    parts = [
        f"<details id='{escape(check['id'])}'><summary><strong>{escape(check['id'])}</strong> "
        f"{escape(check['question'])} {_word(check)}</summary>",
        f"<p>Rule: {escape(check['pass_rule'])}. Source: {escape(check['source'])}.</p>",
    ]
    for result in check["features"]:
        parts.append(
            f"<h3>{escape(result['feature'])}</h3><p>{_word(result)}: {escape(result['reason'])}</p>"
        )
        if result["approver"]:
            parts.append(f"<p>Approved by {escape(result['approver'])}.</p>")
        if result["waiver"]:
            waiver = result["waiver"]
            parts.append(
                f"<p>Waived by {escape(waiver['owner'])} until {escape(waiver['expires_on'])}: "
                f"{escape(waiver['reason'])}.</p>"
            )
        parts += [_looked(looked) for looked in result["evidence"]]
    return "".join(parts) + f"<p><code>{escape(check['sha256'])}</code></p></details>"


def _looked(looked: Mapping[str, Any]) -> str:
    window = " to ".join(looked["window"]) if looked["window"] else ""
    params = ", ".join(f"{name} = {value}" for name, value in looked["params"].items())
    return (
        f"<pre>{escape(looked['what'].strip())}</pre><p>{looked['rows']} rows"
        f"{escape(f', {window}' if window else '')}{escape(f'; {params}' if params else '')}; "
        f"<code>{escape(looked['input_sha256'])}</code></p>"
    )
