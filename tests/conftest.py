"""Fixtures for every test: where outside answers lie, and how to skip saying so."""

import os
from pathlib import Path

import pytest
from hypothesis import settings

# No test asserts a time: a busy machine must not fail a law.
settings.register_profile("workbench", deadline=None)
settings.load_profile("workbench")

CHECKOUT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def shared() -> Path:
    """Folder of outside oracles, fixtures and traces; tests that need it skip without it."""
    folder = Path(os.environ.get("WORKBENCH_SHARED", CHECKOUT.parent / "shared"))
    if not (folder / "oracles").is_dir():
        pytest.skip(f"outside oracles not found at {folder}; set WORKBENCH_SHARED")
    return folder
