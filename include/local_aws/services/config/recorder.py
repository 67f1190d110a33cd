"""Config's recorder: what it records, when it ran, how long its memory is, where it delivers."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from include.evidence.identity import account_identity
from include.local_aws.estate.store import Estate
from include.local_aws.overlay import Call, Handler, ServiceError
from include.local_aws.services.config.rules import BAD_TOKEN
from include.local_aws.services.configuration import home_region
from include.local_aws.services.moments import epoch, moment
from include.local_aws.services.paging import Cursor

NAME = "default"
_ALL: dict[str, Any] = {
    "allSupported": True,
    "includeGlobalResourceTypes": True,
    "resourceTypes": [],
    "recordingStrategy": {"useOnly": "ALL_SUPPORTED_RESOURCE_TYPES"},
}
_IAM = frozenset({"AWS::IAM::User", "AWS::IAM::Group", "AWS::IAM::Role", "AWS::IAM::Policy"})


@dataclass(frozen=True)
class RecorderState:
    """A recorder at a moment: whether it runs, when it last started and stopped (epoch)."""

    running: bool
    started: int | None
    stopped: int | None


@lru_cache(maxsize=1024)
def running_times(estate: Estate, account: str, region: str) -> tuple[tuple[int, int | None], ...]:
    """The half-open times [from, to) in which a region's recorder runs, oldest first."""
    on = [
        (row["from_t"], row["to_t"])
        for row in estate.rows(
            "SELECT value, from_t, to_t FROM facts WHERE arn = ? AND property = 'ConfigRecorder'"
            " ORDER BY from_t",
            (account_identity(account, region),),
        )
        if row["value"] == "true"
    ]
    for row in estate.rows(
        "SELECT from_t, to_t FROM recorder_outages WHERE account = ? AND region = ?",
        (account, region),
    ):
        on = [piece for span in on for piece in _without(span, (row["from_t"], row["to_t"]))]
    return tuple(sorted(on, key=lambda span: span[0]))


def _without(
    span: tuple[int, int | None], gap: tuple[int, int | None]
) -> list[tuple[int, int | None]]:
    start, end = span
    stop, again = gap
    pieces: list[tuple[int, int | None]] = []
    if start < stop:
        pieces.append((start, stop if end is None else min(end, stop)))
    if again is not None and (end is None or again < end):
        pieces.append((max(start, again), end))
    return pieces


def state_at(estate: Estate, account: str, region: str, at: int) -> RecorderState | None:
    """The recorder as it is at ``at``; None where none was set up by then."""
    times = [span for span in running_times(estate, account, region) if span[0] <= at]
    if not times:
        return None
    ends = [end for _, end in times if end is not None and end <= at]
    running = times[-1][1] is None or times[-1][1] > at
    return RecorderState(running, times[-1][0], ends[-1] if ends else None)


def noticed(estate: Estate, account: str, region: str, at: int) -> int | None:
    """When a change at ``at`` gets recorded: at once, or when a stopped recorder goes on.

    None while it has not gone on. What was there before the recorder counts from its own time.
    """
    times = running_times(estate, account, region)
    if not times or at < times[0][0]:
        return at
    for start, end in times:
        if at < start:
            return start
        if end is None or at < end:
            return at
    return None


def require_recorder(estate: Estate, call: Call) -> None:
    """NoAvailableConfigurationRecorderException where no recorder was ever set up."""
    if state_at(estate, call.account, call.region, epoch(call.now)) is None:
        raise ServiceError(
            "NoAvailableConfigurationRecorderException",
            "Configuration recorder is not available to perform this operation.",
        )


def setting(estate: Estate, account: str, region: str, name: str, at: int) -> Any:
    """A setting of Config in one region, kept as a fact of the regional account; None if unset."""
    rows = estate.rows(
        "SELECT value FROM facts WHERE arn = ? AND property = ? AND from_t <= ?"
        " AND (to_t IS NULL OR to_t > ?)",
        (account_identity(account, region), name, at, at),
    )
    return json.loads(rows[0]["value"]) if rows else None


def recording_group(estate: Estate, account: str, region: str, at: int) -> dict[str, Any]:
    """What the recorder records, in the API's shape: the fact ``RecordingGroup``, or everything."""
    given = setting(estate, account, region, "RecordingGroup", at)
    if isinstance(given, dict):
        return given
    return {**_ALL, "includeGlobalResourceTypes": region == home_region(estate)}


