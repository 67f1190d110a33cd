"""Whether the parts of a stack answer; plain HTTP to 127.0.0.1."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from typing import Any

#: Never by a proxy: everything asked here is on this machine.
_direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def get_json(url: str, *, timeout: float = 5) -> dict[str, Any] | None:
    """The JSON object at ``url``, or None when nothing (or nothing sensible) answers."""
    try:
        with _direct.open(url, timeout=timeout) as response:
            data = json.load(response)
    except (OSError, ValueError):  # refused, timed out, an HTTP error, no JSON
        return None
    return data if isinstance(data, dict) else None


def local_aws(endpoint: str) -> dict[str, Any] | None:
    """The local AWS's clock, seed, accounts and regions, or None while it doesn't answer."""
    return get_json(f"{endpoint}/_local/health")


def airflow(api: str) -> dict[str, bool]:
    """Which of Airflow's parts are healthy; the api-server is when it answers at all."""
    answer = get_json(f"{api}/api/v2/monitor/health")
    if answer is None:
        return {"api-server": False, "scheduler": False, "dag-processor": False}

    def healthy(part: str) -> bool:
        return (answer.get(part) or {}).get("status") == "healthy"

    return {
        "api-server": healthy("metadatabase"),
        "scheduler": healthy("scheduler"),
        "dag-processor": healthy("dag_processor"),
    }
