"""Is a feature ready for production? Verdicts by stage, and the statistics behind the controls."""
