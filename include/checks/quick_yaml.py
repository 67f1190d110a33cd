"""Plain YAML read quickly: the values alone, from the parser's events, without nodes and lines.

Our files hold nothing but mappings, lists and scalars. Whatever goes beyond that, or is wrong,
raises :class:`NotPlain`; located_yaml.py then reads the text again, slower, and says what it is.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import yaml
from yaml.events import (
    DocumentEndEvent,
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
    StreamEndEvent,
)

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
#: A plain scalar that begins with none of these is text.
_RESOLVED = frozenset(_Loader.yaml_implicit_resolvers)


class NotPlain(Exception):
    """The text is not YAML, or says something by other means than plain values."""


def plain_values(text: str) -> Any:
    """The one document in ``text`` as mappings, lists and scalars. Raises NotPlain."""
    loader = _Loader(text)
    try:
        return _Values(loader).document()
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise NotPlain from error
    finally:
        loader.dispose()


class _Values:
    def __init__(self, loader: Any) -> None:
        self._loader = loader
        self._next: Callable[[], Any] = loader.get_event
        #: The values of plain scalars that aren't text, by how they are written.
        self._known: dict[str, Any] = {}

    def document(self) -> Any:
        self._next()  # the stream begins
        if type(self._next()) is not DocumentStartEvent:
            raise NotPlain
        value = self._value(self._next())
        if type(self._next()) is not DocumentEndEvent or type(self._next()) is not StreamEndEvent:
            raise NotPlain
        return value

    def _value(self, event: Any) -> Any:
        if event.anchor is not None or event.tag is not None:  # an alias has an anchor, too
            raise NotPlain
        kind = type(event)
        if kind is ScalarEvent:
            text = event.value
            if not event.implicit[0] or (text and text[0] not in _RESOLVED):
                return text
            return self._resolved(text)
        if kind is MappingStartEvent:
            return self._mapping()
        if kind is not SequenceStartEvent:
            raise NotPlain
        found = []
        while type(event := self._next()) is not SequenceEndEvent:
            found.append(self._value(event))
        return found

    def _mapping(self) -> dict[str, Any]:
        found: dict[str, Any] = {}
        while type(event := self._next()) is not MappingEndEvent:
            if type(event) is not ScalarEvent or event.anchor is not None or event.tag is not None:
                raise NotPlain
            key = event.value
            if key in found:
                raise NotPlain
            found[key] = self._value(self._next())
        return found

    def _resolved(self, text: str) -> Any:
        """A number, a date, yes or no, nothing; or text after all."""
        if text not in self._known:
            tag = self._loader.resolve(yaml.ScalarNode, text, (True, False))
            self._known[text] = self._loader.construct_object(yaml.ScalarNode(tag, text), deep=True)
        return self._known[text]
