"""The layers point one way: dags → plugins → include; include/ knows nothing of Airflow."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FORBIDDEN = {
    "include": {"airflow", "plugins", "dags", "tests"},
    "plugins": {"dags", "tests"},
    "dags": {"tests"},
}


def imported(file: Path) -> set[str]:
    tops = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            tops |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            tops.add(node.module.split(".")[0])
    return tops


@pytest.mark.parametrize("layer", FORBIDDEN)
def test_no_module_imports_a_layer_above_it(layer: str) -> None:
    files = list((ROOT / layer).rglob("*.py"))
    assert files
    wrong = {
        str(file.relative_to(ROOT)): sorted(found)
        for file in files
        if (found := imported(file) & FORBIDDEN[layer])
    }
    assert wrong == {}


@pytest.mark.parametrize(
    "heavy", ["boto3", "botocore", "pandas", "reportlab", "fastapi", "pyarrow"]
)
def test_dag_and_plugin_modules_import_nothing_heavy_at_the_top(heavy: str) -> None:
    wrong = []
    for layer in ("dags", "plugins"):
        for file in (ROOT / layer).rglob("*.py"):
            for node in ast.parse(file.read_text()).body:
                names = (
                    [alias.name for alias in node.names]
                    if isinstance(node, ast.Import)
                    else [node.module or ""]
                    if isinstance(node, ast.ImportFrom)
                    else []
                )
                wrong += [str(file) for name in names if name.split(".")[0] == heavy]
    assert wrong == []
