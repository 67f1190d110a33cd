"""Checks a row of the table of API calls against botocore's model of the service."""

from __future__ import annotations

from typing import Any

from include.sources.api_table import CALLS, ApiCall


def faults(call: ApiCall, model: Any) -> list[str]:
    """What in the row does not fit ``model`` (botocore's ServiceModel), in words; [] if all does.

    The operation exists, the request's members exist and all required ones are filled, the tokens,
    items and members named are there, and what botocore pages is paged.
    """
    if call.operation not in model.operation_names:
        return [f"{call.service} has no operation {call.operation} in this version of botocore"]
    operation = model.operation_model(call.operation)
    found = _request_faults(call, operation.input_shape)
    if call.keyword == "iam_GenerateCredentialReport":
        return found  # the items are the rows of a file
    output = operation.output_shape
    for token, shape in ((call.token, operation.input_shape), (call.next or call.token, output)):
        if call.paged and _at(shape, token) is None:
            found.append(f"there is no token {token}")
    if not call.paged and _has_token(operation.input_shape):
        found.append("the operation is paged, the row is not")
    if call.more and _at(output, call.more) is None:
        found.append(f"there is no member {call.more} in the answer")
    for path in call.items or ("",):
        found += _item_faults(call, path, output)
    return found


def item_shape(call: ApiCall, model: Any) -> Any:
    """The shape of one item (of the first kind of items), as the API answers it."""
    output = model.operation_model(call.operation).output_shape
    shape = _at(output, call.items[0]) if call.items else output
    return shape.member if shape is not None and shape.type_name == "list" else shape


def _request_faults(call: ApiCall, shape: Any) -> list[str]:
    members = shape.members if shape is not None else {}
    filled = set(call.request) | set(call.for_each.request if call.for_each else ())
    found = [f"the request has no member {name}" for name in sorted(filled - set(members))]
    required = set(shape.required_members) if shape is not None else set()
    found += [f"the request lacks {name}" for name in sorted(required - filled)]
    if call.for_each is not None:
        parent = CALLS.get(call.for_each.call)
        if parent is None:
            found.append(f"there is no row {call.for_each.call}")
    return found


def _item_faults(call: ApiCall, path: str, output: Any) -> list[str]:
    shape = _at(output, path) if path else output
    if shape is None:
        return [f"there are no items at {path}"]
    item = shape.member if shape.type_name == "list" else shape
    if item.type_name == "string":
        return [] if call.named else [f"the items at {path} are texts and have no name"]
    if item.type_name == "map":
        return []
    named = [call.id, *call.names, call.created, *call.ended, *call.keep]
    if call.named:
        named.remove(call.id)
    if call.parent_id:
        # Names may be those of the item it was asked for.
        named = [name for name in named if name not in call.names]
    found = [
        f"an item at {path or 'the answer'} has no member {name}"
        for name in named
        if name and _at(item, name) is None
    ]
    deep = _all_members(item)
    return found + [
        f"no item at {path} has a member {name} to be left out"
        for name in sorted(call.volatile - deep)
        # Of several kinds of items, one may have it.
        if len(call.items) < 2
    ]


def _has_token(shape: Any) -> bool:
    tokens = {"NextToken", "nextToken", "Marker", "NextMarker", "ContinuationToken"}
    return shape is not None and bool(tokens & set(shape.members))


def _at(shape: Any, path: str) -> Any:
    """The shape at a dotted path; lists on the way are gone through."""
    for name in path.split("."):
        while shape is not None and shape.type_name == "list":
            shape = shape.member
        if shape is None or shape.type_name != "structure":
            return None
        shape = shape.members.get(name)
    return shape


def _all_members(shape: Any, seen: frozenset[str] = frozenset()) -> set[str]:
    """Every member's name in a shape, at any depth."""
    if shape.type_name == "list":
        return _all_members(shape.member, seen)
    if shape.type_name == "map":
        return _all_members(shape.value, seen)
    if shape.type_name != "structure" or shape.name in seen:
        return set()
    found = set(shape.members)
    for inner in shape.members.values():
        found |= _all_members(inner, seen | {shape.name})
    return found
