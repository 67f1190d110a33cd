"""What Config's configuration history says of a call's items at the period's end."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from include.aws.errors import classify
from include.digests import plain
from include.evidence.cell import Cell
from include.evidence.snapshot import SnapshotWriter
from include.sources.api_asking import ApiItem, member
from include.sources.api_model import item_shape
from include.sources.api_table import ApiCall
from include.sources.config_items import configurations_at
from include.sources.config_recorder import Recording, kept_since, recording

if TYPE_CHECKING:
    from include.aws.sessions import ClientFactory

#: What looking back with Config takes, in IAM's names.
ACTIONS = frozenset(
    {
        "config:DescribeConfigurationRecorders",
        "config:DescribeConfigurationRecorderStatus",
        "config:DescribeRetentionConfigurations",
        "config:GetResourceConfigHistory",
        "config:ListDiscoveredResources",
        "config:SelectResourceConfig",
    }
)


@dataclass
class Remembered:
    """Config's memory in one region, asked only when something needs it.

    ``error`` is what kept it from answering, if something did.
    """

    out: SnapshotWriter
    clients: ClientFactory
    cell: Cell
    error: Exception | None = None
    _reaches: bool | None = None
    _recorder: Recording | None = None
    _unusable: set[str] = field(default_factory=set)

    def knows(self, call: ApiCall) -> bool:
        """Whether all items of the call at the period's end can be had from Config."""
        if call.past is None or call.past.type in self._unusable or call.whole:
            return False
        try:
            if self._reaches is None:
                self._reaches = self._look()
        except (ClientError, BotoCoreError) as error:
            self._give_up(error)
        return bool(
            self._reaches and self._recorder is not None and self._recorder.records(call.past.type)
        )

    def at_the_end(self, call: ApiCall) -> Iterator[tuple[ApiItem, datetime]]:
        """Every item of the call just before the period's end, and since when it stood so.

        In the API's shape. What can't be put into it is left out; an error ends the listing, and
        ``knows`` is false from then on.
        """
        assert call.past is not None
        client = self.clients.client(call.service, self.cell.region)
        shape = item_shape(call, client.meta.service_model)
        try:
            for found in self._listed(call.past.type, self.cell.period.end):
                value = in_api_shape(call, shape, found)
                if value is not None:
                    parent = {call.parent_id: found.get("arn")} if call.parent_id else {}
                    if call.parent_id and not str(parent[call.parent_id]).startswith("arn:"):
                        parent = {call.parent_id: found["resourceId"]}
                    captured: datetime = found["configurationItemCaptureTime"]
                    yield (
                        ApiItem(value, str(found["page"]), 0, self.out.now, plain(parent)),
                        captured,
                    )
        except (ClientError, BotoCoreError) as error:
            self._unusable.add(call.past.type)
            self._give_up(error)

    def now(self, call: ApiCall) -> Iterator[str]:
        """Every name by which Config knows the living resources of the call's type."""
        assert call.past is not None
        try:
            for found in self._listed(call.past.type, self.out.now + timedelta(seconds=1)):
                for name in ("arn", "resourceId", "resourceName"):
                    yield str(found.get(name) or "")
        except (ClientError, BotoCoreError) as error:
            self._unusable.add(call.past.type)
            self._give_up(error)

    def _listed(self, resource_type: str, at: datetime) -> Iterator[Mapping[str, Any]]:
        config = self.clients.client("config", self.cell.region)
        yield from configurations_at(self.out, config, resource_type, at)

    def _look(self) -> bool:
        """Whether the recorder ran at the period's end, and Config still keeps what it wrote."""
        config = self.clients.client("config", self.cell.region)
        self._recorder = recording(self.out, config)
        if self._recorder is None or not self._recorder.ran_at_end(self.cell.period):
            return False
        end = self.cell.period.end
        return kept_since(self.out, config, end) <= end

    def _give_up(self, error: ClientError | BotoCoreError) -> None:
        failure = classify(error, "config")
        if failure.status == "EXPIRED":
            raise error
        self._reaches = False
        if failure.status != "NOT_ENABLED":
            self.error = error


def in_api_shape(call: ApiCall, shape: Any, found: Mapping[str, Any]) -> dict[str, Any] | None:
    """Config's item as the API would have answered it; None where that can't be said.

    ``shape`` is botocore's shape of one item: its members are found in Config's configuration
    whatever the case of their letters, since Config writes those of older types in lower camel
    case and those of newer ones as CloudFormation does.
    """
    assert call.past is not None
    if call.past.members:
        value: dict[str, Any] = {}
        for name, paths in call.past.members.items():
            given = next(
                (v for v in (_found(found, path) for path in paths) if v is not None), None
            )
            if given is None:
                return None
            inner = shape.members.get(name) if shape.type_name == "structure" else None
            value[name] = _shaped(inner, given) if inner is not None else plain(given)
        return value
    value = _shaped(shape, found["configuration"]) if found.get("configuration") else {}
    if call.named:
        value = {call.named: found.get("resourceName") or found["resourceId"]}
    if call.id and not member(value, call.id):
        # Config names the resource beside its configuration.
        arn, name = str(found.get("arn") or ""), str(found.get("resourceId") or "")
        value[call.id] = arn if call.id.lower().endswith("arn") else name
    return value if len(value) > 1 or call.named else None


def _found(found: Mapping[str, Any], path: str) -> Any:
    return path[1:] if path.startswith("=") else member(found, path)


def _shaped(shape: Any, value: Any) -> Any:
    """A value in the API's names; what the API has no member for is left out."""
    if value is None:
        return None
    if shape.type_name == "structure" and isinstance(value, Mapping):
        by_name = {str(name).lower(): inner for name, inner in value.items()}
        # Config has the plain addresses in `ipRanges`, and the API's structures in `ipv4Ranges`.
        if "IpRanges" in shape.members and by_name.get("ipv4ranges") is not None:
            by_name["ipranges"] = by_name["ipv4ranges"]
        shaped = {
            name: _shaped(inner, by_name[name.lower()])
            for name, inner in shape.members.items()
            if by_name.get(name.lower()) is not None
        }
        return shaped
    if shape.type_name == "list" and isinstance(value, (list, tuple)):
        return [_shaped(shape.member, one) for one in value]
    if shape.type_name == "map" and isinstance(value, Mapping):
        return {str(name): _shaped(shape.value, inner) for name, inner in value.items()}
    if shape.type_name == "structure" and isinstance(value, str):
        # An address on its own, where the API has a structure with one.
        key = next((name for name in ("CidrIp", "CidrIpv6") if name in shape.members), None)
        return {key: value} if key else {}
    return plain(value)
