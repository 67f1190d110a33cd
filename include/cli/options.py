"""Options that several commands share."""

from __future__ import annotations

from typing import Annotated, Optional

import typer

_ESTATE = "Local estate"

Seed = Annotated[
    Optional[int],  # noqa: UP045 - Typer reads the annotation at run time
    typer.Option(help="Seed of the generated estate. Default: 7.", rich_help_panel=_ESTATE),
]
Accounts = Annotated[
    Optional[int],  # noqa: UP045
    typer.Option(help="Number of accounts. Default: 3.", rich_help_panel=_ESTATE),
]
Regions = Annotated[
    Optional[int],  # noqa: UP045
    typer.Option(help="Number of regions. Default: 2.", rich_help_panel=_ESTATE),
]
Resources = Annotated[
    Optional[int],  # noqa: UP045
    typer.Option(
        help="Resources in each account and region, about. Default: 100.", rich_help_panel=_ESTATE
    ),
]
Months = Annotated[
    Optional[int],  # noqa: UP045
    typer.Option(help="Months of history. Default: 4.", rich_help_panel=_ESTATE),
]
ApiPort = Annotated[
    Optional[int],  # noqa: UP045
    typer.Option(help="Port of Airflow's UI. Default: 8080, else a free one."),
]
AwsPort = Annotated[
    Optional[int],  # noqa: UP045
    typer.Option(help="Port of the local AWS. Default: 4566, else a free one."),
]
Frameworks = Annotated[
    list[str],
    typer.Option(
        "--framework",
        "-f",
        help="See ./audit frameworks. Several: separated by commas, or repeated; all: every "
        "enabled one.",
    ),
]
