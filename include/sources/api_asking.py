"""Makes the calls of the table: page by page, for each item of another call, error by error."""

from __future__ import annotations

import csv
import io
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import chain, islice
from typing import TYPE_CHECKING, Any

import botocore.session
import msgspec
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    EndpointConnectionError,
    UnknownServiceError,
)

from include.aws.errors import classify, error_code
from include.aws.sessions import partition_of
from include.digests import plain
from include.evidence.cell import Cell
from include.evidence.snapshot import SnapshotWriter
from include.sources.api_model import faults
from include.sources.api_table import CALLS, CREDENTIAL_REPORT, ApiCall
from include.sources.arns import arn_of
from include.sources.base import ask, pages

if TYPE_CHECKING:
    from include.aws.sessions import ClientFactory

_REPORT_ATTEMPTS = 20
_REPORT_PAUSE_SECONDS = 0.5
#: How often in a row a call may be refused before nobody is asked any more.
_REFUSALS = 3
#: The account has no subscription to the service, which has to be taken first.
_NOT_SUBSCRIBED = frozenset(
    {"OptInRequired", "SubscriptionRequired", "SubscriptionRequiredException"}
)
#: The region's service doesn't know the call.
_UNOFFERED = frozenset({"InvalidAction", "UnknownOperationException", "UnsupportedRegionException"})


class ApiItem(msgspec.Struct, frozen=True):
    """One item as it was answered (JSON values), where, and when by the service's clock.

    ``parent`` is the item it was asked for, if it was asked for one.
    """

    value: dict[str, Any]
    page: str
    offset: int
    seen: datetime
    parent: dict[str, Any]

    def id_of(self, call: ApiCall) -> str:
        """Its id as the row says; '' if it has none."""
        parts = [member(self.parent, call.parent_id), member(self.value, call.id)]
        return "/".join(str(part) for part in parts if part)

    def names_of(self, call: ApiCall) -> frozenset[str]:
        """Every name by which an event may mean it."""
        known = {**self.parent, **self.value}
        found = {self.id_of(call), str(member(self.value, call.id) or "")}
        found |= {name.rsplit("/", 1)[-1] for name in found}
        found |= {str(member(known, path) or "") for path in call.names}
        return frozenset(found - {""})

    def resource_of(self, call: ApiCall, account: str, region: str) -> str:
        """Its canonical identity."""
        id_ = self.id_of(call)
        if not call.arn or id_.startswith("arn:"):
            return arn_of(call.type, id_, account, region)
        last = id_.rsplit("/", 1)[-1]
        known = {**self.parent, **self.value, "r": region, "a": account, "last": last}
        return f"arn:{partition_of(region)}:" + call.arn.format(**known)


@dataclass
class Answered:
    """How a call went: its items on disk, and what kept it from being whole.

    ``silent`` says why nothing could be expected (not in this region, no subscription, retired);
    ``error`` is what went wrong.
    """

    items: Spool
    silent: str = ""
    error: Exception | None = None


class Spool:
    """Items in the order they came, in a file: their number doesn't matter to memory."""

    def __init__(self, out: SnapshotWriter, keyword: str) -> None:
        self._path = out.folder / f"{keyword}.jsonl"
        self._encoder = msgspec.json.Encoder()
        self._decoder = msgspec.json.Decoder(ApiItem)
        self._file = self._path.open("wb")
        self.count = 0

    def add(self, item: ApiItem) -> None:
        """Append one."""
        self._file.write(self._encoder.encode(item) + b"\n")
        self.count += 1

    def __iter__(self) -> Iterator[ApiItem]:
        if not self._file.closed:
            self._file.flush()
        with self._path.open("rb") as file:
            for line in file:
                yield self._decoder.decode(line)

    def close(self) -> None:
        """Nothing is added any more."""
        self._file.close()


