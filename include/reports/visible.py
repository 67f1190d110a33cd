"""Names that people gave, shown so that nothing in them is hidden or obeyed."""

from __future__ import annotations


def visible(text: str) -> str:
    """Text with everything made visible that a terminal would obey, or that turns its order.

    Control characters and marks of direction become ``\\u202e``; letters of all scripts stay.
    """
    return "".join(c if c.isprintable() else f"\\u{ord(c):04x}" for c in text)
