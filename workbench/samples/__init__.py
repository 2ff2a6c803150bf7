"""Synthetic sample logs: what a first workspace is built from, and what tests count against.

Everything here is invented and says so. See `workbench.samples.generate.write_samples`.
"""
