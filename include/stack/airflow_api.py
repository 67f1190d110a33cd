"""A small client of Airflow's REST API (v2): starting runs and following them."""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from include.errors import AuditError

#: The DAG file whose error is about frameworks that have no DAG, never about another's.
_MAKES_NO_DAG = "unreadable_frameworks.py"
_PAGE = 1000  # the stack raises the API's maximum to this; with less, more pages are read


class ApiError(AuditError):
    """Airflow answered with an error; ``status`` is HTTP's."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(f"Airflow answered {status}: {message}")
        self.status = status


class AirflowApi:
    """Talks to one api-server as ``user``; gets its token by itself, also when it has expired."""

    def __init__(self, base: str, password: str, *, user: str = "admin") -> None:
        self._base = base
        self._login = {"username": user, "password": password}
        self._token = ""
        # Never by a proxy: the api-server is on this machine.
        self._opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))

    def call(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | None = None,
        **query: str | int | bool,
    ) -> dict[str, Any]:
        """One request below ``/api/v2``. Raises ApiError; retries while nothing answers (10 s)."""
        url = f"{self._base}/api/v2{path}"
        if query:
            url += "?" + urllib.parse.urlencode(
                {k: str(v).lower() if isinstance(v, bool) else v for k, v in query.items()}
            )
        deadline = time.monotonic() + 10
        while True:
            if not self._token:
                answer = self._send("POST", f"{self._base}/auth/token", self._login, deadline)
                self._token = str(answer["access_token"])
            try:
                return self._send(method, url, body, deadline)
            except ApiError as error:
                if error.status != 401 or time.monotonic() > deadline:
                    raise
                self._token = ""

    def _send(
        self, method: str, url: str, body: Mapping[str, Any] | None, deadline: float
    ) -> dict[str, Any]:
        request = urllib.request.Request(
            url,
            method=method,
            data=json.dumps(body).encode() if body is not None else None,
            headers={"Content-Type": "application/json", "Accept": "application/json"},
        )
        if self._token:
            request.add_header("Authorization", f"Bearer {self._token}")
        while True:
            try:
                with self._opener.open(request, timeout=30) as response:
                    text = response.read()
                return dict(json.loads(text)) if text else {}
            except urllib.error.HTTPError as error:
                raise ApiError(error.code, _detail(error.read())) from None
            except OSError as error:
                # Only what surely was not carried out is sent again.
                refused = isinstance(getattr(error, "reason", error), ConnectionRefusedError)
                if not (refused or method == "GET") or time.monotonic() > deadline:
                    raise AuditError(
                        f"Airflow at {self._base} does not answer: {error}.",
                        hint="See ./audit status",
                    ) from error
                time.sleep(0.5)


def _detail(text: bytes) -> str:
    try:
        detail = json.loads(text)["detail"]
    except (ValueError, KeyError, TypeError):
        return text.decode(errors="replace")[:300]
    if isinstance(detail, list):
        return "; ".join(str(part.get("msg", part)) for part in detail)
    return str(detail)


@dataclass(frozen=True)
class TaskState:
    """One task instance. ``map_index`` is -1 for a task that isn't mapped."""

    task_id: str
    map_index: int
    state: str | None

    @property
    def ended(self) -> bool:
        """Whether it will not change any more by itself."""
        return self.state in ("success", "failed", "skipped", "upstream_failed", "removed")


class Dag:
    """One DAG, through the API."""

    def __init__(self, api: AirflowApi, dag_id: str) -> None:
        self.api = api
        self.dag_id = dag_id
        self._path = f"/dags/{urllib.parse.quote(dag_id)}"

    def wait_until_parsed(self, seconds: float = 90) -> dict[str, Any]:
        """The DAG's description, once it is known. Raises AuditError with the import error."""
        deadline = time.monotonic() + seconds
        while True:
            try:
                found = self.api.call("GET", self._path)
                if not found.get("is_stale"):
                    return found
            except ApiError as error:
                if error.status != 404:
                    raise
            errors = [
                error
                for error in self.api.call("GET", "/importErrors").get("import_errors") or []
                if not str(error.get("filename", "")).endswith(_MAKES_NO_DAG)
            ]
            if errors:
                trace = str(errors[0].get("stack_trace", "")).strip().splitlines()
                raise AuditError(
                    f"{errors[0].get('filename')} can't be read by Airflow: "
                    f"{trace[-1] if trace else 'no reason given'}"
                )
            if time.monotonic() > deadline:
                raise AuditError(
                    f"Airflow doesn't know the DAG {self.dag_id}.",
                    hint="See the dag-processor's log: ./audit status",
                )
            time.sleep(0.5)

    def unpause(self) -> None:
        """Let the DAG's runs start; its schedule then starts the last period's run by itself."""
        self.api.call("PATCH", f"{self._path}?update_mask=is_paused", {"is_paused": False})

    def runs(self) -> list[dict[str, Any]]:
        """The newest runs, newest first."""
        answer = self.api.call("GET", f"{self._path}/dagRuns", limit=_PAGE, order_by="-run_after")
        return list(answer["dag_runs"])

    def trigger(self, conf: Mapping[str, Any]) -> str:
        """Start a run of its own (no logical date, so that it collides with none); its id."""
        answer = self.api.call(
            "POST", f"{self._path}/dagRuns", {"logical_date": None, "conf": dict(conf)}
        )
        return str(answer["dag_run_id"])

    def run(self, run_id: str) -> ApiRun:
        """One of its runs."""
        return ApiRun(self.api, f"{self._path}/dagRuns/{urllib.parse.quote(run_id, safe='')}")


class ApiRun:
    """One DAG run, through the API."""

    def __init__(self, api: AirflowApi, path: str) -> None:
        self._api = api
        self._path = path

    def state(self) -> str:
        """``queued``, ``running``, ``success`` or ``failed``."""
        return str(self._api.call("GET", self._path)["state"])

    def tasks(self) -> list[TaskState]:
        """All task instances there are so far."""
        found: list[TaskState] = []
        while True:
            answer = self._api.call(
                "GET", f"{self._path}/taskInstances", limit=_PAGE, offset=len(found)
            )
            page = answer["task_instances"]
            found += [TaskState(one["task_id"], one["map_index"], one["state"]) for one in page]
            if not page or len(found) >= answer["total_entries"]:
                return found

    def value(self, task_id: str, map_index: int = -1) -> Any:
        """What a task returned, or None."""
        task = urllib.parse.quote(task_id)
        try:
            answer = self._api.call(
                "GET",
                f"{self._path}/taskInstances/{task}/xcomEntries/return_value",
                map_index=map_index,
                deserialize=False,
                stringify=False,
            )
        except ApiError as error:
            if error.status == 404:
                return None
            raise
        value = answer.get("value")
        if isinstance(value, str):
            try:
                return json.loads(value)
            except ValueError:
                return value
        return value