def records(group: dict[str, Any], resource_type: str) -> bool:
    """Whether a recording group takes in a resource type."""
    strategy = (group.get("recordingStrategy") or {}).get("useOnly")
    if strategy == "INCLUSION_BY_RESOURCE_TYPES":
        return resource_type in group.get("resourceTypes", ())
    if strategy == "EXCLUSION_BY_RESOURCE_TYPES":
        left_out = group.get("exclusionByResourceTypes") or {}
        return resource_type not in left_out.get("resourceTypes", ())
    return bool(group.get("includeGlobalResourceTypes")) or resource_type not in _IAM


def retention_days(estate: Estate, account: str, region: str, at: int) -> int | None:
    """For how many days configuration items are kept; None: as long as Config can."""
    days = setting(estate, account, region, "ConfigRetentionDays", at)
    return int(days) if days else None


def bucket_of(account: str) -> str:
    """The bucket that all regions of an account deliver to."""
    return f"config-bucket-{account}"


def _recorder_arn(call: Call) -> str:
    return (
        f"arn:aws:config:{call.region}:{call.account}:configuration-recorder/{NAME}/"
        f"{call.account[-4:]}{call.region.replace('-', '')}"
    )


def _only_default(names: list[str] | None, error: str, what: str) -> None:
    for name in names or ():
        if name != NAME:
            raise ServiceError(error, f"Cannot find {what} with the specified name '{name}'.")


def handlers(estate: Estate) -> dict[str, Handler]:
    """The recorder's, the delivery channel's and the retention's operations."""

    def describe_configuration_recorders(call: Call) -> dict[str, Any]:
        _only_default(
            call.params.get("ConfigurationRecorderNames"),
            "NoSuchConfigurationRecorderException",
            "configuration recorder",
        )
        now = epoch(call.now)
        if state_at(estate, call.account, call.region, now) is None:
            return {"ConfigurationRecorders": []}
        recorder = {
            "arn": _recorder_arn(call),
            "name": NAME,
            "roleARN": f"arn:aws:iam::{call.account}:role/aws-service-role/config.amazonaws.com/"
            "AWSServiceRoleForConfig",
            "recordingGroup": recording_group(estate, call.account, call.region, now),
            "recordingMode": {"recordingFrequency": "CONTINUOUS"},
            "recordingScope": "PAID",
        }
        return {"ConfigurationRecorders": [recorder]}

    def describe_configuration_recorder_status(call: Call) -> dict[str, Any]:
        _only_default(
            call.params.get("ConfigurationRecorderNames"),
            "NoSuchConfigurationRecorderException",
            "configuration recorder",
        )
        state = state_at(estate, call.account, call.region, epoch(call.now))
        if state is None:
            return {"ConfigurationRecordersStatus": []}
        changed = state.started if state.running else state.stopped
        status: dict[str, Any] = {
            "arn": _recorder_arn(call),
            "name": NAME,
            "recording": state.running,
            "lastStatus": "SUCCESS",
            "lastStatusChangeTime": moment(changed or 0),
        }
        if state.started is not None:
            status["lastStartTime"] = moment(state.started)
        if state.stopped is not None:
            status["lastStopTime"] = moment(state.stopped)
        return {"ConfigurationRecordersStatus": [status]}

    def describe_retention_configurations(call: Call) -> dict[str, Any]:
        Cursor.of(call, BAD_TOKEN)
        for name in call.params.get("RetentionConfigurationNames") or ():
            if name != NAME:
                raise ServiceError(
                    "NoSuchRetentionConfigurationException",
                    f"You have specified a retention configuration that does not exist: '{name}'.",
                )
        days = retention_days(estate, call.account, call.region, epoch(call.now))
        kept = [{"Name": NAME, "RetentionPeriodInDays": days}] if days else []
        return {"RetentionConfigurations": kept}

    def describe_delivery_channels(call: Call) -> dict[str, Any]:
        _only_default(
            call.params.get("DeliveryChannelNames"),
            "NoSuchDeliveryChannelException",
            "delivery channel",
        )
        if state_at(estate, call.account, call.region, epoch(call.now)) is None:
            return {"DeliveryChannels": []}
        channel = {
            "name": NAME,
            "s3BucketName": bucket_of(call.account),
            "configSnapshotDeliveryProperties": {"deliveryFrequency": "TwentyFour_Hours"},
        }
        return {"DeliveryChannels": [channel]}

    return {
        "DescribeConfigurationRecorders": describe_configuration_recorders,
        "DescribeConfigurationRecorderStatus": describe_configuration_recorder_status,
        "DescribeRetentionConfigurations": describe_retention_configurations,
        "DescribeDeliveryChannels": describe_delivery_channels,
    }
