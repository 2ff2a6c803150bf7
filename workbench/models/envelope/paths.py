"""How the drivers of a cost tree turn out: Sobol paths, the same for every scenario."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri
from scipy.stats import qmc

from workbench.errors import InputError
from workbench.models.envelope.leaves import Floats
from workbench.models.envelope.tree import CostTree, Driver, Event

Singles = NDArray[np.float32]

PATHS = 4_096
"""A power of two, as Sobol points want; for quantiles about as good as ten times as many random ones."""
DIMENSIONS_OF_AN_EVENT = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Draws:
    """Standard normal scores for one shape of tree; scenarios on that shape share them."""

    level: Floats
    """[drivers, paths], correlated."""
    shocks: Floats
    """[drivers, months, paths], correlated, cumulated over the months."""
    events: Floats
    """[events, 3, paths], uniform: whether, when, how much."""
    seed: int


def draw(tree: CostTree, *, seed: int, paths: int = PATHS) -> Draws:
    """Draw scrambled Sobol points for a tree.

    The same seed, paths, months and names give the same draws, so the difference of two
    scenarios is never noise.

    References
    ----------
    A. B. Owen, "Scrambling Sobol' and Niederreiter-Xing points", Journal of Complexity 14 (1998).

    Raises
    ------
    InputError
        If `paths` is no power of two, or the correlations contradict each other.
    """
    if paths < 2 or paths & (paths - 1):
        raise InputError(f"Sobol points come in powers of two, not {paths}.")
    names = [driver.name for driver in tree.drivers]
    count = len(names)
    moving = [at for at, driver in enumerate(tree.drivers) if driver.monthly_sigma]
    dimensions = count + len(moving) * tree.months + DIMENSIONS_OF_AN_EVENT * len(tree.events)
    points = qmc.Sobol(max(dimensions, 1), rng=np.random.default_rng(seed)).random(paths).T
    points = np.clip(points, 1e-9, 1 - 1e-9)
    mixing = _mixing(tree, names)
    own = np.zeros((count, tree.months, paths))
    split = count + len(moving) * tree.months
    own[moving] = ndtri(points[count:split]).reshape(len(moving), tree.months, paths)
    own[:, 0] = 0.0
    return Draws(
        level=mixing @ ndtri(points[:count]),
        shocks=np.cumsum(np.einsum("ij,jtp->itp", mixing, own), axis=1),
        events=points[split : split + DIMENSIONS_OF_AN_EVENT * len(tree.events)].reshape(
            len(tree.events), DIMENSIONS_OF_AN_EVENT, paths
        ),
        seed=seed,
    )


def has_joint_distribution(tree: CostTree) -> bool:
    """Say whether all correlations of a tree can hold at once."""
    try:
        _mixing(tree, [driver.name for driver in tree.drivers])
    except InputError:
        return False
    return True


def line_noise(tree: CostTree, draws: Draws) -> Singles:
    """Return each line's volume without growth and price, [months, lines, paths].

    Growth and prices are the same on every path, so a slider on them only scales these.
    """
    drivers = {
        driver.name: _path(driver, draws, at, tree.months) for at, driver in enumerate(tree.drivers)
    }
    noise = np.ones((tree.months, len(tree.lines), draws.level.shape[1]), dtype=np.float32)
    for at, line in enumerate(tree.lines):
        for name in line.drivers:
            noise[:, at] *= drivers[name]
        for name in line.complements:
            noise[:, at] *= 1 - drivers[name]
        for name in line.uplifts:
            noise[:, at] *= 1 + drivers[name]
    _apply_events(tree, draws, noise)
    return noise


def one_offs(tree: CostTree, draws: Draws) -> Singles:
    """Return what events cost once, USD, [months, paths]."""
    usd = np.zeros((tree.months, draws.level.shape[1]), dtype=np.float32)
    for event, uniform in zip(tree.events, draws.events, strict=True):
        if event.one_off_usd:
            starts = _start_months(event, uniform, tree.months)
            usd += (np.arange(tree.months)[:, None] == starts) * np.float32(event.one_off_usd)
    return usd


def _path(driver: Driver, draws: Draws, at: int, months: int) -> Singles:
    level = driver.leaf.at(draws.level[at]).astype(np.float32)
    if not driver.monthly_sigma:
        return np.broadcast_to(level, (months, level.size))
    # Minus half the variance: the shocks widen the envelope without raising its mean.
    drift = 0.5 * driver.monthly_sigma**2 * np.arange(months)[:, None]
    return level * np.exp(driver.monthly_sigma * draws.shocks[at] - drift).astype(np.float32)


def _apply_events(tree: CostTree, draws: Draws, noise: Singles) -> None:
    index = {line.name: at for at, line in enumerate(tree.lines)}
    for event, uniform in zip(tree.events, draws.events, strict=True):
        starts = _start_months(event, uniform, tree.months)
        factor = event.factor.at(ndtri(uniform[2])).astype(np.float32)
        begun = np.arange(tree.months)[:, None] >= starts
        for name in event.lines:
            noise[:, index[name]] *= np.where(begun, factor, np.float32(1))


def _start_months(event: Event, uniform: Floats, months: int) -> NDArray[np.intp]:
    """First month of the event on each path; `months`, which never comes, where it does not happen."""
    span = event.last_month - event.first_month + 1
    starts = event.first_month + np.floor(uniform[1] * span).astype(np.intp)
    return np.where(uniform[0] < event.probability, starts, months)


def _mixing(tree: CostTree, names: list[str]) -> Floats:
    matrix = np.eye(len(names))
    for (one, other), rho in tree.correlations.items():
        at, beside = names.index(one), names.index(other)
        matrix[at, beside] = matrix[beside, at] = rho
    try:
        # A hair on the diagonal admits a correlation of exactly 1.
        lower: Floats = np.linalg.cholesky(matrix + 1e-10 * np.eye(len(names))).astype(float)
    except np.linalg.LinAlgError:
        raise InputError(
            "The correlations contradict each other: no joint distribution has them all."
        ) from None
    return lower
