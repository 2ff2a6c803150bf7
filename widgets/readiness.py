"""Is a feature ready for the next stage? The board, what blocks, and the evidence behind it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from widgets.page import Choice, Control, Page, Section, Snapshot, Values, day
from widgets.periods import ALL
from workbench.figures import readiness as figures
from workbench.figures.caption import Caption
from workbench.figures.cards import Cell, Table, View
from workbench.models.readiness.stages import STAGE_NAMES, BoardTile, StageStanding
from workbench.playbook.run import board_tiles, standings_of

NOT_CHECKED = "Nothing was checked yet. Run `workbench publish` in a workspace with dossiers."


def page(snapshot: Snapshot | None = None) -> Page:
    """Return the page on the workspace's current snapshot, or on the one given."""
    return Page(question="readiness", controls=controls, load=load, draw=draw, snapshot=snapshot)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Board:
    """What the page needs of one report and one feature."""

    feature: str | None
    as_of: str
    head: str
    refused: str
    tiles: tuple[BoardTile, ...]
    standings: tuple[StageStanding, ...]
    features: Mapping[str, Sequence[StageStanding]]
    checks: tuple[Mapping[str, Any], ...]
    """The checks whose evidence is shown, each with the results of the feature."""


def report_of(snapshot: Any) -> dict[str, Any]:  # noqa: ANN401 - a Snapshot or a test's
    """Return the published report; an empty one where none was published."""
    return snapshot.document("readiness") or {"checks": [], "features": []}


def controls(snapshot: Any) -> list[Control]:  # noqa: ANN401
    """Return the inputs: which feature, and which evidence."""
    report = report_of(snapshot)
    checks = report.get("checks", [])
    names = [one["feature"] for one in report.get("features", [])]
    return [
        Section("Show"),
        Choice(
            name="feature", label="Feature", value=furthest(report) or ALL,
            options=[("All features", ALL), *((name, name) for name in names)],
        ),
        Section("Details"),
        Choice(
            name="check", label="Evidence of",
            options=[
                ("All checks", ALL),
                *((f"{c['id']} {figures.SHORT.get(c['id'], '')}", c["id"]) for c in checks),
            ],
        ),
    ]  # fmt: skip


def furthest(report: Mapping[str, Any]) -> str | None:
    """Return the feature with the most passed checks: the one a decision is near for."""
    counts: dict[str, int] = {}
    for check in report.get("checks", []):
        for result in check["features"]:
            counts.setdefault(result["feature"], 0)
            counts[result["feature"]] += result["verdict"] == "pass"
    return max(counts, key=lambda name: counts[name]) if counts else None


def load(snapshot: Any, values: Values) -> Board:  # noqa: ANN401
    """Read the published report for one feature, or for all of them together."""
    report = report_of(snapshot)
    feature = None if values["feature"] == ALL else str(values["feature"])
    asked = [c for c in report.get("checks", []) if values["check"] in (ALL, c["id"])]
    names = [one["feature"] for one in report.get("features", [])]
    return Board(
        feature=feature, as_of=str(report.get("as_of") or ""), refused=str(report.get("refused", "")),
        head=str(report.get("head_sha256", "")),
        tiles=tuple(board_tiles(report, feature=feature)) if report.get("checks") else (),
        standings=standings_of(report, feature=feature) if report.get("checks") else (),
        features={name: standings_of(report, feature=name) for name in names},
        checks=tuple(
            {**c, "features": [r for r in c["features"] if feature in (None, r["feature"])]}
            for c in asked
        ),
    )  # fmt: skip


