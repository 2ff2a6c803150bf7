"""Run the checks, chain their results, apply waivers, and say which stages are passed."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from workbench.errors import InputError
from workbench.models.readiness.stages import (
    BoardTile,
    CheckStanding,
    StageStanding,
    Verdict,
    Waiver,
    reached_stage,
    stage_standings,
    worst,
)  # fmt: skip
from workbench.playbook.checks import CHECKS
from workbench.playbook.dossier import Dossier
from workbench.playbook.dossier_files import explained
from workbench.playbook.evidence import (
    Case,
    Evidence,
    Finding,
    Looked,
    MissingEvidenceError,
    sha256_of,
)  # fmt: skip
from workbench.reference import read_table
from workbench.yaml_files import read_yaml

GENESIS = "0" * 64


@dataclass(frozen=True, slots=True, kw_only=True)
class FeatureResult:
    """One check of one feature: what was found, and what was looked at."""

    feature: str
    finding: Finding
    looked: tuple[Looked, ...]
    waiver: Waiver | None

    def as_json(self) -> dict[str, Any]:
        """Return plain values."""
        return {
            "feature": self.feature, "verdict": self.finding.verdict,
            "reason": self.finding.reason, "warning": self.finding.warning,
            "approver": self.finding.approver,
            "measured": {name: _plain(value) for name, value in self.finding.measured.items()},
            "evidence": [looked.as_json() for looked in self.looked],
            "waiver": _waiver_json(self.waiver),
        }  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckResult:
    """One check over all features, with its link in the hash chain."""

    check_id: str
    stage: int
    question: str
    pass_rule: str
    source: str
    verdict: Verdict
    reason: str
    features: tuple[FeatureResult, ...]
    previous_sha256: str
    sha256: str

    @property
    def waived(self) -> bool:
        """Whether every insufficient feature has a running waiver."""
        open_ones = [r for r in self.features if r.finding.verdict == "insufficient evidence"]
        return bool(open_ones) and all(result.waiver for result in open_ones)

    def as_json(self) -> dict[str, Any]:
        """Return plain values; `sha256` is over all the others and the link before."""
        return {
            **self.unchained_json(),
            "previous_sha256": self.previous_sha256,
            "sha256": self.sha256,
        }

    def unchained_json(self) -> dict[str, Any]:
        """Return what the hash is over."""
        return {
            "id": self.check_id, "stage": self.stage, "verdict": self.verdict,
            "reason": self.reason, "waived": self.waived, "question": self.question,
            "pass_rule": self.pass_rule, "source": self.source,
            "features": [result.as_json() for result in self.features],
        }  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckReport:
    """All results of one run, in order of id."""

    as_of: date
    checks: tuple[CheckResult, ...]

    @property
    def stages(self) -> tuple[StageStanding, ...]:
        """Standing of each stage that was checked, over all features."""
        return stage_standings(_standings(self.checks, feature=None))

    def stages_of(self, feature: str) -> tuple[StageStanding, ...]:
        """Standing of each stage for one feature."""
        return stage_standings(_standings(self.checks, feature=feature))

    @property
    def passed(self) -> bool:
        """Whether every stage that was checked is passed."""
        return bool(self.stages) and all(stage.passed for stage in self.stages)

    @property
    def head_sha256(self) -> str:
        """Hash of the last link: it stands for the whole report."""
        return self.checks[-1].sha256 if self.checks else GENESIS

    def as_json(self) -> dict[str, Any]:
        """Return `{"checks": [{"id", "stage", "verdict", …}], …}`."""
        features = sorted({result.feature for check in self.checks for result in check.features})
        return {
            "as_of": str(self.as_of), "passed": self.passed, "head_sha256": self.head_sha256,
            "stages": [_stage_json(stage) for stage in self.stages],
            "features": [
                {"feature": name, "reached_stage": reached_stage(self.stages_of(name))}
                for name in features if name
            ],
            "checks": [check.as_json() for check in self.checks],
        }  # fmt: skip


def run_checks(evidence: Evidence, *, stage: int | None = None) -> CheckReport:
    """Run all checks, or those of one stage, over every dossier of the workspace.

    Raises
    ------
    InputError
        If there is no such stage, or `waivers.yaml` cannot be read.
    """
    listed = [row for row in read_table("gate_checks") if stage in (None, int(row["stage"]))]
    if not listed:
        raise InputError(f"There is no stage {stage}. Stages are 0 to 5.")
    waivers = read_waivers(evidence.folder / "waivers.yaml")
    results: list[CheckResult] = []
    for row in sorted(listed, key=lambda row: row["check_id"]):
        previous = results[-1].sha256 if results else GENESIS
        results.append(_run_one(evidence, row=row, waivers=waivers, previous_sha256=previous))
    return CheckReport(as_of=evidence.as_of, checks=tuple(results))


def board_tiles(report: Mapping[str, Any], *, feature: str | None = None) -> list[BoardTile]:
    """Return the board's tiles from a report as JSON, for all features together or for one."""
    tiles = []
    for check in report["checks"]:
        shown = check
        if feature is not None:
            shown = next((r for r in check["features"] if r["feature"] == feature), None)
            if shown is None:
                continue
        results = check["features"] if feature is None else [shown]
        windows = [e["window"][1] for r in results for e in r["evidence"] if e["window"]]
        as_of = date.fromisoformat(report["as_of"])
        tiles.append(
            BoardTile(
                check_id=check["id"], stage=check["stage"], question=check["question"],
                verdict=shown["verdict"], reason=shown["reason"],
                waived=bool(shown["waiver"] if feature else check["waived"]),
                age_days=(as_of - date.fromisoformat(min(windows))).days if windows else None,
                passed_of=None if feature else _passed_of(check["features"]),
                waiver=_waiver_words(results),
            )
        )  # fmt: skip
    return tiles


