"""What a synthetic organisation assumes of the coming year: a register and one scenario over it."""

from typing import Any

SOURCE = "synthetic sample"
WRITTEN_FOR = 200_000
"""Synthetic requests the amounts below were chosen for; other sizes scale them."""
NAME = "AI spend"
JUDGED = {"dated": "2026-10-15", "source": SOURCE, "expires": "2027-12-31"}
SUPPORT_LINES = (
    "support fresh input", "support cache read", "support cache write", "support output",
)  # fmt: skip
TEXT = ["uncached_input_tokens", "cache_read_tokens"]
EARLIER_MONTHS = 3
EARLIER_DAYS = 28
BUDGET_STEPS = ((2, 1_340.0), (6, 1_420.0), (6, 1_560.0))
"""Months and USD a month: to December, to June, to the end of the next year."""


def register(scale: float) -> dict[str, Any]:
    """Return the register of the envelope, its amounts of money and requests scaled."""
    return {
        "kind": "assumptions",
        "name": NAME,
        "first_month": "2026-11",
        "months": sum(months for months, _ in BUDGET_STEPS),
        "seed": 20_261_101,
        "budget_usd": [
            round(usd * scale, 2) for months, usd in BUDGET_STEPS for _ in range(months)
        ],
        "drivers": _drivers(scale),
        "lines": _lines(),
        "fixed": {
            "evaluation and search tools": {
                "usd": round(180.0 * scale, 2), "owner": "platform owner", "source": SOURCE,
            },
            "record storage": {
                "usd": round(24.0 * scale, 2), "owner": "platform owner", "source": SOURCE,
            },
        },
        "commitments": {
            "contract minimum": {
                "lines": list(SUPPORT_LINES), "usd_per_month": round(210.0 * scale, 2),
                "source": SOURCE,
            }
        },
        "events": _events(scale),
        "correlations": {
            "support and image users": {
                "between": ["support user days", "image requests"], "rho": 0.3, "source": SOURCE,
                "measure": True,
            }
        },
        "stresses": {
            "context of support doubles": {"drivers": {"support input a request": 2.0}, "source": SOURCE},
            "an agent loop: five requests of one": {
                "drivers": {"support requests a user day": 5.0}, "source": SOURCE,
            },
            "fallback model at 1.8 times the price": {
                "lines": dict.fromkeys(SUPPORT_LINES, 1.8), "source": SOURCE,
            },
        },
    }  # fmt: skip


def earlier_register(scale: float, month: str, written_on: str) -> dict[str, Any]:
    """Return the plain register of an earlier month: requests times what one cost, and fixed costs.

    The logs up to the lock measure both drivers, so nothing learned later is in it.
    """
    judged = {
        "owner": "platform owner",
        "source": SOURCE,
        "dated": written_on,
        "expires": "2027-12-31",
    }
    return {
        "kind": "assumptions",
        "name": NAME,
        "first_month": month,
        "months": EARLIER_MONTHS,
        "seed": 20_261_101,
        "budget_usd": [round(BUDGET_STEPS[0][1] * scale, 2)] * EARLIER_MONTHS,
        "drivers": {
            "requests": {
                "value": round(33_000 * scale, 6), "low": round(23_000 * scale, 6),
                "high": round(47_000 * scale, 6), "unit": "requests a month", **judged,
                "measure": {"of": "requests"},
            },
            "cost a request": {
                "value": 0.03, "low": 0.02, "high": 0.05, "unit": "USD per request", **judged,
                "measure": {"of": "usd_per_request", "days": EARLIER_DAYS},
            },
        },
        "lines": {"all usage": _line(["requests", "cost a request"], (month, 1.0))},
        "fixed": register(scale)["fixed"],
    }  # fmt: skip


def scenario() -> dict[str, Any]:
    """Return the scenario in which the agent mode is decided."""
    return {
        "kind": "scenario",
        "name": "agent mode decided",
        "base": NAME,
        "changes": [
            {
                "path": "events.agent mode in support.probability", "to": 1.0,
                "reason": "decided instead of considered", "owner": "head of support",
                "source": SOURCE, "expires": "2027-12-31",
            }
        ],
    }  # fmt: skip


