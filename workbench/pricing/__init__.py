"""Price sheets in: one importer per format, and the dated, layered price book."""