def _waiver_words(results: Sequence[Mapping[str, Any]]) -> str:
    waivers = [result["waiver"] for result in results if result["waiver"]]
    return "; ".join(f"{w['owner']} until {w['expires_on']}: {w['reason']}" for w in waivers)


def _passed_of(results: Sequence[Mapping[str, Any]]) -> tuple[int, int]:
    asked = [r for r in results if r["verdict"] != "not applicable"]
    return sum(r["verdict"] == "pass" for r in asked), len(asked)


def standings_of(
    report: Mapping[str, Any], *, feature: str | None = None
) -> tuple[StageStanding, ...]:
    """Return each stage's standing from a report as JSON, over all features or for one."""
    return stage_standings([
        CheckStanding(
            check_id=tile.check_id, stage=tile.stage, verdict=tile.verdict, waived=tile.waived
        )
        for tile in board_tiles(report, feature=feature)
    ])  # fmt: skip


def broken_link(checks: Sequence[Mapping[str, Any]]) -> str | None:
    """Return the id of the first check whose hash does not follow, or None when all do."""
    previous = GENESIS
    for check in checks:
        body = {k: v for k, v in check.items() if k not in ("previous_sha256", "sha256")}
        linked = check.get("previous_sha256") == previous
        if not linked or check.get("sha256") != sha256_of([previous, body]):
            return str(check.get("id"))
        previous = str(check["sha256"])
    return None


def _run_one(
    evidence: Evidence, *, row: Mapping[str, str], waivers: Sequence[Waiver], previous_sha256: str
) -> CheckResult:
    check_id = row["check_id"]
    features = tuple(
        _run_feature(evidence, dossier=dossier, check_id=check_id, waivers=waivers)
        for dossier in evidence.dossiers
    )
    verdict: Verdict = "insufficient evidence"
    reason = "there is no dossier in the workspace; `workbench init` makes one"
    if features:
        verdict = worst([result.finding.verdict for result in features])
        deciding = [result for result in features if result.finding.verdict == verdict]
        reason = _summary(deciding, of=len(features))
    unchained = CheckResult(
        check_id=check_id, stage=int(row["stage"]), question=row["question"],
        pass_rule=row["pass_rule"], source=row["anchor"], verdict=verdict, reason=reason,
        features=features, previous_sha256=previous_sha256, sha256="",
    )  # fmt: skip
    digest = sha256_of([previous_sha256, unchained.unchained_json()])
    return CheckResult(
        **{name: getattr(unchained, name) for name in CheckResult.__slots__ if name != "sha256"},
        sha256=digest,
    )


