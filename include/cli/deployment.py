"""Which AWS a command talks to: that of the running stack, else the caller's own."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from include.aws.sessions import SessionFactory
    from include.settings import Settings


def enter() -> Settings:
    """The settings in force, with this process's environment set up for their AWS.

    When a stack over the local AWS is running, that is the deployment; its endpoint, credentials
    and accounts are laid over the caller's. Otherwise the caller's environment is used as it is.
    """
    from include.settings import load_settings
    from include.stack import state, supervisor

    base = state.base_folder()
    record = state.current(base)
    if record is not None and record.running and record.aws is not None:
        from include.stack.environment import process_environment

        surroundings = supervisor.attach(base).surroundings
        changed = process_environment(surroundings, os.environ)
        os.environ.clear()
        os.environ.update(changed)
    return load_settings()


def sessions(settings: Settings) -> SessionFactory:
    """Sessions in the accounts, from the credentials of the environment."""
    from include.aws.sessions import SessionFactory

    return SessionFactory.of(settings)


def usable_sessions(settings: Settings) -> SessionFactory:
    """The same. Raises AuditError where there are no credentials to begin with."""
    from include.errors import AuditError

    found = sessions(settings)
    if not found.has_credentials:
        raise AuditError(
            "No AWS credentials were found.",
            hint="Start the local AWS with ./audit up, or give yours (AWS_PROFILE, …).",
        )
    return found
