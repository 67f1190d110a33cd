"""A CloudTrail record as far as it is needed to decide whether anybody asked for it."""

from __future__ import annotations

from typing import Any

import msgspec

_NOTHING = msgspec.Raw(b"null")


class Identity(msgspec.Struct, rename="camel", gc=False, frozen=True):
    """Who acted."""

    type: str | None = None
    invoked_by: str | None = None


_NOBODY = Identity()


class Record(msgspec.Struct, gc=False, frozen=True):
    """The members that patterns look at; the rest stays unread.

    https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html
    """

    name: str = msgspec.field(name="eventName", default="")
    source: str = msgspec.field(name="eventSource", default="")
    #: ISO 8601 UTC, whole seconds: such texts compare like the times.
    time: str = msgspec.field(name="eventTime", default="")
    id: str = msgspec.field(name="eventID", default="")
    region: str = msgspec.field(name="awsRegion", default="")
    reads: bool | str | None = msgspec.field(name="readOnly", default=None)
    error_code: str | None = msgspec.field(name="errorCode", default=None)
    error_message: str | None = msgspec.field(name="errorMessage", default=None)
    type: str | None = msgspec.field(name="eventType", default=None)
    category: str | None = msgspec.field(name="eventCategory", default=None)
    account: str | None = msgspec.field(name="recipientAccountId", default=None)
    identity: Identity | None = msgspec.field(name="userIdentity", default=_NOBODY)
    additional: msgspec.Raw = msgspec.field(name="additionalEventData", default=_NOTHING)

    @property
    def is_read(self) -> bool:
        """Whether the call only read."""
        return self.reads is True or self.reads == "true"

    @property
    def is_management(self) -> bool:
        """Whether it is in the event history: data, network and Insights events are not."""
        return self.category is None or self.category == "Management"

    @property
    def by_root(self) -> bool:
        """Whether the root user itself acted, not a service on its behalf."""
        who = self.identity
        return (
            who is not None
            and who.type == "Root"
            and not who.invoked_by
            and self.type != "AwsServiceEvent"
        )

    @property
    def is_refused(self) -> bool:
        """Whether the call was refused for want of permission."""
        code = self.error_code or ""
        return code.endswith("UnauthorizedOperation") or code.startswith("AccessDenied")

    def added(self, name: str) -> Any:
        """A member of ``additionalEventData``, or None."""
        data = msgspec.json.decode(self.additional)
        return data.get(name) if isinstance(data, dict) else None


_decoder = msgspec.json.Decoder(Record)


def read_record(raw: bytes | msgspec.Raw | str) -> Record:
    """Raises msgspec.MsgspecError for what is no record."""
    return _decoder.decode(raw)
