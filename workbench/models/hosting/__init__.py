"""Where a feature should run: what serving takes, what it costs, and which option to choose."""
