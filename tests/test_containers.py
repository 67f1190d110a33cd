"""The container files: they parse, and every service's command exists."""

import ast
import importlib.util
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[1]
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yaml").read_text())
SERVICES: dict[str, Any] = COMPOSE["services"]


def test_the_services_are_those_of_the_product() -> None:
    assert set(SERVICES) == {
        "postgres",
        "migrate",
        "api-server",
        "scheduler",
        "dag-processor",
        "audit-manager",
    }


@pytest.mark.parametrize("name", [name for name in SERVICES if name != "postgres"])
def test_every_command_exists(name: str) -> None:
    python, dash_m, module, *rest = SERVICES[name]["command"]
    assert (python, dash_m) == ("python", "-m")
    found = importlib.util.find_spec(module)
    assert found is not None
    if module == "airflow":
        from airflow.cli.cli_config import core_commands

        known = {command.name: command for command in core_commands}
        options = {flag for arg in known[rest[0]].args for flag in arg.flags}
        assert set(rest[1:]) <= options
    else:
        is_package = found.submodule_search_locations is not None
        assert not is_package or importlib.util.find_spec(f"{module}.__main__")


def test_the_audit_manager_knows_its_options() -> None:
    source = (ROOT / "include/audit_manager/service/__main__.py").read_text()
    known = {
        node.value
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    options = [part.split("=")[0] for part in SERVICES["audit-manager"]["command"] if "=" in part]
    assert options
    assert set(options) <= known


def test_dependencies_name_services_and_volumes_that_exist() -> None:
    for service in SERVICES.values():
        assert set(service.get("depends_on", ())) <= set(SERVICES)
        for volume in service.get("volumes", ()):
            source = volume.split(":")[0]
            assert source in COMPOSE["volumes"] or (ROOT / source).exists()


def test_ports_are_published_on_this_machine_only() -> None:
    ports = [port for service in SERVICES.values() for port in service.get("ports", ())]
    assert ports
    assert all(str(port).startswith("127.0.0.1:") for port in ports)


def test_no_secret_is_written_into_the_file() -> None:
    for service in SERVICES.values():
        for name, value in service.get("environment", {}).items():
            if re.search(r"PASSWORD$|SECRET|FERNET|CONN_AWS", name):
                assert str(value).startswith("${"), name


def test_the_image_copies_what_exists_and_starts_what_exists() -> None:
    lines = (ROOT / "Dockerfile").read_text().splitlines()
    for line in lines:
        if line.startswith("COPY "):
            *sources, _target = line.split()[1:]
            assert all((ROOT / source).exists() for source in sources), line
    assert 'CMD ["python", "-m", "airflow", "api-server"]' in lines
