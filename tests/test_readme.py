"""What README says in figures is so."""

from __future__ import annotations

from include.frameworks.loader import Frameworks, list_frameworks
from include.settings import ROOT


def test_the_table_of_frameworks_is_what_the_library_holds() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    frameworks = Frameworks([])
    for header in list_frameworks([]):
        controls = list(frameworks.load(header.id).controls())
        required = [control for control in controls if control.required]
        alone = sum(control.manual is None for control in required)
        figures = (len(controls), alone, len(required) - alone, len(controls) - len(required))
        row = f"| {header.name} | `{header.id}` | {' | '.join(map(str, figures))} |"
        assert row in readme, row
