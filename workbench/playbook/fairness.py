"""Selection and error rates by group of people, for the audit pack: fairlearn's own measures.

Groups are those of evidence/group_outcomes.csv. Where the extra `fairness` is not installed the
same rates are counted here, and the table says so.
"""

import importlib
from collections.abc import Mapping, Sequence
from typing import Any

from workbench.errors import InputError
from workbench.playbook.evidence import Case, Evidence, MissingEvidenceError

COUNTED = "counted by the workbench (fairlearn is not installed)"


def fairness_rows(evidence: Evidence) -> list[dict[str, Any]]:
    """Return one row a feature and group: cases, selection rate, ratio to the best, error rate.

    A feature without group outcomes has no row. Rates are shares; the ratio is the four-fifths
    measure (29 CFR 1607.4(D)).
    """
    found = []
    for dossier in evidence.dossiers:
        try:
            table = Case(evidence, dossier).optional_table("group_outcomes") or []
        except MissingEvidenceError:
            continue
        groups = _summed(table)
        if len(groups) > 1:
            found += [{"feature": dossier.feature, **row} for row in _measured(groups)]
    return found


def _summed(rows: Sequence[Mapping[str, Any]]) -> dict[str, dict[str, int | None]]:
    groups: dict[str, dict[str, int | None]] = {}
    for row in rows:
        if row["selected"] > row["trials"] or (row["errors"] or 0) > row["trials"]:
            raise InputError(
                f"evidence/group_outcomes.csv: {row['group']} has more selected or errors than cases."
            )
        mine = groups.setdefault(row["group"], {"trials": 0, "selected": 0, "errors": 0})
        for name in ("trials", "selected"):
            mine[name] = (mine[name] or 0) + row[name]
        before, more = mine["errors"], row["errors"]
        mine["errors"] = None if before is None or more is None else before + more
    return {name: one for name, one in groups.items() if one["trials"]}


def _measured(groups: Mapping[str, Mapping[str, int | None]]) -> list[dict[str, Any]]:
    rates, by = _rates(groups, "selected")
    with_errors = all(one["errors"] is not None for one in groups.values())
    wrong = _rates(groups, "errors")[0] if with_errors else {}
    best = max(rates.values())
    return [
        {
            "group": name, "cases": groups[name]["trials"], "selection_rate": rate,
            "ratio_to_best": rate / best if best else None, "error_rate": wrong.get(name),
            "computed_by": by,
        }
        for name, rate in sorted(rates.items())
    ]  # fmt: skip


def _rates(
    groups: Mapping[str, Mapping[str, int | None]], column: str
) -> tuple[dict[str, float], str]:
    """Return each group's share, and who computed it: each group is two weighted cases."""
    counts = {name: (one[column] or 0, one["trials"] or 0) for name, one in groups.items()}
    try:
        metrics = importlib.import_module("fairlearn.metrics")
    except ImportError:
        return {name: hits / trials for name, (hits, trials) in counts.items()}, COUNTED
    predicted = [value for _ in counts for value in (1, 0)]
    weights = [w for hits, trials in counts.values() for w in (hits, trials - hits)]
    frame = metrics.MetricFrame(
        metrics=metrics.selection_rate, y_true=predicted, y_pred=predicted,
        sensitive_features=[name for name in counts for _ in range(2)],
        sample_params={"sample_weight": weights},
    )  # fmt: skip
    version = importlib.import_module("fairlearn").__version__
    return {str(k): float(v) for k, v in frame.by_group.items()}, f"fairlearn {version}"
