"""Logs in: one file per format says how its raw records become usage."""
