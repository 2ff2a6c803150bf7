"""Evaluation results of other tools -> cases: promptfoo, Langfuse, DeepEval, plain CSV.

A reader takes what the tool wrote and nothing else; what a tool does not write stays None. The
format is recognised by its keys.
"""

import csv
import functools
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from workbench.errors import InputError
from workbench.models.model_upgrade import EvaluatedCase

CSV_COLUMNS = (
    "case_id", "success", "cost_usd", "latency_ms", "input_tokens", "output_tokens",
    "reasoning_tokens", "refused", "schema_valid", "attack_resisted",
)  # fmt: skip


def read_results(path: Path) -> tuple[EvaluatedCase, ...]:
    """Return the cases of one result file; one that has not changed is read once.

    Raises
    ------
    InputError
        If the file is in none of the formats, or a case is no case; the message names it.
    """
    found = path.stat()
    return _cases_of(path, found.st_mtime_ns, found.st_size)


@functools.lru_cache(maxsize=32)
def _cases_of(path: Path, modified_ns: int, size_bytes: int) -> tuple[EvaluatedCase, ...]:
    if path.suffix == ".csv":
        return _plain_csv(path)
    try:
        text = path.read_text(encoding="utf-8")
        lines = path.suffix == ".jsonl"
        content = (
            [json.loads(line) for line in text.splitlines() if line.strip()]
            if lines
            else json.loads(text)
        )
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: neither CSV nor JSON: {error}") from error
    if isinstance(content, dict) and isinstance(content.get("testRunData"), dict):
        content = content["testRunData"]  # DeepEval wraps its latest run so
    try:
        if lines and content and isinstance(content[0], dict) and "testIdx" in content[0]:
            return _promptfoo(content)
        if isinstance(content, dict) and "results" in content:
            return _promptfoo(content["results"])
        if isinstance(content, dict) and ("testCases" in content or "test_cases" in content):
            return _deepeval(content.get("testCases") or content["test_cases"])
        rows = content.get("data") if isinstance(content, dict) else content
        if isinstance(rows, list) and rows and isinstance(rows[0], dict) and "scores" in rows[0]:
            return _langfuse(rows)
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(f"{path}: a case lacks or garbles {error}. Nothing was read.") from error
    raise InputError(
        f"{path}: not a result file of promptfoo (results), DeepEval (testCases), Langfuse (scores) "
        f"or CSV with the columns {', '.join(CSV_COLUMNS[:4])}…"
    )


def _plain_csv(path: Path) -> tuple[EvaluatedCase, ...]:
    with path.open(newline="", encoding="utf-8-sig") as file:
        reader = csv.DictReader(file)
        names = set(reader.fieldnames or [])
        if not {"case_id", "success"} <= names or names - set(CSV_COLUMNS):
            raise InputError(
                f"{path}: needs the columns case_id and success, and knows {', '.join(CSV_COLUMNS)}; "
                f"it has {', '.join(sorted(names))}."
            )
        rows = list(reader)
    cases = []
    for number, row in enumerate(rows, start=2):
        try:
            cases.append(_csv_case(row))
        except ValueError as error:
            raise InputError(f"{path} line {number}: {error}.") from error
    return tuple(cases)


def _csv_case(row: Mapping[str, str | None]) -> EvaluatedCase:
    success = _flag(row.get("success"))
    if success is None or not row.get("case_id"):
        raise ValueError("case_id and success must hold something")
    return EvaluatedCase(
        case_id=str(row["case_id"]), success=success,
        cost_usd=_number(row.get("cost_usd")), latency_ms=_number(row.get("latency_ms")),
        input_tokens=_count(row.get("input_tokens")), output_tokens=_count(row.get("output_tokens")),
        reasoning_tokens=_count(row.get("reasoning_tokens")), refused=_flag(row.get("refused")),
        schema_valid=_flag(row.get("schema_valid")),
        attack_resisted=_flag(row.get("attack_resisted")),
    )  # fmt: skip


