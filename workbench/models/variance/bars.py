"""Names of the bars whose rows can be listed, from the smallest of imports."""

from workbench.models.variance.legs import LEGS as TOKEN_LEGS
from workbench.models.variance.months import LEGS

BUDGET = "budget"
BARS = (*LEGS, *TOKEN_LEGS, BUDGET)
"""Legs between months, legs of token use, and the step from budget to actual."""
