"""Which function answers which check. One file per stage, one function per check."""

from collections.abc import Callable

from workbench.playbook.checks import g0, g1, g2, g3, g3_health, g4, g4_records, g5
from workbench.playbook.evidence import Case, Finding

Check = Callable[[Case], Finding]

CHECKS: dict[str, Check] = {
    **g0.CHECKS, **g1.CHECKS, **g2.CHECKS, **g3.CHECKS, **g3_health.CHECKS,
    **g4.CHECKS, **g4_records.CHECKS, **g5.CHECKS,
}  # fmt: skip