def _promptfoo(results: Mapping[str, Any] | Sequence[Any]) -> tuple[EvaluatedCase, ...]:
    """`promptfoo eval -o results.json`: one case per test, and repeat, of the one provider in it."""
    rows = results["results"] if isinstance(results, Mapping) else results
    models = sorted({_provider(row) for row in rows} - {""})
    if len(models) > 1:
        raise InputError(
            f"The file holds results of {len(models)} models ({', '.join(models[:4])}): write one file a "
            "model (promptfoo eval --filter-providers NAME -o FILE). Nothing was read."
        )
    seen: dict[str, int] = {}
    cases = []
    for row in rows:
        name = str(row.get("testCase", {}).get("metadata", {}).get("id") or row["testIdx"])
        seen[name] = seen.get(name, 0) + 1
        tokens = row.get("tokenUsage") or row.get("response", {}).get("tokenUsage") or {}
        details = tokens.get("completionDetails") or {}
        parts = (row.get("gradingResult") or {}).get("componentResults") or []
        cases.append(
            EvaluatedCase(
                case_id=name if seen[name] == 1 else f"{name}#{seen[name]}",
                success=bool(row["success"]), cost_usd=_number(row.get("cost")),
                latency_ms=_number(row.get("latencyMs")), input_tokens=_count(tokens.get("prompt")),
                output_tokens=_count(tokens.get("completion")),
                reasoning_tokens=_count(details.get("reasoning")),
                refused=_assertion(parts, ("is-refusal",)),
                schema_valid=_assertion(parts, ("is-json", "contains-json", "is-valid-openai-tools-call")),
                attack_resisted=_assertion(parts, ("promptfoo:redteam",)),
            )
        )  # fmt: skip
    return tuple(cases)


def _provider(row: Mapping[str, Any]) -> str:
    given = row.get("provider")
    return str(given.get("id", "")) if isinstance(given, Mapping) else str(given or "")


def _assertion(parts: Sequence[Any], kinds: tuple[str, ...]) -> bool | None:
    found = [
        bool(part.get("pass")) for part in parts
        if str((part.get("assertion") or {}).get("type", "")).startswith(kinds)
    ]  # fmt: skip
    return all(found) if found else None


def _deepeval(rows: Sequence[Mapping[str, Any]]) -> tuple[EvaluatedCase, ...]:
    """DeepEval test run (`.deepeval/.latest_test_run.json` or an exported run)."""
    cases = []
    for place, row in enumerate(rows):
        metrics = row.get("metricsData") or row.get("metrics_data") or []
        latency = row.get("completionTime") or row.get("completion_time")
        cases.append(
            EvaluatedCase(
                case_id=str(row.get("name") or place), success=bool(row["success"]),
                cost_usd=_number(row.get("tokenCost") or row.get("token_cost")),
                latency_ms=float(latency) * 1000 if latency is not None else None,
                schema_valid=_metric(metrics, "json"), attack_resisted=_metric(metrics, "jailbreak"),
            )
        )  # fmt: skip
    return tuple(cases)


def _metric(metrics: Sequence[Mapping[str, Any]], word: str) -> bool | None:
    found = [bool(m.get("success")) for m in metrics if word in str(m.get("name", "")).lower()]
    return all(found) if found else None


def _langfuse(rows: Sequence[Mapping[str, Any]]) -> tuple[EvaluatedCase, ...]:
    """Langfuse dataset run: traces with scores; the score `success` or `correctness` decides."""
    cases = []
    for row in rows:
        if any(isinstance(score, str) for score in row["scores"]):
            raise InputError(
                f"Trace {row.get('id')} lists its scores by id only: export each trace with its scores "
                "(GET /api/public/traces/ID). Nothing was read."
            )
        scores = {str(s["name"]).lower(): s.get("value") for s in row["scores"]}
        decisive = scores.get("success", scores.get("correctness"))
        if decisive is None:
            raise KeyError(f"score `success` or `correctness` of {row.get('id')}")
        usage = row.get("usage") or {}
        cases.append(
            EvaluatedCase(
                case_id=str(row.get("datasetItemId") or row["id"]), success=float(decisive) >= 0.5,
                cost_usd=_number(row.get("totalCost")),
                latency_ms=float(row["latency"]) * 1000 if row.get("latency") is not None else None,
                input_tokens=_count(usage.get("input")), output_tokens=_count(usage.get("output")),
                reasoning_tokens=_count(usage.get("output_reasoning")),
                refused=_flag(scores.get("refused")), schema_valid=_flag(scores.get("schema_valid")),
                attack_resisted=_flag(scores.get("attack_resisted")),
            )
        )  # fmt: skip
    return tuple(cases)


def _number(value: object) -> float | None:
    if value in (None, ""):
        return None
    number = float(str(value))
    if not 0 <= number < float("inf"):
        raise ValueError(f"{value!r} is no amount")
    return number


def _count(value: object) -> int | None:
    number = _number(value)
    if number is not None and number != int(number):
        raise ValueError(f"{value!r} is no whole number")
    return None if number is None else int(number)


def _flag(value: object) -> bool | None:
    if value in (None, ""):
        return None
    words = {
        "true": True,
        "1": True,
        "1.0": True,
        "yes": True,
        "false": False,
        "0": False,
        "0.0": False,
        "no": False,
    }
    word = str(value).lower()
    if word not in words:
        raise ValueError(f"{value!r} is neither true nor false")
    return words[word]
