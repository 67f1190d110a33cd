"""Expecting a modelled error of the service."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from botocore.exceptions import ClientError


@contextmanager
def refused(code: str, *words: str) -> Iterator[dict[str, Any]]:
    """The block must end in the error ``code`` whose message has all ``words``."""
    caught: dict[str, Any] = {}
    with pytest.raises(ClientError) as error:
        yield caught
    caught.update(error.value.response)
    assert error.value.response["Error"]["Code"] == code, error.value
    for word in words:
        assert word in error.value.response["Error"]["Message"]
