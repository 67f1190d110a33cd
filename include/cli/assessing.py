"""``demo``, ``run``, ``frameworks`` and ``assessments``: assessments from the command line."""

from __future__ import annotations

import typer


def register(app: typer.Typer) -> None:
    """Add the commands."""
