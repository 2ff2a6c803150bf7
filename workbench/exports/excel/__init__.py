"""A workbook an analyst can take over: live formulas, stamped quantiles, checks with a light."""

from workbench.exports.excel.content import Change, Cover, Lineage, WorkbookContent
from workbench.exports.excel.workbook import export_workbook

__all__ = ["Change", "Cover", "Lineage", "WorkbookContent", "export_workbook"]