@dataclass
class Asker:
    """Asks each call once, however many others are made for its items."""

    out: SnapshotWriter
    clients: ClientFactory
    cell: Cell
    _answered: dict[str, Answered] = field(default_factory=dict)

    def answer(self, call: ApiCall) -> Answered:
        """Everything the call has to say; only the loss of all credentials is raised."""
        if call.keyword not in self._answered:
            answered = Answered(Spool(self.out, call.keyword))
            self._answered[call.keyword] = answered
            try:
                self._ask(call, answered)
            except (ClientError, BotoCoreError) as error:
                failure = classify(error, call.service)
                if failure.status == "EXPIRED":
                    raise
                answered.silent = self._silence(call, error)
                answered.error = None if answered.silent else error
            answered.items.close()
        return self._answered[call.keyword]

    def _ask(self, call: ApiCall, answered: Answered) -> None:
        try:
            client = self.clients.client(call.service, self.cell.region)
        except UnknownServiceError:
            answered.silent = f"this version of botocore has no client {call.service}"
            return
        wrong = faults(call, client.meta.service_model)
        if wrong:
            answered.silent = f"it can't be asked: {'; '.join(wrong)}"
            return
        if call is CREDENTIAL_REPORT:
            self._credential_report(client, answered)
        elif call.for_each is None:
            self._listed(call, client, answered, {}, [{}])
        else:
            self._for_each(call, client, answered)
        if call.retired and not answered.items.count:
            answered.silent = call.retired

    def _for_each(self, call: ApiCall, client: Any, answered: Answered) -> None:
        assert call.for_each is not None
        listed = self.answer(CALLS[call.for_each.call])
        answered.silent, answered.error = listed.silent, listed.error
        members, size = call.for_each.request, call.for_each.batch
        refused = 0
        for group in _groups(listed.items, size or 1):
            values = {
                name: [member(one.value, path) for one in group]
                if size
                else member(group[0].value, path)
                for name, path in members.items()
            }
            try:
                self._listed(call, client, answered, values, [one.value for one in group])
                refused = 0
            except ClientError as error:
                failure = classify(error, call.service)
                if failure.status == "EXPIRED" or self._silence(call, error):
                    raise
                if error_code(error) in call.gone | call.inapplicable:
                    continue
                answered.error = answered.error or error
                refused += failure.status == "DENIED"
                if refused >= _REFUSALS:
                    return

    def _listed(
        self,
        call: ApiCall,
        client: Any,
        answered: Answered,
        values: Mapping[str, Any],
        parents: Sequence[dict[str, Any]],
    ) -> None:
        """All pages of one request; an item without one of its own has a sole parent."""
        request = {**_filled(call.request, self.cell.region), **values}
        parent = parents[0] if len(parents) == 1 else {}
        before, page, seen = answered.items.count, "", self.out.now
        try:
            for output, page, seen in self._pages(call, client, request):
                found = [one for path in call.items or ("",) for one in _walk(output, path)]
                for offset, value in enumerate(found):
                    item = value if isinstance(value, Mapping) else {call.named: value}
                    answered.items.add(ApiItem(plain(item), page, offset, seen, parent))
            if answered.items.count == before and not call.id:
                # A setting that is not set is an answer, too.
                answered.items.add(ApiItem({}, page, 0, seen, parent))
        except ClientError as error:
            if error_code(error) not in call.absent:
                raise
            answered.items.add(ApiItem({}, "", 0, self.out.now, parent))

    def _pages(
        self, call: ApiCall, client: Any, request: Mapping[str, Any]
    ) -> Iterator[tuple[Mapping[str, Any], str, datetime]]:
        if call.paged:
            first = _first_list(call, client)
            for listing in pages(
                self.out,
                client,
                call.operation,
                first,
                request,
                token=call.token,
                next_token=call.next,
            ):
                yield listing.answer.output, listing.page, listing.answer.at
            return
        answer = ask(self.out, client, call.operation, request)
        output = {k: v for k, v in answer.output.items() if k != "ResponseMetadata"}
        number = sum(1 for path in call.items or ("",) for _ in _walk(output, path))
        yield output, self.out.page(answer, number), answer.at
        if call.more and output.get(call.more):
            self.out.stop_short(
                f"{call.service}:{call.operation} has more than one page, which AWS's quota "
                "does not allow for: the list is not complete."
            )

    def _credential_report(self, iam: Any, answered: Answered) -> None:
        """One item per row; the root user's row is left to the account summary.

        IAM makes a new report every four hours at most, so the answer is as of its own time.
        """
        for _ in range(_REPORT_ATTEMPTS):
            if ask(self.out, iam, "GenerateCredentialReport").output["State"] == "COMPLETE":
                break
            time.sleep(_REPORT_PAUSE_SECONDS)
        answer = ask(self.out, iam, "GetCredentialReport")
        rows = list(csv.DictReader(io.StringIO(answer.output["Content"].decode())))
        page = self.out.page(answer, len(rows))
        for offset, row in enumerate(rows):
            if row["user"] != "<root_account>":
                answered.items.add(ApiItem(dict(row), page, offset, answer.at, {}))

    def _silence(self, call: ApiCall, error: Exception) -> str:
        """Why an error is no failure of the collection; '' if it is one."""
        code = error_code(error)
        if code in _NOT_SUBSCRIBED:
            return "the account has not subscribed to the service"
        if code in _UNOFFERED | call.unoffered or _no_endpoint(call, self.cell.region, error):
            return f"it is not offered in {self.cell.region}"
        failure = classify(error, call.service)
        if failure.status == "NOT_ENABLED":
            return f"the service is not enabled ({code})"
        if call.retired and failure.status == "FAILED" and not failure.retryable:
            return call.retired
        return ""


def member(value: Any, path: str) -> Any:
    """The member at a dotted path; None where there is none, or no path."""
    if not path:
        return None
    for name in path.split("."):
        value = value.get(name) if isinstance(value, Mapping) else None
    return value


def _groups(items: Spool, size: int) -> Iterator[list[ApiItem]]:
    every = iter(items)
    for first in every:
        yield list(chain([first], islice(every, size - 1)))


def _filled(request: Mapping[str, Any], region: str) -> dict[str, Any]:
    return {
        name: value.replace("{region}", region) if isinstance(value, str) else value
        for name, value in request.items()
    }


def _walk(value: Any, path: str) -> Iterator[Any]:
    """What stands at a dotted path, gone through lists; nothing for members that are left out."""
    if isinstance(value, (list, tuple)):
        for one in value:
            yield from _walk(one, path)
    elif not path:
        yield value if value is not None else {}
    elif isinstance(value, Mapping):
        name, _, rest = path.partition(".")
        if value.get(name) is not None:
            yield from _walk(value[name], rest)


def _first_list(call: ApiCall, client: Any) -> str:
    """The path of the outermost list, whose length a receipt shows as a page's items."""
    shape = client.meta.service_model.operation_model(call.operation).output_shape
    taken: list[str] = []
    for name in call.items[0].split("."):
        if shape.type_name != "structure":
            break
        taken.append(name)
        shape = shape.members[name]
    return ".".join(taken)


def _no_endpoint(call: ApiCall, region: str, error: Exception) -> bool:
    """Whether nobody answered because AWS has no such service in the region."""
    if not isinstance(error, EndpointConnectionError) or call.is_global:
        return False
    known = botocore.session.Session().get_available_regions(call.service, partition_of(region))
    return bool(known) and region not in known
