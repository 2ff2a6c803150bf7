"""Model results drawn as plain plotly JSON dictionaries."""
