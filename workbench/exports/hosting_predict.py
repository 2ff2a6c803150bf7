"""A file of serving questions in, a file of answers with their bands out.

The shipped coefficients and anchors answer; `hosting_calibrate` refits them.
"""

import csv
import gzip
import math
from collections.abc import Collection, Sequence
from functools import cache
from pathlib import Path

from workbench.errors import InputError, shown
from workbench.models.hosting.serving import Catalogue, Prediction, ServingModel, predict
from workbench.models.hosting.tables import (
    GRID_COLUMNS,
    METRICS,
    Row,
    catalogue_of,
    fault_of,
    grid_of,
    resolve_model,
    serving_model_of,
)
from workbench.reference import read_table

NUMBERS = tuple(f"{metric}{end}" for metric in METRICS for end in ("", "_p10", "_p90"))
COLUMNS = ("id", *NUMBERS, "in_box", "reason")
MOST_ROWS = 1_000_000


@cache
def shipped_catalogue() -> Catalogue:
    """Return models and machines as shipped in data/reference/."""
    return catalogue_of(read_table("model_architectures"), read_table("gpu_specs"))


@cache
def shipped_model() -> ServingModel:
    """Return the calibrated predictor as shipped in data/reference/."""
    return serving_model_of(
        read_table("serving_coefficients"), read_table("measured_serving"), shipped_catalogue()
    )


def calibrated_model(folder: Path) -> ServingModel:
    """Return the predictor that `make calibrate MEASURED=FILE OUT=DIR` wrote to a folder.

    Raises
    ------
    InputError
        If the folder does not hold the two tables.
    """
    tables = {
        name: read_rows(folder / f"{name}.csv", required=columns)
        for name, columns in (
            ("serving_coefficients", ("group", "name", "value")),
            ("measured_serving", (*GRID_COLUMNS, "tpot_weight", "ttft_weight")),
        )
    }
    return serving_model_of(
        tables["serving_coefficients"], tables["measured_serving"], shipped_catalogue()
    )


def predict_csv(
    in_path: Path, out_path: Path, *, calibration: Path | None = None
) -> dict[str, int]:
    """Answer every row of a file (CSV, plain or gzipped) and write the answers by id.

    Refused rows (disaggregated, unknown model or machine, a value that is no usable number, far
    outside what was measured) have blank numbers, `in_box` false and a reason; the others have
    p10 and p90 of the 80 % band.

    Parameters
    ----------
    in_path
        Columns `GRID_COLUMNS`; optional mode, backend_version, precision, gemm_quant_mode,
        moe_quant_mode, pp_size, attention_dp_size, moe_tp_size, moe_ep_size. Others are ignored.
    out_path
        Written with `COLUMNS`, one row for each row asked, in the same order.
    calibration
        Folder of another fit, see `calibrated_model`; the shipped one where None.

    Returns
    -------
    dict
        Counts: rows, in_box, extrapolated, refused.

    Raises
    ------
    InputError
        If the file cannot be read or lacks a column; nothing is written then.
    """
    rows = read_rows(in_path, required=GRID_COLUMNS)
    answers = answer_rows(rows, calibrated_model(calibration) if calibration else None)
    try:
        with out_path.open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
            writer.writeheader()
            writer.writerows(answers)
    except OSError as error:
        raise InputError(
            f"Cannot write {out_path}: {error.strerror}. Name another --out."
        ) from error
    in_box = sum(answer["in_box"] == "true" for answer in answers)
    refused = sum(answer["tpot_ms"] == "" for answer in answers)
    return {
        "rows": len(answers),
        "in_box": in_box,
        "extrapolated": len(answers) - in_box - refused,
        "refused": refused,
    }


def answer_rows(rows: Sequence[Row], model: ServingModel | None = None) -> list[dict[str, str]]:
    """Return one answer per row, in the order given; by the shipped fit where `model` is None."""
    catalogue = shipped_catalogue()
    known = {
        name for name in {row["model_path"].strip() for row in rows}
        if resolve_model(name, catalogue.models) is not None
    }  # fmt: skip
    reasons = [_refusal(row, known, catalogue) for row in rows]
    asked = [row for row, reason in zip(rows, reasons, strict=True) if not reason]
    answers: list[dict[str, str]] = []
    if asked:
        prediction = predict(model or shipped_model(), grid_of(asked, catalogue), catalogue)
        answers = [_answer(row, prediction, n) for n, row in enumerate(asked)]
    following = iter(answers)
    return [
        _blank(row, reason) if reason else next(following)
        for row, reason in zip(rows, reasons, strict=True)
    ]


def read_rows(path: Path, *, required: Sequence[str]) -> list[Row]:
    """Read a CSV file, plain or gzipped, and check that it has the required columns."""
    try:
        with path.open("rb") as file:
            packed = file.read(2) == b"\x1f\x8b"
        opener = gzip.open if packed else open
        with opener(path, "rt", newline="", encoding="utf-8-sig") as file:
            reader = csv.DictReader(file, restval="")
            missing = [name for name in required if name not in (reader.fieldnames or ())]
            if missing:
                raise InputError(
                    f"{path}: no column {shown(missing)}. A prediction file needs {', '.join(required)}."
                )
            rows: list[Row] = [row for row, _ in zip(reader, range(MOST_ROWS + 1), strict=False)]
    except (OSError, EOFError, UnicodeDecodeError, csv.Error) as error:
        raise InputError(
            f"{path} cannot be read as CSV: {error}. Give a UTF-8 CSV file."
        ) from error
    if len(rows) > MOST_ROWS:
        raise InputError(f"{path} has more than {MOST_ROWS:,} rows. Split the file.")
    return rows


def _refusal(row: Row, known: Collection[str], catalogue: Catalogue) -> str:
    if (row.get("mode") or "agg").strip() != "agg":
        return "disaggregated serving is not predicted"
    if row["model_path"].strip() not in known:
        return "model not in the catalogue"
    if row["system"].strip() not in catalogue.machines:
        return "system not in the catalogue"
    return fault_of(row)


def _answer(row: Row, prediction: Prediction, n: int) -> dict[str, str]:
    numbers = {name: float(getattr(prediction, name)[n]) for name in NUMBERS}
    return {
        "id": row["id"],
        **{name: "" if math.isnan(value) else f"{value:.6g}" for name, value in numbers.items()},
        "in_box": "true" if prediction.in_box[n] else "false",
        "reason": str(prediction.reason[n]),
    }


def _blank(row: Row, reason: str) -> dict[str, str]:
    return {"id": row["id"], **dict.fromkeys(NUMBERS, ""), "in_box": "false", "reason": reason}
