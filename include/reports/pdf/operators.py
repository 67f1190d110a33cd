"""PDF operators that tables and labels are written with, and the label of a status.

ISO 32000-1, 9.4 (text objects) and 8.5 (paths).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from reportlab.lib.colors import Color

from include.reports.pdf import text
from include.reports.pdf.columns import LABEL_SIZE, LEADING
from include.reports.pdf.style import BOLD, HEAD, INK, STATUS_COLOURS

#: A whole result's status has the colours of a control's.
_OF_A_RESULT = {"COMPLETE": "COMPLIANT", "INCOMPLETE": "INCONCLUSIVE", "INTERIM": "NON_COMPLIANT"}


def placed(shown: Sequence[tuple[str, float]], right: float | None) -> str:
    """Operators (with their widths) one below the other, and back to where they began."""
    parts = []
    for operators, width in shown:
        indent = 0.0 if right is None else right - width
        if right is None:
            parts.append(operators)
        else:
            parts.append(f"{indent:.2f} 0 Td {operators} {-indent:.2f} 0 Td")
    down = f" 0 {-LEADING:g} Td "
    back = f" 0 {(len(parts) - 1) * LEADING:g} Td" if len(parts) > 1 else ""
    return down.join(parts) + back


def escaped(value: str) -> str:
    """ASCII as a PDF string holds it."""
    if "\\" in value or "(" in value or ")" in value:
        return value.replace("\\", "\\\\").replace("(", "\\(").replace(")", "\\)")
    return value


def colours(status: str) -> tuple[Color, Color]:
    code = status.upper().replace("-", "_").replace(" ", "_")
    return STATUS_COLOURS.get(_OF_A_RESULT.get(code, code), (INK, HEAD))


def rgb(colour: Color) -> str:
    return f"{colour.red:.4g} {colour.green:.4g} {colour.blue:.4g} rg"


def rounded(x: float, y: float, width: float, height: float, r: float) -> str:
    """The path of a rectangle with round corners."""
    k, right, top = r * 0.4477, x + width, y + height
    return (
        f"{x + r:.2f} {y:.2f} m {right - r:.2f} {y:.2f} l "
        f"{right - k:.2f} {y:.2f} {right:.2f} {y + k:.2f} {right:.2f} {y + r:.2f} c "
        f"{right:.2f} {top - r:.2f} l "
        f"{right:.2f} {top - k:.2f} {right - k:.2f} {top:.2f} {right - r:.2f} {top:.2f} c "
        f"{x + r:.2f} {top:.2f} l "
        f"{x + k:.2f} {top:.2f} {x:.2f} {top - k:.2f} {x:.2f} {top - r:.2f} c "
        f"{x:.2f} {y + r:.2f} l "
        f"{x:.2f} {y + k:.2f} {x + k:.2f} {y:.2f} {x + r:.2f} {y:.2f} c h"
    )


def label_width(label: str, size: float = LABEL_SIZE) -> float:
    """Points that a status label takes."""
    return text.measure(_one_line(label), BOLD, size) + 8


def _one_line(label: str) -> str:
    return text.drawable(label).replace("\n", " ")


def draw_label(canvas: Any, label: str, x: float, y: float, size: float = LABEL_SIZE) -> float:
    """Draw a status label whose lower left corner is (x, y); returns its width in points."""
    ink, ground = colours(label)
    width = label_width(label, size)
    canvas.setFillColor(ground)
    canvas.roundRect(x, y, width, size + 3.6, 2.4, stroke=0, fill=1)
    canvas.setFillColor(ink)
    (line,) = text.wrap(_one_line(label), 1e9, BOLD, size)
    text.draw(canvas, x + 4, y + 2.8, line, BOLD, size)
    return width
