"""Outside price cases in our own words: inclusive counts turned into disjoint meters.

The case files count inclusively: input holds cache reads, cache writes, audio, image and
video; output holds reasoning, audio, image and video.
"""

import csv
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

DEFAULT_INSTANT = "2026-11-20T12:00:00Z"


def read_cases(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def usage_rows(case: dict[str, str]) -> dict[str, Any]:
    """Return the case as one usage record with our own columns; meters that are 0 are left out."""
    other = json.loads(case.get("other_usage_json") or "{}")

    def count(name: str) -> int:
        return int(case.get(name) or other.get(name) or 0)

    cached = {kind: count(f"cache_{kind}_read_tokens") for kind in ("audio", "image", "video")}
    read = {kind: count(f"input_{kind}_tokens") - cached[kind] for kind in cached}
    written = {kind: count(f"output_{kind}_tokens") for kind in cached}
    five, hour = count("cache_write_5m_tokens"), count("cache_write_1h_tokens")
    cache_write = max(count("cache_write_tokens"), five + hour)
    cache_read = count("cache_read_tokens")
    heard = Decimal(case.get("input_audio_seconds") or 0)
    sounded = Decimal(case.get("audio_seconds") or 0)
    meters = {
        "uncached_input_tokens": count("input_tokens")
        - cache_read
        - cache_write
        - sum(read.values()),
        "cache_read_tokens": cache_read - sum(cached.values()),
        "cache_write_5m_tokens": five,
        "cache_write_1h_tokens": hour,
        "cache_write_unknown_tokens": cache_write - five - hour,
        "output_tokens": count("output_tokens") - sum(written.values()),
        "reasoning_tokens": count("output_reasoning_tokens"),
        "citation_tokens": count("output_citation_tokens"),
        "audio_seconds": max(sounded - heard, Decimal(0)),
        "input_audio_seconds": heard,
        "web_searches": count("web_searches"),
        # Where the request itself has a price, a request is one of them.
        "billed_requests": int("requests_kcount" in (case.get("unit_prices_json") or "")),
    }
    for kind in cached:
        meters[f"input_{kind}_tokens"] = read[kind]
        meters[f"cache_read_{kind}_tokens"] = cached[kind]
        meters[f"output_{kind}_tokens"] = written[kind]
    tier, variant = _tier(case)
    return {
        "request_id": case["case_id"],
        "started_at": case.get("timestamp") or DEFAULT_INSTANT,
        "provider": case["provider"],
        "model": case["model"],
        "service_tier": tier,
        "price_variant": variant,
        **{name: amount for name, amount in meters.items() if amount},
    }


def _tier(case: dict[str, str]) -> tuple[str, str]:
    stated = case.get("price_context") or case.get("service_tier_or_context") or "{}"
    tier, variants = "standard", []
    for name, value in json.loads(stated).items():
        if name in ("service_tier", "processing") or (name, value) == ("speed", "fast"):
            tier = "standard" if value == "default" else value
        else:
            variants.append(f"{name}={value}")
    return tier, ";".join(sorted(variants))
