"""Names in Audit Manager: how ours look, and which of our ids a name bears.

A control is called ``1.3 The root user has no access keys``; a custom one bears its framework's id
behind that, since all custom controls of an account stand in one list.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

MOST = 300
#: What publishers number with: 1.3, A.5.1, CC6.1, AC-2(1), 164.308(a)(1)(i), EC2.7, Art.5.1.
_NUMBER = re.compile(r"(?:[A-Za-z]{1,32}\d*[.-]?)?\d+(?:[.-]\w{1,8}|\(\w{1,4}\)|[a-z](?![a-z]))*")
#: What lists of rules number with: access-keys-rotated.
_WORDS = re.compile(r"[a-z0-9]+(-[a-z0-9]+)+")
_SEPARATORS = " \t:;.-\N{EN DASH}\N{EM DASH}"
_FROM = re.compile(r" \[([a-z0-9][a-z0-9_.-]*)\]$")


def control_name(control_id: str, title: str, framework_id: str = "") -> str:
    """The name of a control; of a custom one with its framework's id."""
    behind = f" [{framework_id}]" if framework_id else ""
    front = f"{control_id} {title}".replace("\\", " ")
    return front[: MOST - len(behind)].rstrip() + behind


def control_set_name(set_id: str, title: str) -> str:
    """The name of a control set: the publisher's number is part of it, where it is one.

    Names of sets may hold neither backslash nor underscore.
    """
    numbered = len(set_id) <= 12 and re.search(r"[A-Z0-9]", set_id)
    known = _says_already(set_id, title)
    name = f"{set_id} {title}" if numbered and not known else title
    return re.sub(r"[\\_]+", " ", name)[:MOST].strip()


def _says_already(set_id: str, title: str) -> bool:
    """Whether a title holds the id as a word, or, of a longer id, spelt with spaces."""
    if re.search(rf"\b{re.escape(set_id)}\b", title, re.IGNORECASE):
        return True
    joined = re.sub(r"\W", "", title).casefold()
    return len(set_id) > 4 and set_id.casefold() in joined


def framework_of(name: str) -> str:
    """The framework's id that a custom control of ours bears; empty for others."""
    found = _FROM.search(name)
    return found.group(1) if found else ""


def is_number(token: str) -> bool:
    """Whether a word is what a publisher would number controls with; ``S3`` and ``2FA`` are not."""
    if _WORDS.fullmatch(token):
        return True
    return bool(_NUMBER.fullmatch(token)) and (token.isdigit() or any(c in token for c in ".-("))


def split_name(name: str) -> tuple[str, str]:
    """``(id, title)`` of a name that begins with an id, else ``("", name)``."""
    name = _FROM.sub("", name.strip())
    first, _, rest = name.partition(" ")
    token = _trimmed(first)
    if not is_number(token):
        return "", name
    return token, rest.lstrip(_SEPARATORS).strip()


def split_set_name(name: str) -> tuple[str, str]:
    """``(id, title)`` of a control set's name that begins with an id, else ``("", name)``."""
    number, title = split_name(name)
    if number and title:
        return number, title
    first, _, rest = name.partition(" ")
    if rest and re.fullmatch(r"[A-Z]{1,3}\d+|[A-Z]{2}", first):
        return first, rest.lstrip(_SEPARATORS)
    return "", name


def named_by(ids: Iterable[str], names: Mapping[str, str]) -> dict[str, list[str]]:
    """For each of ``ids``, the keys of those ``names`` that bear it.

    A name bears the id that it begins with; one that begins with none of ours, every one in it.
    """
    found: dict[str, list[str]] = {one: [] for one in ids}
    for key, name in names.items():
        tokens = [_trimmed(token) for token in name.split()]
        leading = tokens[:1] if tokens and tokens[0] in found else tokens
        for token in dict.fromkeys(leading):
            if token in found:
                found[token].append(key)
    return found


def _trimmed(token: str) -> str:
    token = token.strip(_SEPARATORS + ",")
    return token[:-1] if token.endswith(")") and "(" not in token else token