def draw(data: Board, _: Values) -> View:
    """Return all the page shows."""
    if not data.tiles:
        return View(answer=data.refused or NOT_CHECKED, scope="No report in this snapshot")
    first = next((one for one in data.standings if not one.passed), None)
    who = data.feature or "All features"
    as_of = day(data.as_of)
    waived = sum(tile.waived for tile in data.tiles)
    done = sum(tile.verdict in ("pass", "not applicable") for tile in data.tiles)
    return View(
        answer=figures.answer(data.standings, feature=data.feature, waived=waived),
        scope=f"{who}, 47 checks in six stages, evidence up to {as_of}",
        tiles=figures.stage_tiles(data.standings),
        cards=(
            figures.board(
                Caption(
                    title=f"{done} of {len(data.tiles)} checks pass or do not apply",
                    subtitle="✓ pass (edge) · ✗ fail (filled) · ? no evidence (dotted) · – not "
                    "applicable; age in days of the evidence",
                    foot=f"Checked on data to {as_of}, chain {data.head[:12]}", span="full",
                ),
                tiles=data.tiles,
            ),
            figures.blocking_table(
                data.tiles, standings=data.standings,
                title=("Nothing is in the way" + (f"; {waived} waiver{'s run' if waived > 1 else ' runs'}" if waived else "")) if first is None
                else f"What blocks stage {first.stage}, {STAGE_NAMES[first.stage]}",
                subtitle="A stage passes when nothing fails and nothing lacks evidence without a "
                "running waiver",
            ),
            figures.by_feature(
                Caption(
                    title=_through(data.features), subtitle="Checks that pass of those that apply, "
                    "by feature and stage", foot=f"Checked on data to {as_of}", span="full",
                ),
                standings=data.features, chosen=data.feature,
            ),
        ),
        details=(verdicts(data), evidence(data)),
    )  # fmt: skip


def _through(features: Mapping[str, Sequence[StageStanding]]) -> str:
    ready = sum(all(one.passed for one in found) for found in features.values())
    begun = sum(any(one.passed for one in found) for found in features.values())
    return (
        f"{ready} of {len(features)} features {'has' if ready == 1 else 'have'} passed every stage, "
        f"{begun} at least one of them"
    )  # fmt: skip


def verdicts(data: Board) -> Table:
    """List each check's rule, verdict, reason and waiver."""
    rows = [
        (
            check["id"], result["feature"],
            Cell(
                text=f"{figures.SIGNS[result['verdict']]} {result['verdict']}",
                tone=figures.TONES[result["verdict"]], tag=True,
            ),
            result["reason"], check["pass_rule"], check["source"], _waiver(result["waiver"]),
            check["sha256"][:16],
        )
        for check in data.checks for result in check["features"]
    ]  # fmt: skip
    columns = ("Check", "Feature", "Verdict", "Evidence", "Rule", "Source", "Waiver", "Hash")
    return Table(
        title="Verdicts, rules and sources", subtitle="Hash: link of the chain of results",
        columns=columns, rows=tuple(rows), text_columns=columns,
    )  # fmt: skip


def evidence(data: Board) -> Table:
    """List what each verdict was read from: query or file, parameters, rows, hash."""
    rows = [
        (
            check["id"], result["feature"], " ".join(looked["what"].split()),
            ", ".join(f"{k} = {v}" for k, v in looked["params"].items()),
            " to ".join(looked["window"] or ()), f"{looked['rows']:,}", looked["input_sha256"],
        )
        for check in data.checks for result in check["features"] for looked in result["evidence"]
    ]  # fmt: skip
    return Table(
        title="Evidence: what each check looked at",
        subtitle="Query over the store, file or dossier key; hash of what it returned (SHA-256)",
        columns=("Check", "Feature", "Looked at", "Parameters", "Days", "Rows", "Hash"),
        rows=tuple(rows), text_columns=("Feature", "Looked at", "Parameters", "Days", "Hash"),
        empty="These checks looked at nothing: their evidence is missing.",
    )  # fmt: skip


def _waiver(waiver: Mapping[str, Any] | None) -> str:
    if waiver is None:
        return ""
    return f"{waiver['owner']} until {waiver['expires_on']}: {waiver['reason']}"
