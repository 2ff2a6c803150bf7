"""Where should each feature run? Its load, its owner's limits and its other providers' prices."""

import math
from collections.abc import Iterable, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

from workbench.answers import Source
from workbench.answers.image_load import image_loads
from workbench.answers.placement import rules_of, stated_regions, terms_of
from workbench.answers.serving_load import loads
from workbench.errors import InputError, shown
from workbench.exports.hosting_study import study_document
from workbench.models.hosting.list_prices import rental_of
from workbench.models.hosting.placement import WHERE_ONE_ASKS, Place, PlacementRule, refusals
from workbench.playbook.dossier_files import read_dossiers
from workbench.reference import read_table
from workbench.workspace import offer_sheets, own_capacity
from workbench.yaml_files import read_yaml

CONFIGURATION = {
    "model_path": "openai/gpt-oss-120b", "system": "h100_sxm", "backend": "vllm",
    "precision": "fp4", "tp_size": 2, "moe_tp_size": 2, "batch_size": 64,
}  # fmt: skip

METERS = {
    "uncached_input_tokens": "uncached", "cache_read_tokens": "cached", "output_tokens": "output",
}  # fmt: skip
_LIST_PRICES = """
    SELECT meter, max_by(pico_usd_per_unit, coalesce(effective_from, TIMESTAMP '1970-01-01')) AS pico
    FROM price_book
    WHERE provider = $provider AND model = $model AND conditions IN ('{}', '{"undated":true}')
      AND layer NOT IN ('contract', 'witness')
      AND coalesce(effective_from, TIMESTAMP '1970-01-01') <= $day
      AND coalesce(effective_to, TIMESTAMP '9999-01-01') > $day
    GROUP BY meter
"""


def document(source: Source) -> dict[str, Any] | None:
    """Return what the page needs of every text feature, or None where there is none."""
    found = [*loads(source), *image_loads(source)]
    if not found:
        return None
    folder = source.workspace.layout.root / "dossiers"
    dossiers = {str(each.get("feature")): each for each in _plain(folder)}
    return {
        "as_of": source.as_of.isoformat(),
        "features": [
            {**_rounded(one), **_limits(source, one, dossiers.get(one["feature"], {}))}
            for one in found
        ],
        "offers": offer_sheets.own_rows(source.workspace.layout),
        "own_capacity": _own_capacity(source),
    }


def _own_capacity(source: Source) -> list[dict[str, Any]]:
    """Return where the bill of own accelerators went, by month; money as text, exact."""
    found = own_capacity.months(source.workspace.layout, source.catalog, through=source.as_of)
    return [
        {name: str(value) if isinstance(value, Decimal) else value for name, value in one.items()}
        for one in found
    ]


def _plain(folder: Path) -> list[dict[str, Any]]:
    read_dossiers(folder)  # says what is wrong with a dossier, once and in one place
    return [read_yaml(path) for path in sorted(folder.glob("*.y*ml"))]


def _limits(source: Source, load: Mapping[str, Any], dossier: Mapping[str, Any]) -> dict[str, Any]:
    """Return where the data may be, what it is, and what the dossier's other models cost."""
    slos = dossier.get("slos") or {}
    used = load["served"][0] if "served" in load else load
    return {
        "allowed_regions": [str(each) for each in dossier.get("allowed_regions") or ()],
        "data_classes": [str(each) for each in dossier.get("data_classes") or ()],
        "stated_regions": stated_regions(dossier, used["provider"], used["model"]),
        "placement": rules_of(dossier, as_of=source.as_of),
        "terms": terms_of(dossier, used["provider"], used["model"], as_of=source.as_of),
        "availability_objective": slos.get("availability"),
        "backups": [
            {
                **one,
                "usd_per_mtok": prices,
                "terms": terms_of(dossier, one["provider"], one["model"], as_of=source.as_of),
            }
            for one in _backups(dossier.get("dependencies") or ())
            if (prices := _list_prices(source, one["provider"], one["model"]))
        ],
    }


def _backups(dependencies: Iterable[Mapping[str, Any]]) -> Iterable[dict[str, str]]:
    for one in dependencies:
        if one.get("kind") == "backup" and one.get("provider") and one.get("model"):
            yield {name: str(one.get(name) or "") for name in ("provider", "model", "region")}


