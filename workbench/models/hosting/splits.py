"""What is left out together when the predictor's error is measured.

A plain cell is one (system, model, backend, lengths). Two names of one shape (R1 and V3) share
measurements, so a plain split lets a twin answer for its twin; a strict cell joins them.
"""

import numpy as np
from numpy.typing import NDArray

from workbench.models.hosting.likeness import families
from workbench.models.hosting.serving import Catalogue
from workbench.models.hosting.workload import ServingGrid


def cells_of(grid: ServingGrid) -> NDArray[np.intp]:
    """Return the number of the (system, model, backend, lengths) cell of each row."""
    return _numbered(grid.system, grid.model, grid.backend, grid.input_tokens, grid.output_tokens)


def strict_cells_of(grid: ServingGrid, catalogue: Catalogue) -> NDArray[np.intp]:
    """Return the same with models of one shape joined: no measurement stands in two cells."""
    shape = families(grid.model, dict(catalogue.models))
    return _numbered(grid.system, shape, grid.backend, grid.input_tokens, grid.output_tokens)


def families_of(grid: ServingGrid, catalogue: Catalogue) -> NDArray[np.intp]:
    """Return the number of the (system, shape, backend) family: a combination nobody measured."""
    shape = families(grid.model, dict(catalogue.models))
    return _numbered(grid.system, shape, grid.backend)


def first_meetings_of(grid: ServingGrid, catalogue: Catalogue) -> NDArray[np.intp]:
    """Return the number of the (system, shape) pair: a machine that meets a model the first time."""
    return _numbered(grid.system, families(grid.model, dict(catalogue.models)))


def _numbered(*columns: NDArray[np.generic]) -> NDArray[np.intp]:
    seen: dict[tuple[object, ...], int] = {}
    keys = zip(*(column.tolist() for column in columns), strict=True)
    return np.array([seen.setdefault(key, len(seen)) for key in keys], dtype=np.intp)
