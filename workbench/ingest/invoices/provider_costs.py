"""Cost reports of the providers' own administration interfaces, as JSON.

OpenAI `GET /v1/organization/costs`: buckets of results with `amount.value` in dollars and a
`line_item` such as "gpt-5, input". Anthropic `GET /v1/organizations/cost_report`: buckets with
`amount` in cents, as decimal text. Both cut their days in UTC.
"""

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from workbench.errors import IngestError
from workbench.ingest.invoices.line import InvoiceLine, Place

OPENAI, ANTHROPIC = "openai_costs", "anthropic_cost_report"
LOOKS_LIKE = "JSON of OpenAI's organization costs or of Anthropic's cost report"
CENTS = 100


def buckets(text: str, place: Place) -> list[Mapping[str, Any]]:
    """Return the buckets of one page, of a list of pages, or of pages one a line.

    Raises
    ------
    IngestError
        If it is no such JSON, or says that more pages follow the last one.
    """
    try:
        found = json.loads(text, parse_float=Decimal)
    except ValueError:
        try:
            found = [
                json.loads(line, parse_float=Decimal) for line in text.splitlines() if line.strip()
            ]
        except ValueError as error:
            raise place.wrong("file", error, "is no JSON.") from error
    pages = found if isinstance(found, list) else [found]
    if not pages or not all(
        isinstance(page, dict) and isinstance(page.get("data"), list) for page in pages
    ):
        raise place.wrong("file", type(found).__name__, f"is not {LOOKS_LIKE}.")
    if pages[-1].get("has_more"):
        raise IngestError(
            f"{place.path}: the last page says has_more: fetch the pages that follow and put all "
            "of them in one file. Nothing of this invoice was imported."
        )
    return [bucket for page in pages for bucket in page["data"]]


def format_of(found: list[Mapping[str, Any]], place: Place) -> str:
    """Say whose report it is, by the names of its times."""
    for bucket in found:
        if "starting_at" in bucket:
            return ANTHROPIC
        if "start_time" in bucket:
            return OPENAI
    raise place.wrong("data", "", f"holds no bucket of {LOOKS_LIKE}.")


def lines(
    found: list[Mapping[str, Any]], place: Place, *, provider: str | None
) -> Iterator[InvoiceLine]:
    """Yield a line for every result of every bucket; rows are numbered through the file."""
    one = _anthropic if format_of(found, place) == ANTHROPIC else _openai
    row = 0
    for bucket in found:
        for result in bucket.get("results", ()):
            row += 1
            at = Place(place.path, row)
            if isinstance(result, dict) and "amount" not in result and _counts_tokens(result):
                raise IngestError(
                    f"{at.path}: is a usage report, which has tokens and no amounts. Fetch the "
                    f"cost report instead: {LOOKS_LIKE}. Nothing of it was imported."
                )
            try:
                yield one(bucket, result, at, provider)
            except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
                raise at.wrong("result", error, "is missing or of the wrong type.") from error


def _counts_tokens(result: Mapping[str, Any]) -> bool:
    return any(str(name).endswith("_tokens") for name in result)


def _openai(
    bucket: Mapping[str, Any], result: Mapping[str, Any], place: Place, provider: str | None
) -> InvoiceLine:
    item = str(result.get("line_item") or "")
    amount = result["amount"]
    return InvoiceLine(
        provider=provider or "openai",
        charge_from=_unix(bucket["start_time"]), charge_to=_unix(bucket["end_time"]),
        kind="usage",
        billed_pico=place.pico("amount", amount["value"], currency=amount["currency"]),
        source_row=place.row,
        # "gpt-5, input" names a model; "Web search tool calls" does not.
        model=item.split(",")[0].strip() if "," in item else None,
        description=item[:200],
    )  # fmt: skip


def _anthropic(
    bucket: Mapping[str, Any], result: Mapping[str, Any], place: Place, provider: str | None
) -> InvoiceLine:
    return InvoiceLine(
        provider=provider or "anthropic",
        charge_from=place.instant("starting_at", bucket["starting_at"]),
        charge_to=place.instant("ending_at", bucket["ending_at"]),
        kind="usage",
        billed_pico=place.pico("amount", result["amount"], currency=result["currency"], scale=CENTS),
        source_row=place.row,
        model=result.get("model") or None,
        description=str(result.get("description") or "")[:200],
    )  # fmt: skip


def _unix(seconds: object) -> datetime:
    return datetime.fromtimestamp(int(str(seconds)), tz=UTC).replace(tzinfo=None)
