"""From rows of text to serving questions, catalogues and calibrated models, and back.

Rows come from CSV files read elsewhere. Nothing is guessed: a value that is no positive
number is refused with its row and column.
"""

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields
from typing import Final

import numpy as np

from workbench.errors import InputError, shown
from workbench.models.hosting.band import SITUATIONS, Band
from workbench.models.hosting.catalogue import Accelerator, ModelShape
from workbench.models.hosting.roofline import Efficiencies
from workbench.models.hosting.serving import Catalogue, Measured, ServingModel
from workbench.models.hosting.workload import Floats, ServingGrid

Row = Mapping[str, str]

STORED_AS: Final = {
    "bfloat16": "bf16", "bf16": "bf16", "float16": "bf16", "fp16": "bf16",
    "fp8": "fp8", "fp8_block": "fp8", "fp8_static": "fp8", "w8a8": "fp8",
    "fp4": "fp4", "nvfp4": "fp4", "mxfp4": "fp4", "w4a8_mxfp4_mxfp8": "fp4",
    "int4": "int4", "int4_wo": "int4", "w4a16": "int4", "awq": "int4", "gptq": "int4",
}  # fmt: skip
"""How published points write a storage format, and ours."""
GRID_COLUMNS: Final = (
    "id",
    "backend",
    "model_path",
    "system",
    "isl",
    "osl",
    "batch_size",
    "tp_size",
)
"""Columns a prediction file must have; the others may be absent or blank."""
ASKED: Final = ("isl", "osl", "batch_size", "tp_size")
OPTIONAL: Final = ("pp_size", "attention_dp_size", "moe_tp_size", "moe_ep_size")
"""Numbers that may be absent, blank or 0, which is 1."""
MOST: Final = 1e18
"""No count of a serving configuration is larger; beyond it arithmetic would overflow."""
SUFFIXES: Final = ("instruct", "chat", "base", "hf", "fp8", "fp4", "nvfp4", "bf16", "awq", "mxfp4")
VERSION = re.compile(r"(\d+)\.(\d+)(?:\.(\d+))?(?:[-.]?(?:rc|dev\.?)(\d+))?")
METRICS: Final = ("output_tokens_per_s_per_gpu", "tpot_ms", "ttft_ms")


def catalogue_of(model_rows: Iterable[Row], machine_rows: Iterable[Row]) -> Catalogue:
    """Build the catalogue from the tables `model_architectures` and `gpu_specs`."""
    return Catalogue(
        models={row["model"]: _shape(row) for row in model_rows if _whole(row, "attention_heads")},
        machines={row["system"]: _machine(row) for row in machine_rows},
    )


def resolve_model(name: str, known: Iterable[str]) -> str | None:
    """Return the catalogue's name for a model, or None.

    Tried in order: the same name, without regard to case, the same without the
    publisher, the same without publisher and trailing words that change weights, not shape
    (instruct, fp8, …), and the beginning of a name if only one name begins so.
    """
    names = list(known)
    for key in (str, str.casefold, _bare, _stem):
        for candidate in names:
            if key(candidate) == key(name):
                return candidate
    longer = [candidate for candidate in names if _bare(candidate).startswith(f"{_stem(name)}-")]
    return longer[0] if len(longer) == 1 else None


def release_number(version: str) -> float:
    """Return a software version as one rising number; NaN where there is none to read.

    Examples
    --------
    >>> release_number("0.19.0"), release_number("1.2.0rc6.post3")
    (19.0, 120.6)
    """
    found = VERSION.match(version or "")
    if not found:
        return math.nan
    major, minor, patch, candidate = (int(part) if part else 0 for part in found.groups())
    if major == 0:
        return minor + patch / 10 + candidate / 100
    return major * 100 + minor * 10 + patch + candidate / 10


def precision_of(row: Row, *, default: str = "bf16") -> str:
    """Return how the large matrices are stored: of experts, else of matrices, else stated."""
    for column in ("moe_quant_mode", "gemm_quant_mode", "precision"):
        text = (row.get(column) or "").strip().lower()
        if text:
            if text not in STORED_AS:
                raise InputError(
                    f"Row {row.get('id', '?')!r}: {column} {text!r} is not known. "
                    f"Known: {', '.join(sorted(STORED_AS))}."
                )
            return STORED_AS[text]
    return default


