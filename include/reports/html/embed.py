"""Data inside the page: JSON that no markup ends, compressed where it is long."""

from __future__ import annotations

import base64
import gzip
import json
from typing import Any

from markupsafe import Markup

#: Characters of JSON; what is longer is compressed, and the page needs DecompressionStream.
COMPRESS_ABOVE = 64 * 1024


def data_element(name: str, value: Any) -> Markup:
    """A ``script`` element of the type ``application/json``; it runs nothing.

    ``<`` and ``&`` are written as escapes of JSON, everything beyond ASCII, too (U+2028 among it).
    """
    text = json.dumps(value, ensure_ascii=True, separators=(",", ":"), allow_nan=False)
    encoding = ""
    if len(text) > COMPRESS_ABOVE:
        packed = gzip.compress(text.encode(), compresslevel=9, mtime=0)
        text, encoding = base64.b64encode(packed).decode(), ' data-encoding="gzip"'
    else:
        text = text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")
    # The text can't end the element: base64, or JSON without any "<".
    element = f'<script type="application/json" id="data-{name}"{encoding}>{text}</script>'
    return Markup(element)
