"""Writes data/reference/model_capabilities.csv: what each model of the price book can do.

Run: python scripts/capabilities.py MODEL_MAP.json VERSION YYYY-MM-DD. Reads the windows the
installed genai-prices package states and the model map LiteLLM publishes as a JSON file (the
file alone; the package is not imported). A window both state alike is confirmed; one that only
one states is read at a secondary source; where they differ the larger is kept and is disputed.
"""

import csv
import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from workbench.pricing.resolve import ModelNames
from workbench.pricing.shipped import shipped_imports
from workbench.reference import data_folder

BOOK_PROVIDER = {
    "gemini": "google", "xai": "x-ai", "bedrock": "aws", "bedrock_converse": "aws",
    "azure_ai": "azure", "fireworks_ai": "fireworks", "together_ai": "together",
    "voyage": "voyageai", "moonshot": "moonshotai",
}  # fmt: skip
KEPT = (
    "anthropic", "openai", "google", "mistral", "deepseek", "x-ai", "azure", "aws", "cohere",
    "groq", "cerebras", "together", "fireworks", "perplexity", "moonshotai", "minimax", "zai",
    "databricks", "cloudflare", "voyageai", "meta", "ovhcloud",
)  # fmt: skip
COLUMNS = (
    "provider", "model", "context_tokens", "input_tokens_at_most", "takes", "makes", "tools",
    "caching", "cache_from_tokens", "structured_output", "reasoning", "regions", "source",
    "retrieved_on", "confidence",
)  # fmt: skip
TAKES = {
    "supports_vision": "image", "supports_audio_input": "audio", "supports_video_input": "video",
    "supports_pdf_input": "pdf",
}  # fmt: skip
FLAGS = {
    "tools": "supports_function_calling", "caching": "supports_prompt_caching",
    "structured_output": "supports_response_schema", "reasoning": "supports_reasoning",
}  # fmt: skip


def main(arguments: list[str]) -> int:
    """Write the table from the files named."""
    if len(arguments) != 3:
        print(__doc__)
        return 2
    path, version, day = arguments
    import genai_prices
    from genai_prices.data import providers

    windows = {
        (one.id, model.id): model.context_window
        for one in providers
        for model in one.models
        if model.context_window
    }
    names = ModelNames(one.matchers for one in shipped_imports() if one.matchers)
    mapped = _mapped(json.loads(Path(path).read_text(encoding="utf-8")), names)
    own = f"genai-prices {genai_prices.__version__} (MIT)"
    other = f"LiteLLM model map {version} (MIT)"
    rows = [
        _row(key, windows.get(key), mapped.get(key, {}), sources=(own, other), day=day)
        for key in sorted({*windows, *mapped})
        if key[0] in KEPT
    ]
    target = data_folder() / "reference" / "model_capabilities.csv"
    with target.open("w", newline="", encoding="utf-8") as file:
        sheet = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        sheet.writeheader()
        sheet.writerows(rows)
    print(f"{target}: {len(rows):,} models")
    return 0


def _mapped(
    entries: Mapping[str, Mapping[str, Any]], names: ModelNames
) -> dict[tuple[str, str], Mapping[str, Any]]:
    """Return the map's entries by the book's own names; the plainest name of a model wins."""
    found: dict[tuple[str, str], tuple[int, Mapping[str, Any]]] = {}
    for name, entry in entries.items():
        provider = str(entry.get("litellm_provider", ""))
        served = BOOK_PROVIDER.get(provider, provider)
        known = names.resolve(served, name.rpartition("/")[2])
        if known is None or known.is_fallback:
            continue
        key = (known.owner, known.model)
        apart = (name.count("/"), len(name.rpartition("/")[2]) - len(known.model))
        rank = 100 * apart[0] + abs(apart[1])
        if key not in found or rank < found[key][0]:
            found[key] = (rank, entry)
    return {key: entry for key, (_, entry) in found.items()}


def _row(
    key: tuple[str, str],
    window: int | None,
    entry: Mapping[str, Any],
    *,
    sources: tuple[str, str],
    day: str,
) -> dict[str, Any]:
    most = _whole(entry.get("max_input_tokens"))
    longest = _whole(entry.get("max_output_tokens")) or 0
    agree = window is not None and most is not None and window in (most, most + longest)
    differ = window is not None and most is not None and not agree
    used = [source for source, present in zip(sources, (window, entry), strict=True) if present]
    return {
        "provider": key[0],
        "model": key[1],
        "context_tokens": max(window, most) if differ else window or "",
        "input_tokens_at_most": "" if differ else most or "",
        "takes": ";".join(_takes(entry)),
        "makes": ";".join(_makes(entry)),
        **{name: _word(entry.get(flag)) for name, flag in FLAGS.items()},
        "cache_from_tokens": _whole(entry.get("prompt_cache_min_tokens")) or "",
        "regions": ";".join(entry.get("supported_regions", ())),
        "source": " ; ".join(used),
        "retrieved_on": day,
        "confidence": "confirmed" if agree else "disputed" if differ
        else "read-at-source (secondary)",
    }  # fmt: skip


def _whole(value: object) -> int | None:
    """Return a size as a whole number; the map writes some as 4096.0, and some in words."""
    return int(value) if isinstance(value, int | float) else None


def _word(flag: bool | None) -> str:
    return "" if flag is None else "yes" if flag else "no"


def _takes(entry: Mapping[str, Any]) -> list[str]:
    """Return what goes in; a complete list ends with `only`."""
    stated = [str(one) for one in entry.get("supported_modalities", ())]
    seen = [word for flag, word in TAKES.items() if entry.get(flag)]
    if not stated and not seen:
        return []
    both = sorted({*stated, *seen, "text"}, key=["text", "image", "audio", "video", "pdf"].index)
    return [*both, "only"] if stated else both


def _makes(entry: Mapping[str, Any]) -> list[str]:
    if stated := entry.get("supported_output_modalities"):
        return [str(one) for one in stated]
    return {
        "chat": ["text"], "responses": ["text"], "completion": ["text"], "embedding": ["embedding"],
        "image_generation": ["image"], "audio_speech": ["audio"], "rerank": ["ranking"],
        "audio_transcription": ["text"], "ocr": ["text"], "video_generation": ["video"],
    }.get(str(entry.get("mode")), [])  # fmt: skip


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
