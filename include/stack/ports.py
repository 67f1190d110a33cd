"""Free TCP ports on 127.0.0.1."""

from __future__ import annotations

import socket
from collections.abc import Collection

from include.errors import InputError


def is_free(port: int) -> bool:
    """Whether a server could listen on 127.0.0.1:``port`` now."""
    with socket.socket() as probe:
        # As servers do: connections still closing don't count as taken, listeners do.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def any_free(but: Collection[int] = ()) -> int:
    """A free port chosen by the system, none of ``but``."""
    while True:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port: int = probe.getsockname()[1]
        if port not in but:
            return port


def choose(*, demanded: int | None, preferred: int | None, but: Collection[int] = ()) -> int:
    """The demanded port, else the preferred one, else any free one.

    Raises InputError when a demanded port is taken or can't be used.
    """
    if demanded is not None:
        if not 1 <= demanded <= 65535:
            raise InputError(f"{demanded} is no port.", hint="Ports go from 1 to 65535.")
        if demanded in but or not is_free(demanded):
            raise InputError(
                f"Port {demanded} on 127.0.0.1 is taken or not allowed.",
                hint="Choose another one, or leave the option out to get a free port.",
            )
        return demanded
    if preferred is not None and preferred not in but and is_free(preferred):
        return preferred
    return any_free(but)
