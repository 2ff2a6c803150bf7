"""Whether a new model may replace the old one, what that costs, and how to cut over.

The same cases are answered by both models, so every comparison is paired. "Not shown" is an
answer: too few cases cannot prove that nothing got worse.
"""

from workbench.models.model_upgrade.comparison import (
    COST_RISE_LIMIT,
    MARGIN_CRITICAL,
    MARGIN_OTHER,
    SCHEMA_VALID_FLOOR,
    Efficiency,
    EvaluatedCase,
    UpgradeComparison,
    compare_models,
    efficiency,
)
from workbench.models.model_upgrade.cut_over import CutOverStep, cut_over_plan
from workbench.models.model_upgrade.feedback import Correction, FeedbackLoop, feedback_loop
from workbench.models.model_upgrade.non_inferiority import (
    NonInferiority,
    paired_cases_needed,
    paired_non_inferiority,
    unpaired_cases_needed,
)

__all__ = [
    "COST_RISE_LIMIT",
    "MARGIN_CRITICAL",
    "MARGIN_OTHER",
    "SCHEMA_VALID_FLOOR",
    "Correction",
    "CutOverStep",
    "Efficiency",
    "EvaluatedCase",
    "FeedbackLoop",
    "NonInferiority",
    "UpgradeComparison",
    "compare_models",
    "cut_over_plan",
    "efficiency",
    "feedback_loop",
    "paired_cases_needed",
    "paired_non_inferiority",
    "unpaired_cases_needed",
]
