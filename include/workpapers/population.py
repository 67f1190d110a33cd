"""The population of an assessment: every resource that a check judged, and how."""

from __future__ import annotations

import pyarrow as pa

_WORD = pa.dictionary(pa.int32(), pa.string())

#: One row per check, account, region of the cell ('' when the check is the account's) and
#: resource. ``result`` is PASS, FAIL or UNANSWERED, the worst of what the sources said, which
#: ``sources`` lists with each one's own word (``aws_config=PASS security_hub=FAIL``). Rows come by
#: account, then in the order of the framework's checks, then by region and resource.
SCHEMA = pa.schema(
    [
        ("check", _WORD),
        ("account", _WORD),
        ("region", _WORD),
        ("resource", pa.string()),
        ("resource_type", _WORD),
        ("result", _WORD),
        ("sources", _WORD),
    ]
)
