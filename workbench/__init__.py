"""Figures people can sign: from AI usage logs and price sheets to cost, risk and readiness.

The one path: ingest -> usage -> price -> roll up -> model -> figure -> panel -> dashboard.
Each arrow is one folder; a question carries one name in every folder.
"""

__version__ = "0.1.0"
