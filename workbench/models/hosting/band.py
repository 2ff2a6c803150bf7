"""How sure a prediction is: held-out errors of measured points in the same situation as the asked.

An error grows with what is not known, so the band is read from points that lacked as much:

    met             model family, machine and software were measured together, at other lengths or loads
    other software  family and machine were, with other software
    never met       family and machine were each measured, never together
    unmeasured      one of them never was

Each point is left out in five ways (its cell; its family, machine and software; family and
machine; machine; family) and its error counts in the situation it is then in. Inside a
situation the 10th and 90th percentile follow the likeness to the nearest anchor. Points of one
group err together, so a row weighs 1 / sqrt(rows of its group), between one vote a row and one
a group.

A quantile of m errors holds less of the next one than its name says. As split conformal
prediction has it (Lei and others, Distribution-Free Predictive Inference for Regression, section
2.2, 2018), the high end is therefore the error of rank 0.9 (m + 1), and the low one as far from
its end; a group of n rows counts as the sqrt(n) errors that its weights add up to.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from workbench.models.hosting.likeness import Traits
from workbench.models.hosting.workload import Floats

Rows = NDArray[np.intp]

SITUATIONS: Final = ("met", "other software", "never met", "unmeasured")
KNOTS: Final = (6, 3, 3, 2)
"""Groups by likeness in each situation; fewer where there are fewer points."""
LEAST_ROWS: Final = 30
"""Held-out points a knot needs, and a situation to have a band of its own."""
TAIL: Final = 0.1
"""Share of answers beyond each end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Band:
    """Held-out error as 10th and 90th percentile of log(measured / predicted), by situation."""

    nearness: tuple[Floats, ...]
    """For each situation, the rising likeness to the nearest anchor; one knot a row of the next two."""
    low: tuple[Floats, ...]
    """Knots by three columns: throughput, time per output token, time to first token."""
    high: tuple[Floats, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldOut:
    """Errors of all anchors, left out in one way."""

    groups: Rows
    """What was left out together."""
    off: Floats
    """log(measured / predicted) by column."""
    nearness: Floats
    situation: Rows


def groupings(anchors: Traits, cells: Rows) -> list[Rows]:
    """Return the five ways of leaving anchors out."""
    shape, system, backend = (anchors.names[name] for name in ("shape", "system", "backend"))
    return [
        cells, _numbered(shape, system, backend), _numbered(shape, system), _numbered(system),
        _numbered(shape),
    ]  # fmt: skip


def situations(asked: Traits, anchors: Traits) -> Rows:
    """Return the situation of each asked row against the anchors, as a place in `SITUATIONS`."""
    found = np.full(len(asked), 3, dtype=np.intp)
    seen = np.isin(asked.names["shape"], anchors.names["shape"]) & np.isin(
        asked.names["system"], anchors.names["system"]
    )
    found[seen] = 2
    for place, names in ((1, ("shape", "system")), (0, ("shape", "system", "backend"))):
        found[np.isin(_joined(asked, names), _joined(anchors, names))] = place
    return found


def situations_without(anchors: Traits, groups: Rows) -> Rows:
    """Return the situation of each anchor once its group is left out."""
    found = np.empty(len(anchors), dtype=np.intp)
    for group in np.unique(groups):
        out = groups == group
        found[out] = situations(_taken(anchors, out), _taken(anchors, ~out))
    return found


def band_of(held_out: Sequence[HeldOut]) -> Band:
    """Read the band from held-out errors.

    A situation with too few points takes the band of the next less known one that has enough,
    else of the next better known; without any, all points make one.
    """
    off = np.vstack([one.off for one in held_out])
    nearness = np.concatenate([one.nearness for one in held_out])
    situation = np.concatenate([one.situation for one in held_out])
    group = _numbered_apart([one.groups for one in held_out])
    tables = [
        _table(off[rows], nearness[rows], group[rows], knots=KNOTS[place])
        if (rows := situation == place).sum() >= LEAST_ROWS
        else None
        for place in range(len(SITUATIONS))
    ]
    spare = _table(off, nearness, group, knots=1)
    filled = [_nearest_table(tables, place) or spare for place in range(len(SITUATIONS))]
    return Band(
        nearness=tuple(table[0] for table in filled), low=tuple(table[1] for table in filled),
        high=tuple(table[2] for table in filled),
    )  # fmt: skip


def spread(band: Band, nearness: Floats, situation: Rows) -> tuple[Floats, Floats]:
    """Return the low and the high end of each row, as logarithms beside its answer."""
    columns = band.low[0].shape[1]
    low, high = np.zeros((len(nearness), columns)), np.zeros((len(nearness), columns))
    for place in range(len(SITUATIONS)):
        rows = situation == place
        for c in range(columns):
            low[rows, c] = np.interp(nearness[rows], band.nearness[place], band.low[place][:, c])
            high[rows, c] = np.interp(nearness[rows], band.nearness[place], band.high[place][:, c])
    return low, high


Table = tuple[Floats, Floats, Floats]


def _table(off: Floats, nearness: Floats, group: Rows, *, knots: int) -> Table:
    order = np.argsort(nearness, kind="stable")
    parts = np.array_split(order, max(1, min(knots, len(order) // LEAST_ROWS)))
    ends = [_ends(off[rows], group[rows]) for rows in parts]
    return (
        np.array([float(np.median(nearness[rows])) for rows in parts]),
        np.array([low for low, _ in ends]),
        np.array([high for _, high in ends]),
    )


def _ends(off: Floats, group: Rows) -> tuple[Floats, Floats]:
    """Return the low and the high end of each column for the next group's errors."""
    _, where, counts = np.unique(group, return_inverse=True, return_counts=True)
    weight = 1.0 / np.sqrt(counts[where])
    effective = np.sqrt(counts).sum()  # a group of n rows counts as sqrt(n) errors
    rank = (1 - TAIL) * (effective + 1)
    tail = max(0.0, 1 - (rank - 0.5) / effective)  # each error stands in the middle of its weight
    return _quantiles(off, weight, tail), _quantiles(off, weight, 1 - tail)


def _quantiles(off: Floats, weight: Floats, level: float) -> Floats:
    """Return the weighted quantile of each column, each value in the middle of its weight."""
    found = np.empty(off.shape[1])
    for column in range(off.shape[1]):
        order = np.argsort(off[:, column], kind="stable")
        share = weight[order] / weight.sum()
        found[column] = np.interp(level, np.cumsum(share) - share / 2, off[order, column])
    return found


def _numbered_apart(ways: Sequence[Rows]) -> Rows:
    """Return group numbers over all ways of leaving out, none used by two of them."""
    starts = np.cumsum([0, *(int(groups.max()) + 1 for groups in ways)])
    return np.concatenate([groups + start for groups, start in zip(ways, starts, strict=False)])


def _nearest_table(tables: Sequence[Table | None], place: int) -> Table | None:
    tried = [*range(place, len(tables)), *range(place - 1, -1, -1)]
    return next((found for each in tried if (found := tables[each]) is not None), None)


def _joined(rows: Traits, names: Sequence[str]) -> NDArray[np.str_]:
    joined = rows.names[names[0]]
    for name in names[1:]:
        joined = np.char.add(np.char.add(joined, "|"), rows.names[name])
    return joined


def _taken(rows: Traits, which: NDArray[np.bool_]) -> Traits:
    return Traits(
        names={name: values[which] for name, values in rows.names.items()},
        counts={name: values[which] for name, values in rows.counts.items()},
    )


def _numbered(*columns: NDArray[np.str_]) -> Rows:
    joined = columns[0]
    for column in columns[1:]:
        joined = np.char.add(np.char.add(joined, "|"), column)
    return np.unique(joined, return_inverse=True)[1].astype(np.intp)
