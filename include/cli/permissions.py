"""``permissions``: the policies that the product's roles need, and no more."""

from __future__ import annotations

import json
from typing import Annotated, Any, Literal, Optional

import typer

from include.errors import InputError

Role = Literal["collector", "runner", "trust"]


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(
        epilog="Example: ./audit permissions collector > collector.json && aws iam put-role-policy "
        "--role-name ComplianceAuditRole --policy-name audit --policy-document "
        "file://collector.json"
    )(permissions)


def permissions(
    role: Annotated[
        Optional[Role],  # noqa: UP045 - Typer reads the annotation at run time
        typer.Argument(
            help="collector: the role assumed in every account. runner: Airflow's own role. "
            "trust: the collector's trust policy. Default: all in one document."
        ),
    ] = None,
    framework: Annotated[
        Optional[list[str]],  # noqa: UP045
        typer.Option(
            "--framework",
            "-f",
            help="Only what these need, if no others are enabled: evidence is collected for all "
            "enabled ones together. Several: separated by commas, or repeated. Default: the "
            "enabled ones.",
        ),
    ] = None,
    runner: Annotated[
        str, typer.Option(help="For the trust policy: the ARN of Airflow's own role.")
    ] = "",
) -> None:
    """Print the least-privilege policy of each role, as JSON for IAM."""
    from include.aws.permissions import collector_policy, runner_policy, trust_policy
    from include.aws.sessions import partition_of
    from include.checks.catalogue import load_catalogue
    from include.cli.checking import loaded_frameworks
    from include.settings import load_settings

    if role == "trust" and not runner:
        raise InputError(
            "A trust policy names who is trusted.",
            hint="Add --runner arn:aws:iam::…:role/…, the ARN of Airflow's own role.",
        )
    settings = load_settings()
    catalogue = load_catalogue()
    frameworks = loaded_frameworks(framework or ())
    checks = sorted({check for one in frameworks for check in one.checks_needed()})
    sources = list(dict.fromkeys(s for one in frameworks for s in one.sources_needed(catalogue)))
    partition = partition_of(settings.home_region)
    policies: dict[str, Any] = {
        "collector": collector_policy(
            [catalogue[check] for check in checks], sources, partition=partition
        ),
        "runner": runner_policy(settings),
    }
    if runner:
        policies["trust"] = trust_policy(settings, runner)
    typer.echo(json.dumps(policies[role] if role else policies, indent=2))