def grid_of(rows: Sequence[Row], catalogue: Catalogue) -> ServingGrid:
    """Build a grid from rows with the columns of a prediction file.

    Raises
    ------
    InputError
        If a number is blank, not finite or below its least value, or a name is unknown.
    """
    for name in ("model_path", "system", "backend"):
        if any(not row.get(name) for row in rows):
            raise InputError(f"A configuration needs {name}. Add it.")
    stated = [row["model_path"].strip() for row in rows]
    found = {name: resolve_model(name, catalogue.models) for name in set(stated)}
    models = [found[name] for name in stated]
    unknown = [row["model_path"] for row, model in zip(rows, models, strict=True) if model is None]
    if unknown:
        raise InputError(
            f"Unknown model: {shown(sorted(set(unknown)))}. "
            "Add its shape to data/reference/model_architectures.csv."
        )
    return ServingGrid(
        model=np.array(models, dtype=np.str_),
        system=np.array([row["system"].strip() for row in rows], dtype=np.str_),
        backend=np.array([row["backend"].strip() for row in rows], dtype=np.str_),
        precision=np.array([precision_of(row) for row in rows], dtype=np.str_),
        input_tokens=_column(rows, "isl"),
        output_tokens=_column(rows, "osl"),
        batch_size=_column(rows, "batch_size"),
        tensor_parallel=_column(rows, "tp_size"),
        pipeline_parallel=_column(rows, "pp_size", blank=1),
        attention_replicas=_column(rows, "attention_dp_size", blank=1),
        expert_tensor_parallel=_column(rows, "moe_tp_size", blank=1),
        expert_parallel=_column(rows, "moe_ep_size", blank=1),
        release=np.array([release_number(row.get("backend_version") or "") for row in rows]),
    )


def fault_of(row: Row) -> str:
    """Return why a row cannot be a question; empty where it can.

    Names are not looked up here; see `resolve_model` and the catalogue's machines.
    """
    try:
        for name in ASKED:
            _number(row, name, blank=None, least=1.0)
        for name in OPTIONAL:
            _number(row, name, blank=1.0, least=1.0)
        precision_of(row)
    except InputError as error:
        said = str(error).partition(": ")[2]
        return said.removesuffix(" Correct the row and run again.")
    return ""


def measured_of(rows: Sequence[Row], catalogue: Catalogue) -> Measured:
    """Build measured points from rows that also have silicon_ttft_ms and silicon_tpot_ms."""
    return Measured(
        grid=grid_of(rows, catalogue),
        ttft_ms=_column(rows, "silicon_ttft_ms", least=1e-6),
        tpot_ms=_column(rows, "silicon_tpot_ms", least=1e-6),
    )


def coefficient_rows(model: ServingModel) -> list[dict[str, str]]:
    """Return everything fitted but the anchors, as rows (group, name, value)."""
    rows: list[tuple[str, str, float]] = [
        ("efficiency", field.name, getattr(model.efficiencies, field.name))
        for field in fields(Efficiencies)
    ]
    rows += [("first_token_law", str(n), float(v)) for n, v in enumerate(model.first_token_law)]
    for backend, (centre, spread) in sorted(model.release_centre.items()):
        rows += [("release_centre", backend, centre), ("release_spread", backend, spread)]
    for place, name in enumerate(SITUATIONS):
        knots = model.band.nearness[place]
        rows += [("band_nearness", f"{name}:{knot}", float(v)) for knot, v in enumerate(knots)]
        for side, values in (("band_low", model.band.low), ("band_high", model.band.high)):
            for knot, line in enumerate(values[place]):
                rows += [
                    (side, f"{name}:{knot}:{metric}", float(v))
                    for metric, v in zip(METRICS, line, strict=True)
                ]
    return [{"group": group, "name": name, "value": f"{value:.8g}"} for group, name, value in rows]


def serving_model_of(
    coefficients: Iterable[Row], anchor_rows: Sequence[Row], catalogue: Catalogue
) -> ServingModel:
    """Rebuild a calibrated model from its stored rows.

    Raises
    ------
    InputError
        If a coefficient is missing: run the calibration again.
    """
    groups: dict[str, dict[str, float]] = {}
    for row in coefficients:
        groups.setdefault(row["group"], {})[row["name"]] = float(row["value"])
    try:
        centres = groups.get("release_centre", {})
        return ServingModel(
            efficiencies=Efficiencies(**groups["efficiency"]),
            first_token_law=_vector(groups["first_token_law"]),
            anchors=measured_of(anchor_rows, catalogue),
            anchor_weights=np.array(
                [[float(row["tpot_weight"]), float(row["ttft_weight"])] for row in anchor_rows]
            ),
            release_centre={b: (c, groups["release_spread"][b]) for b, c in centres.items()},
            band=_band(groups),
        )
    except (KeyError, TypeError) as gap:
        raise InputError(
            f"data/reference/serving_coefficients.csv is incomplete ({gap}). "
            "Run `make calibrate MEASURED=FILE` again."
        ) from gap


