"""The client of Airflow's API, against a small server that answers as Airflow does."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar
from urllib.parse import parse_qs, urlsplit

import pytest

from include.errors import AuditError
from include.stack.airflow_api import AirflowApi, ApiError, Dag, TaskState


class Airflow(BaseHTTPRequestHandler):
    """Answers from ``answers``; a token is good for ``good_for`` requests."""

    answers: ClassVar[dict[tuple[str, str], Any]] = {}
    asked: ClassVar[list[tuple[str, str, Any]]] = []
    good_for = 100
    left = 0

    def do_GET(self) -> None:
        cls = type(self)
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"] or 0)) or "null")
        url = urlsplit(self.path)
        cls.asked.append((self.command, self.path, body))
        if url.path == "/auth/token":
            if body["password"] != "right":
                return self.answer(401, {"detail": "Invalid credentials"})
            cls.left = cls.good_for
            return self.answer(201, {"access_token": "token"})
        if self.headers["Authorization"] != "Bearer token" or cls.left <= 0:
            return self.answer(401, {"detail": "Invalid JWT token"})
        cls.left -= 1
        answer = cls.answers.get((self.command, url.path.removeprefix("/api/v2")))
        if answer is None:
            return self.answer(404, {"detail": "not found"})
        if callable(answer):
            answer = answer({name: one[0] for name, one in parse_qs(url.query).items()})
        if isinstance(answer, int):
            return self.answer(answer, {"detail": [{"msg": "is wrong"}]})
        return self.answer(200, answer)

    do_POST = do_PATCH = do_GET

    def answer(self, status: int, content: Any) -> None:
        body = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def server() -> Iterator[str]:
    Airflow.answers, Airflow.asked, Airflow.good_for = {}, [], 100
    httpd = ThreadingHTTPServer(("127.0.0.1", 0), Airflow)
    thread = threading.Thread(target=httpd.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"http://127.0.0.1:{httpd.server_address[1]}"
    httpd.shutdown()
    thread.join()
    httpd.server_close()


@pytest.fixture
def dag(server: str) -> Dag:
    return Dag(AirflowApi(server, "right"), "assess_cis_aws_5.0")


def test_an_expired_token_is_renewed_unseen(server: str, dag: Dag) -> None:
    Airflow.good_for = 1
    Airflow.answers["GET", "/dags/assess_cis_aws_5.0/dagRuns"] = {"dag_runs": [{"a": 1}]}
    assert [dag.runs(), dag.runs(), dag.runs()] == [[{"a": 1}]] * 3


def test_a_wrong_password_is_said(server: str) -> None:
    with pytest.raises(ApiError, match="Airflow answered 401: Invalid credentials"):
        AirflowApi(server, "wrong").call("GET", "/dags")


def test_a_triggered_run_has_no_logical_date_so_that_it_collides_with_none(dag: Dag) -> None:
    Airflow.answers["POST", "/dags/assess_cis_aws_5.0/dagRuns"] = {"dag_run_id": "manual__1"}
    assert dag.trigger({"period": "2026-10"}) == "manual__1"
    assert Airflow.asked[-1][2] == {"logical_date": None, "conf": {"period": "2026-10"}}


def test_what_airflow_finds_wrong_is_passed_on(dag: Dag) -> None:
    Airflow.answers["POST", "/dags/assess_cis_aws_5.0/dagRuns"] = 422
    with pytest.raises(ApiError, match="422: is wrong"):
        dag.trigger({})


def test_all_pages_of_task_instances_are_read(dag: Dag) -> None:
    every = [{"task_id": "t", "map_index": i, "state": "success"} for i in range(5)]

    def page(query: dict[str, str]) -> Any:
        offset = int(query["offset"])
        return {"task_instances": every[offset : offset + 2], "total_entries": 5}

    Airflow.answers["GET", "/dags/assess_cis_aws_5.0/dagRuns/r1/taskInstances"] = page
    assert dag.run("r1").tasks() == [TaskState("t", i, "success") for i in range(5)]


def test_a_run_id_with_reserved_letters_is_one_path_segment(dag: Dag) -> None:
    run = dag.run("scheduled__2026-11-01T06:00:00+00:00")
    with pytest.raises(ApiError):
        run.state()
    assert Airflow.asked[-1][1].endswith("/scheduled__2026-11-01T06%3A00%3A00%2B00%3A00")


def test_a_task_that_returned_nothing_has_no_value(dag: Dag) -> None:
    assert dag.run("r1").value("plan") is None


@pytest.mark.parametrize("stored", [{"a": [1]}, '{"a": [1]}'])
def test_a_value_comes_back_as_it_was_returned(dag: Dag, stored: Any) -> None:
    path = "/dags/assess_cis_aws_5.0/dagRuns/r1/taskInstances/x/xcomEntries/return_value"
    Airflow.answers["GET", path] = {"value": stored}
    assert dag.run("r1").value("x", 3) == {"a": [1]}
    assert "map_index=3" in Airflow.asked[-1][1]


def test_a_dag_that_cannot_be_read_ends_the_wait_with_the_reason(dag: Dag) -> None:
    Airflow.answers["GET", "/importErrors"] = {
        "import_errors": [{"filename": "dags/x.py", "stack_trace": "Traceback\nNameError: y\n"}]
    }
    with pytest.raises(AuditError, match=r"dags/x.py can't be read by Airflow: NameError: y"):
        dag.wait_until_parsed(seconds=5)


@pytest.mark.parametrize("errors", [[], [{"filename": "unreadable_frameworks.py"}]])
def test_waiting_for_a_dag_has_an_end_and_no_other_framework_s_error_is_its_reason(
    dag: Dag, errors: list[dict[str, str]]
) -> None:
    Airflow.answers["GET", "/importErrors"] = {"import_errors": errors}
    with pytest.raises(AuditError, match=r"doesn't know the DAG assess_cis_aws_5\.0"):
        dag.wait_until_parsed(seconds=0)
