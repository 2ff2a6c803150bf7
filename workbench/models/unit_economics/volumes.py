"""What a period used by model and token class, and what a unit of each cost on average."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from workbench.models.unit_economics.counted import cost_per

Floats = NDArray[np.float64]

FRESH, READ = "uncached_input_tokens", "cache_read_tokens"
TEXT_INPUT = (
    FRESH, READ, "cache_write_5m_tokens", "cache_write_1h_tokens", "cache_write_unknown_tokens",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PricedVolumes:
    """A period's volumes by model (rows) and token class (columns), and what a unit costs."""

    models: tuple[str, ...]
    classes: tuple[str, ...]
    requests: Floats
    units: Floats
    usd_per_unit: Floats
    """Average effective price; NaN where no price is known."""

    @property
    def usd(self) -> Floats:
        """Cost by model and class: 0 where nothing was used, NaN where its price is unknown."""
        with np.errstate(invalid="ignore"):
            return np.where(self.units == 0, 0.0, self.units * self.usd_per_unit)

    @property
    def total_usd(self) -> float | None:
        """Cost of everything, or None when a used class has no price."""
        total = float(self.usd.sum())
        return None if np.isnan(total) else total

    @property
    def cache_hit_rate(self) -> float | None:
        """Text input read from the cache / all text input."""
        text = [self.classes.index(name) for name in TEXT_INPUT if name in self.classes]
        if READ not in self.classes:
            return None
        read = float(self.units[:, self.classes.index(READ)].sum())
        return cost_per(read, float(self.units[:, text].sum()))


def priced_volumes(
    models: Sequence[str],
    classes: Sequence[str],
    *,
    requests: ArrayLike,
    units: ArrayLike,
    usd: ArrayLike,
    list_usd_per_unit: ArrayLike | None = None,
) -> PricedVolumes:
    """Return volumes with their average effective prices, `usd / units`.

    Parameters
    ----------
    models, classes
        Names of the rows and of the columns; classes are meters of the data dictionary.
    requests
        One number a model.
    units, usd
        Volume and cost, model x class; NaN in `usd` where a volume has no price.
    list_usd_per_unit
        Price to use where a class was not used at all, such as cache reads of a model that
        has none yet. Without one, volume cannot be moved there.

    Raises
    ------
    ValueError
        If the shapes do not fit or a volume is negative.
    """
    volume, cost = np.asarray(units, dtype=float), np.asarray(usd, dtype=float)
    count = np.asarray(requests, dtype=float)
    shape = (len(models), len(classes))
    if volume.shape != shape or cost.shape != shape or count.shape != shape[:1]:
        raise ValueError(
            f"units and usd must have shape {shape} and requests {shape[:1]}, "
            f"got {volume.shape}, {cost.shape} and {count.shape}"
        )
    if not (volume >= 0).all() or not (count >= 0).all():
        raise ValueError("units and requests must not be negative or NaN")
    unused = np.full(shape, np.nan) if list_usd_per_unit is None else list_usd_per_unit
    price = np.array(unused, dtype=float)
    np.divide(cost, volume, out=price, where=volume > 0)
    return PricedVolumes(
        models=tuple(models), classes=tuple(classes), requests=count,
        units=volume, usd_per_unit=price,
    )  # fmt: skip