def _vector(named: Mapping[str, float]) -> Floats:
    return np.array([named[str(n)] for n in range(len(named))])


def _band(groups: Mapping[str, Mapping[str, float]]) -> Band:
    knots = {
        name: sum(key.startswith(f"{name}:") for key in groups["band_nearness"])
        for name in SITUATIONS
    }
    if not all(knots.values()):
        raise KeyError("band_nearness by situation")

    def ends(side: str) -> tuple[Floats, ...]:
        return tuple(
            np.array(
                [[groups[side][f"{name}:{n}:{metric}"] for metric in METRICS] for n in range(count)]
            )
            for name, count in knots.items()
        )

    return Band(
        nearness=tuple(
            np.array([groups["band_nearness"][f"{name}:{n}"] for n in range(count)])
            for name, count in knots.items()
        ),
        low=ends("band_low"),
        high=ends("band_high"),
    )


def _column(
    rows: Sequence[Row], name: str, *, blank: float | None = None, least: float = 1.0
) -> Floats:
    return np.array([_number(row, name, blank=blank, least=least) for row in rows], dtype=float)


def _number(row: Row, name: str, *, blank: float | None, least: float) -> float:
    text = (row.get(name) or "").strip()
    if blank is not None and text in ("", "0", "0.0"):
        return blank
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value) or not least <= value <= MOST:
        raise InputError(
            f"Row {row.get('id', '?')!r}: {name} must be a number of at least {least:g}, "
            f"not {text[:40]!r}. Correct the row and run again."
        )
    return value


def _whole(row: Row, name: str) -> int:
    text = (row.get(name) or "").strip()
    return int(float(text)) if text else 0


def _shape(row: Row) -> ModelShape:
    heads, experts = _whole(row, "attention_heads"), _whole(row, "experts")
    return ModelShape(
        name=row["model"],
        layers=_whole(row, "layers"),
        hidden_size=_whole(row, "hidden_size"),
        attention_heads=heads,
        kv_heads=_whole(row, "kv_heads") or heads,
        head_dim=_whole(row, "head_dim") or _whole(row, "hidden_size") // heads,
        intermediate_size=_whole(row, "intermediate_size"),
        vocab_size=_whole(row, "vocab_size"),
        experts=experts,
        experts_per_token=_whole(row, "experts_per_token") or min(experts, 1),
        shared_experts=_whole(row, "shared_experts"),
        # configurations without a width of their own for experts use the common one
        moe_intermediate_size=_whole(row, "moe_intermediate_size")
        or (_whole(row, "intermediate_size") if experts else 0),
        first_dense_layers=_whole(row, "first_dense_layers"),
        kv_lora_rank=_whole(row, "kv_lora_rank"),
        qk_rope_head_dim=_whole(row, "qk_rope_head_dim"),
        q_lora_rank=_whole(row, "q_lora_rank"),
        v_head_dim=_whole(row, "v_head_dim"),
        sliding_window=_whole(row, "sliding_window"),
        full_attention_layers=_whole(row, "full_attention_layers") or None,
        linear_attention_layers=_whole(row, "linear_attention_layers"),
        weight_format=STORED_AS.get(row.get("weight_format") or "", "bf16"),
    )


def _machine(row: Row) -> Accelerator:
    def rate(name: str) -> float | None:
        return float(row[name]) if row.get(name) else None

    return Accelerator(
        name=row["accelerator"],
        memory_gb=float(row["memory_gb"]),
        memory_gb_per_s=float(row["memory_gb_per_s"]),
        bf16_tflops=float(row["bf16_dense_tflops"]),
        fp8_tflops=rate("fp8_dense_tflops"),
        fp4_tflops=rate("fp4_dense_tflops"),
        power_w=rate("power_w"),
        confidence=row["confidence"],
    )


def _bare(name: str) -> str:
    return name.rsplit("/", 1)[-1].casefold()


def _stem(name: str) -> str:
    words = _bare(name).removeprefix("meta-").split("-")
    while len(words) > 1 and (words[-1] in SUFFIXES or re.fullmatch(r"\d{4}", words[-1])):
        words.pop()
    return "-".join(words).replace("llama-3.3-70b", "llama-3.1-70b")