def _run_feature(
    evidence: Evidence, *, dossier: Dossier, check_id: str, waivers: Sequence[Waiver]
) -> FeatureResult:
    case = Case(evidence, dossier)
    finding = _not_applicable(dossier, check_id) or _finding(case, check_id)
    covering = (
        w for w in waivers if w.covers(check_id, feature=dossier.feature, on=evidence.as_of)
    )
    waiver = next(covering, None) if finding.verdict == "insufficient evidence" else None
    return FeatureResult(
        feature=dossier.feature, finding=finding, looked=tuple(case.looked), waiver=waiver
    )


def _finding(case: Case, check_id: str) -> Finding:
    try:
        return CHECKS[check_id](case)
    except MissingEvidenceError as missing:
        return Finding(verdict="insufficient evidence", reason=str(missing))


def _not_applicable(dossier: Dossier, check_id: str) -> Finding | None:
    for entry in dossier.not_applicable:
        if entry.check == check_id:
            return Finding(verdict="not applicable", reason=entry.reason, approver=entry.approver)
    return None


class _WaiverEntry(BaseModel):
    model_config = ConfigDict(extra="forbid")

    check: str
    owner: str
    reason: str
    granted_on: date
    expires_on: date
    feature: str | None = None


def read_waivers(path: Path) -> tuple[Waiver, ...]:
    """Return the waivers of `waivers.yaml`: a list of check, owner, reason, granted_on, expires_on.

    No file is no waivers.

    Raises
    ------
    InputError
        If the file is no such list; the message names the entry and key.
    """
    if not path.is_file():
        return ()
    content = read_yaml(path)
    if not isinstance(content or [], list):
        raise InputError(f"{path}: expected a list of waivers, each `- check: G2-01` and so on.")
    waivers = []
    for number, entry in enumerate(content or [], start=1):
        try:
            read = _WaiverEntry.model_validate(entry)
        except ValidationError as error:
            name = f"{path} entry {number}"
            raise InputError(explained(error, model=_WaiverEntry, name=name)) from error
        if read.check not in CHECKS:
            raise InputError(f"{path} entry {number}: there is no check {read.check!r}.")
        waivers.append(Waiver(check_id=read.check, **read.model_dump(exclude={"check"})))
    return tuple(waivers)


def _standings(checks: Iterable[CheckResult], *, feature: str | None) -> list[CheckStanding]:
    found = []
    for check in checks:
        if feature is None:
            found.append((check, check.verdict, check.waived))
        found += [
            (check, result.finding.verdict, result.waiver is not None)
            for result in check.features
            if result.feature == feature
        ]
    return [
        CheckStanding(check_id=check.check_id, stage=check.stage, verdict=verdict, waived=waived)
        for check, verdict, waived in found
    ]


def _summary(deciding: Sequence[FeatureResult], *, of: int) -> str:
    first = deciding[0]
    head = f"{first.feature}: {first.finding.reason}"
    rest = len(deciding) - 1
    return head if not rest else f"{head} (and {rest} more of {of} features)"


def _stage_json(stage: StageStanding) -> dict[str, Any]:
    return {
        "stage": stage.stage, "passed": stage.passed, "counts": stage.counts,
        "blocking": list(stage.blocking),
    }  # fmt: skip


def _waiver_json(waiver: Waiver | None) -> dict[str, Any] | None:
    if waiver is None:
        return None
    return {
        "owner": waiver.owner, "reason": waiver.reason,
        "granted_on": str(waiver.granted_on), "expires_on": str(waiver.expires_on),
    }  # fmt: skip


def _plain(value: Any) -> Any:  # noqa: ANN401  # any measured value
    if isinstance(value, dict):
        return {str(key): _plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    return value if isinstance(value, str | int | float | bool | None) else str(value)
