"""Where should each feature run? Its load, its owner's limits and its other providers' prices."""

from collections.abc import Iterable, Mapping
from typing import Any

from workbench.answers import Source
from workbench.answers.serving_load import loads
from workbench.playbook.dossier_files import read_dossiers

METERS = {
    "uncached_input_tokens": "uncached", "cache_read_tokens": "cached", "output_tokens": "output",
}  # fmt: skip
_LIST_PRICES = """
    SELECT meter, max_by(pico_usd_per_unit, coalesce(effective_from, TIMESTAMP '1970-01-01')) AS pico
    FROM price_book
    WHERE provider = $provider AND model = $model AND conditions IN ('{}', '{"undated":true}')
      AND layer <> 'contract'
      AND coalesce(effective_from, TIMESTAMP '1970-01-01') <= $day
      AND coalesce(effective_to, TIMESTAMP '9999-01-01') > $day
    GROUP BY meter
"""


def document(source: Source) -> dict[str, Any] | None:
    """Return what the page needs of every text feature, or None where there is none."""
    found = loads(source)
    if not found:
        return None
    folder = source.workspace.layout.root / "dossiers"
    dossiers = {str(each.get("feature")): each for each in _plain(folder)}
    return {
        "as_of": source.as_of.isoformat(),
        "features": [
            {**_rounded(one), **_limits(source, dossiers.get(one["feature"], {}))} for one in found
        ],
    }


def _plain(folder: Any) -> list[dict[str, Any]]:  # noqa: ANN401
    read_dossiers(folder)  # says what is wrong with a dossier, once and in one place
    import yaml

    return [yaml.safe_load(path.read_text()) for path in sorted(folder.glob("*.yaml"))]


def _limits(source: Source, dossier: Mapping[str, Any]) -> dict[str, Any]:
    """Return where the data may be, what it is, and what the dossier's other models cost."""
    slos = dossier.get("slos") or {}
    return {
        "allowed_regions": [str(each) for each in dossier.get("allowed_regions") or ()],
        "data_classes": [str(each) for each in dossier.get("data_classes") or ()],
        "availability_objective": slos.get("availability"),
        "backups": [
            {**one, "usd_per_mtok": prices}
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