def _drivers(scale: float) -> dict[str, Any]:
    support, images = ["support-chat"], ["image-studio"]
    apart = [*support, *images, "invoice-reading"]
    return {
        "support user days": _driver(
            9_900 * scale, 0.9, 1.12, "users a day × days a month", "head of support",
            measure={"of": "users", "features": support}, growth=0.015, sigma=0.06,
        ),
        "support requests a user day": _driver(
            1.1, 0.95, 1.1, "requests per user and day", "head of support",
            measure={"of": "requests_per_user", "features": support},
        ),
        "support input a request": _driver(
            22_000, 0.9, 1.15, "tokens read per request", "platform owner",
            measure={"of": "meters_per_request", "features": support, "meters": TEXT},
            growth=0.01,
        ),
        "support cache share": {
            "value": 0.70, "low": 0.6, "high": 0.78, "unit": "share of tokens read",
            "owner": "platform owner", **JUDGED, "share": True,
            "measure": {
                "of": "share", "features": support, "meters": ["cache_read_tokens"], "whole": TEXT,
            },
        },
        "support cache writes a request": _driver(
            1_500, 0.9, 1.1, "tokens written to the cache per request", "platform owner",
            measure={"of": "meters_per_request", "features": support,
                     "meters": ["cache_write_5m_tokens"]},
        ),
        "support output a request": _driver(
            510, 0.92, 1.1, "tokens written per request", "platform owner",
            measure={"of": "meters_per_request", "features": support, "meters": ["output_tokens"]},
        ),
        "image requests": _driver(
            3_600 * scale, 0.85, 1.2, "requests a month", "product owner design studio",
            measure={"of": "requests", "features": images}, growth=0.02, sigma=0.08,
        ),
        "images a request": _driver(
            1.9, 0.95, 1.06, "images per request", "product owner design studio",
            measure={"of": "meters_per_request", "features": images, "meters": ["images"]},
        ),
        "invoice requests": _driver(
            700 * scale, 0.9, 1.1, "requests a month", "head of accounting",
            measure={"of": "requests", "features": ["invoice-reading"]},
        ),
        "pages a request": _driver(
            4.6, 0.94, 1.07, "pages per request", "head of accounting",
            measure={"of": "meters_per_request", "features": ["invoice-reading"],
                     "meters": ["pages"]},
        ),
        "other requests": _driver(
            23_500 * scale, 0.92, 1.1, "requests a month", "platform owner",
            measure={"of": "requests", "except_features": apart}, growth=0.015, sigma=0.04,
        ),
        "other cost a request": _driver(
            0.011, 0.9, 1.12, "USD per request", "platform owner",
            measure={"of": "usd_per_request", "except_features": apart},
        ),
    }  # fmt: skip


def _driver(
    value: float, low: float, high: float, unit: str, owner: str, *, measure: dict[str, Any],
    growth: float = 0.0, sigma: float = 0.0,
) -> dict[str, Any]:  # fmt: skip
    """Return a driver: P10 and P90 as factors of the P50, and how the logs measure it."""
    return {
        "value": round(value, 6), "low": round(value * low, 6), "high": round(value * high, 6),
        "unit": unit, "owner": owner, **JUDGED, "monthly_growth": growth, "monthly_sigma": sigma,
        "measure": measure,
    }  # fmt: skip


def _lines() -> dict[str, Any]:
    requests = ["support user days", "support requests a user day"]
    read = [*requests, "support input a request"]
    fresh, cached, written, out = SUPPORT_LINES
    return {
        fresh: _line(read, ("2026-08", 1.70), ("2027-08", 1.55), per=1e6,
                     complements=["support cache share"]),
        cached: _line([*read, "support cache share"], ("2026-08", 0.17), ("2027-08", 0.155), per=1e6),
        written: _line([*requests, "support cache writes a request"], ("2026-08", 2.125), per=1e6),
        out: _line([*requests, "support output a request"], ("2026-08", 8.50), ("2027-08", 7.75), per=1e6),
        "images": _line(["image requests", "images a request"], ("2026-05", 0.0894), ("2027-03", 0.082)),
        "pages": _line(["invoice requests", "pages a request"], ("2026-05", 0.002)),
        "other features": _line(["other requests", "other cost a request"], ("2026-05", 1.0)),
    }  # fmt: skip


def _line(
    drivers: list[str],
    *prices: tuple[str, float],
    per: float = 1.0,
    complements: list[str] | None = None,
) -> dict[str, Any]:
    return {
        "drivers": drivers,
        "complements": complements or [],
        "per_units": per,
        "prices": [{"starts": starts, "usd": usd} for starts, usd in prices],
        "source": SOURCE,
    }


def _events(scale: float) -> dict[str, Any]:
    def factor(value: float, low: float, high: float, owner: str) -> dict[str, Any]:
        return {"value": value, "low": low, "high": high, "owner": owner, **JUDGED}

    return {
        "agent mode in support": {
            "lines": list(SUPPORT_LINES), "probability": 0.4,
            "earliest": "2027-02", "latest": "2027-06",
            "factor": factor(1.5, 1.2, 2.2, "head of support"),
            "one_off_usd": round(900.0 * scale, 2),
        },
        "support model replaced": {
            "lines": list(SUPPORT_LINES), "probability": 1.0,
            "earliest": "2027-07", "latest": "2027-07",
            "factor": factor(0.97, 0.85, 1.2, "platform owner"),
            "one_off_usd": round(400.0 * scale, 2),
            # The table states a day before which it stays; the month is the owner's.
            "retires": "anthropic/claude-sonnet-5",
        },
    }  # fmt: skip