def _list_prices(source: Source, provider: str, model: str) -> dict[str, float] | None:
    """Return the list price of a million tokens by kind; None unless input and output have one."""
    rows = source.rows(
        _LIST_PRICES, {"provider": provider, "model": model, "day": source.as_of.isoformat()}
    )
    prices = {METERS[row["meter"]]: row["pico"] / 1e6 for row in rows if row["meter"] in METERS}
    if not {"uncached", "output"} <= set(prices):
        return None
    return {"cached": prices["uncached"], **prices}


def _rounded(one: Mapping[str, Any]) -> dict[str, Any]:
    """Six significant digits: a document is read by people too."""
    return {name: float(f"{v:.6g}") if isinstance(v, float) else v for name, v in one.items()}


def study_of_feature(source: Source, feature: str | None) -> dict[str, Any]:
    """Return what own capacity costs one feature, beside the API it uses.

    The configuration is the one the page opens on: gpt-oss-120b in 4 bits on two H100, of which
    the shipped table has many measured points. A document given to the command asks any other.

    Raises
    ------
    InputError
        If there is no such feature, or no feature's lengths are within what was measured.
    """
    entries = {one["feature"]: one for one in loads(source)}
    if feature is not None and feature not in entries:
        raise InputError(
            f"No text load of feature {feature!r} in the last 28 days. There are: {shown(sorted(entries))}."
        )
    names = [feature] if feature else list(entries)
    refusals: list[str] = []
    for name in names:
        entry = entries[name]
        try:
            answer = study_document(_question(entry))
        except InputError as error:
            refusals.append(f"{name}: {error}")
            continue
        return {
            "feature": name,
            "configuration": dict(CONFIGURATION),
            **answer,
            "placement": placement_of(source, name),
        }
    raise InputError("Nothing to answer for. " + " ".join(refusals[:3] or ["No text usage."]))


def placement_of(source: Source, feature: str) -> list[dict[str, Any]]:
    """Return what the dossier's rules say of the API in use, its backups and own machines.

    One entry an option: how it processes prompts, where, and the rules it breaks.
    """
    found = document(source) or {"features": []}
    entry = next(one for one in found["features"] if one["feature"] == feature)
    rules = tuple(
        PlacementRule(**{**one, "regions": tuple(one["regions"])}) for one in entry["placement"]
    )
    used = entry["served"][0] | {
        "terms": entry["terms"],
        "region": " ".join(entry["regions"] or entry["stated_regions"]),
    }
    managed = [("API in use", used), *(("backup", one) for one in entry["backups"])]
    rows = [
        (f"{what}: {one['provider']}/{one['model']}", one["terms"]["processing"],
         frozenset(one["region"].split()), one["terms"]["words"])
        for what, one in managed
    ]  # fmt: skip
    rows.append(("own machines", "self_hosted", frozenset({WHERE_ONE_ASKS}), "nothing leaves"))
    return [
        {
            "option": name, "processing": processing, "regions": " ".join(sorted(regions)), "terms": words,
            "breaks": "; ".join(
                refusals([Place(processing=processing, regions=regions)], entry["data_classes"], rules)
            ),
        }
        for name, processing, regions, words in rows
    ]  # fmt: skip


def _question(entry: Mapping[str, Any]) -> dict[str, Any]:
    """Write one feature's load as the document a study reads."""
    prices, hit = entry["usd_per_mtok"], entry["cache_hit_rate"] or 0.0
    sigma = entry["sigma"] or 0.0
    to_median = math.exp(-(sigma**2) / 2)
    uncached = prices["uncached"] or 0.0
    cached = uncached if prices["cached"] is None else prices["cached"]
    rental = rental_of(read_table("gpu_rental"), str(CONFIGURATION["system"]))
    assert rental is not None
    return {
        "configuration": dict(CONFIGURATION),
        "requests_by_hour": entry["requests_by_hour"],
        **({"cv": entry["cv"]} if entry["cv"] else {}),
        "median_input_tokens": entry["mean_input_tokens"] * to_median,
        "median_output_tokens": entry["mean_output_tokens"] * to_median,
        "sigma": sigma,
        "targets": {"ttft_p95_s": 4.0, "tpot_p95_ms": 50.0},
        "usd_per_gpu_hour": rental.usd_per_gpu_hour,
        "api_usd_per_mtok_input": hit * cached + (1 - hit) * uncached,
        "api_usd_per_mtok_output": prices["output"] or 0.0,
    }
