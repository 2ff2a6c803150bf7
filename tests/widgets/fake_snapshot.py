"""A snapshot in memory with the named queries pages use: two features, two models, two months."""

from datetime import date, timedelta

FIRST, LAST = date(2026, 9, 1), date(2026, 10, 31)
DAYS = [(FIRST + timedelta(days=n)).isoformat() for n in range((LAST - FIRST).days + 1)]


class FakeSnapshot:
    """Support chat: a day 10 requests, 8 resolved, 1 reopened, 2 escalated, 1 USD. Images: 4 USD."""

    def __init__(self, *, name: str = "support-chat", outcomes: bool = True, assumed: bool = True):
        self.name, self.with_outcomes, self.assumed = name, outcomes, assumed

    def state(self):
        return {
            "snapshot": 3, "as_of": LAST.isoformat(), "first_day": FIRST.isoformat(),
            "requests": 61 * 20, "unpriced_requests": 61, "partial_requests": 0, "synthetic": True,
        }  # fmt: skip

    def document(self, name):
        return None

    def features(self):
        return [self.name, "images"]

    def environments(self):
        return ["production"]

    def dossiers(self):
        return [
            {
                "feature": self.name,
                "unit_of_value": {"name": "resolved ticket", "counted_by": "resolved"},
            },
            {"feature": "images", "unit_of_value": {"name": "image", "counted_by": "images"}},
        ]

    def assumptions(self):
        values = {
            "human_cost_usd_per_ticket": 6.0, "handoff_usd_per_ticket": 1.0, "qa_sample_rate": 0.0,
            "qa_usd_per_sample": 0.0, "tool_usd_per_attempt": 0.0, "platform_fixed_usd_per_month": 0.0,
        }  # fmt: skip
        return (
            {"unit_economics": {n: {"value": v} for n, v in values.items()}} if self.assumed else {}
        )

    def daily(self, *, feature=None, environment=None):
        rows = []
        for day in DAYS:
            for name, model, usd in (
                (self.name, "large", 0.9),
                (self.name, "small", 0.1),
                ("images", "pix", 4.0),
            ):
                if feature in (None, name):
                    rows.append(
                        (
                            day,
                            "p",
                            model,
                            name,
                            5,
                            0,
                            0,
                            1 if model == "pix" else 0,
                            0,
                            usd,
                            usd,
                            None,
                            0,
                            None,
                        )
                    )
        names = (
            "day", "provider", "model", "feature", "requests", "errors", "retries", "unpriced_requests",
            "partial_requests", "list_cost_usd", "contract_cost_usd", "reported_cost_usd",
            "reported_requests", "billed_cost_usd",
        )  # fmt: skip
        return {n: [row[i] for row in rows] for i, n in enumerate(names)}

    def outcomes(self, *, feature=None, environment=None, first_day=None, last_day=None):
        days = DAYS if self.with_outcomes and feature in (None, self.name) else []
        numbers = {"resolved_gross": 8, "reopened": 1, "escalated": 2, "failed": 0, "rejected": 0}
        columns = {n: [v] * len(days) for n, v in numbers.items()}
        return {
            "day": days,
            "feature": [self.name] * len(days),
            "human_minutes": [None] * len(days),
            **columns,
        }

    def token_classes(self, *, feature=None, environment=None, first_day=None, last_day=None):
        days = sum((first_day or "") <= d <= (last_day or "9") for d in DAYS)
        rows = []
        if feature in (None, self.name):
            rows += [
                ("large", "uncached_input_tokens", 300.0, 0.3), ("large", "cache_read_tokens", 100.0, 0.01),
                ("large", "output_tokens", 50.0, 0.59), ("small", "uncached_input_tokens", 300.0, 0.05),
                ("small", "output_tokens", 50.0, 0.05),
            ]  # fmt: skip
        if feature in (None, "images"):
            rows += [("pix", "images", 20.0, 4.0), ("preview", "output_tokens", 9.0, None)]
        usd = [None if r[3] is None else r[3] * days for r in rows]
        return {
            "provider": ["p"] * len(rows), "model": [r[0] for r in rows], "meter": [r[1] for r in rows],
            "quantity": [r[2] * days for r in rows], "list_cost_usd": usd, "contract_cost_usd": usd,
        }  # fmt: skip

    def tenants(self, **_):
        return {
            "tenant": ["a", None], "requests": [300, 10], "unpriced_requests": [0, 0],
            "list_cost_usd": [30.0, 1.0], "contract_cost_usd": [30.0, 1.0],
        }  # fmt: skip

    def users(self, *, grain, cut="all", value=None):
        counted = {"feature in environment": 29, "feature": 31, "environment": 40, "all": 41}
        return {"period": ["2026-10-01"], "users": [counted[cut]]}

    def class_days(
        self, *, model, meter, feature=None, environment=None, first_day=None, last_day=None
    ):
        """As `token_classes` of each day."""
        columns = {
            n: [] for n in ("day", "feature", "quantity", "list_cost_usd", "contract_cost_usd")
        }
        for day in DAYS:
            if not (first_day or "") <= day <= (last_day or "9"):
                continue
            for name in (self.name, "images") if feature is None else (feature,):
                found = self.token_classes(feature=name, first_day=day, last_day=day)
                for i in range(len(found["model"])):
                    if (found["model"][i], found["meter"][i]) == (model, meter):
                        row = (day, name, found["quantity"][i], found["list_cost_usd"][i], found["contract_cost_usd"][i])  # fmt: skip
                        for column, value in zip(columns.values(), row, strict=True):
                            column.append(value)
        return columns

    def tenant_models(self, **_):
        return {
            "tenant": ["a", "a", None], "model": ["large", "small", "large"], "requests": [200, 100, 10],
            "list_cost_usd": [20.0, 10.0, 1.0], "contract_cost_usd": [20.0, 10.0, 1.0],
        }  # fmt: skip
