"""What generated images cost by resolution: priced by tokens, as an image is some tokens."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from workbench.errors import InputError
from workbench.units import TOKENS_PER_MTOK


@dataclass(frozen=True, slots=True, kw_only=True)
class ImagePrice:
    """One model at one resolution."""

    model: str
    resolution: str
    output_tokens: float
    """Tokens of one generated image."""
    usd_per_mtok_output: float
    input_image_tokens: float
    usd_per_mtok_input: float
    confidence: str = ""


def image_prices_of(rows: Iterable[Mapping[str, str]]) -> list[ImagePrice]:
    """Build prices from the table `image_prices`; rows not priced by tokens are left out."""
    return [
        ImagePrice(
            model=row["model"],
            resolution=row["resolution"],
            output_tokens=float(row["output_image_tokens"]),
            usd_per_mtok_output=float(row["output_usd_per_mtok"]),
            input_image_tokens=float(row["input_image_tokens"] or 0),
            usd_per_mtok_input=float(row["input_usd_per_mtok"] or 0),
            confidence=row["confidence"],
        )
        for row in rows
        if row["output_image_tokens"] and row["output_usd_per_mtok"]
    ]


def image_request_usd(
    price: ImagePrice,
    *,
    images: int,
    prompt_tokens: float = 0.0,
    input_images: int = 0,
    batch_discount: float = 0.0,
) -> float:
    """Return the cost of one request.

        (prompt + input images * tokens) * p_in + images * tokens(resolution) * p_out

    all times one minus the discount of batch processing.
    """
    if images < 0 or input_images < 0 or not 0 <= batch_discount < 1:
        raise InputError("Images must not be negative and the batch discount in [0, 1).")
    read = (prompt_tokens + input_images * price.input_image_tokens) * price.usd_per_mtok_input
    made = images * price.output_tokens * price.usd_per_mtok_output
    return (read + made) * (1 - batch_discount) / TOKENS_PER_MTOK


def tokens_per_month(
    prices: Mapping[str, ImagePrice], images_by_resolution: Mapping[str, float]
) -> float:
    """Return output tokens of a month of images, for sizing commitments that count tokens."""
    unknown = sorted(set(images_by_resolution) - set(prices))
    if unknown:
        raise InputError(f"No price for resolution {', '.join(unknown)}.")
    return sum(prices[r].output_tokens * count for r, count in images_by_resolution.items())
