"""What can be named in a control: services in scope, and keywords of each data source."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

from include.audit_manager.service.paging import page_of, with_token
from include.audit_manager.service.request import Request

_DATA = Path(__file__).with_name("data")


def get_services_in_scope(request: Request) -> dict[str, Any]:
    """GetServicesInScope: by name."""
    return {
        "serviceMetadata": [
            {"name": name, "displayName": shown, "description": description, "category": category}
            for name, shown, description, category in _read("services.json")
        ]
    }


def list_keywords_for_data_source(request: Request) -> dict[str, Any]:
    """ListKeywordsForDataSource: MANUAL has none, since its keywords are free."""
    keywords = _read("keywords.json").get(request.params["source"], [])
    page, token = page_of(request, keywords)
    return with_token({"keywords": page}, token)


@cache
def _read(name: str) -> Any:
    return json.loads((_DATA / name).read_text(encoding="utf-8"))
