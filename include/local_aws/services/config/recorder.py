"""Config's recorder and delivery channel, and the features this estate does not use."""

from __future__ import annotations

from typing import Any

from include.evidence.identity import account_identity
from include.local_aws.estate.store import Estate
from include.local_aws.overlay import Call, Handler, ServiceError
from include.local_aws.services.config.rules import BAD_TOKEN
from include.local_aws.services.configuration import home_region
from include.local_aws.services.moments import epoch, moment
from include.local_aws.services.paging import Cursor

NAME = "default"


def recording_since(estate: Estate, account: str, region: str, at: int) -> tuple[bool, int | None]:
    """Whether the recorder runs at ``at``, and since when it does or does not (None: never set)."""
    rows = estate.rows(
        "SELECT value, from_t FROM facts WHERE arn = ? AND property = 'ConfigRecorder'"
        " AND from_t <= ? AND (to_t IS NULL OR to_t > ?)",
        (account_identity(account, region), at, at),
    )
    return (rows[0]["value"] == "true", rows[0]["from_t"]) if rows else (False, None)


def require_recorder(estate: Estate, call: Call) -> None:
    """NoAvailableConfigurationRecorderException where no recorder was ever set up."""
    if recording_since(estate, call.account, call.region, epoch(call.now))[1] is None:
        raise ServiceError(
            "NoAvailableConfigurationRecorderException",
            "Configuration recorder is not available to perform this operation.",
        )


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
    """Recorder and channel operations; aggregators and conformance packs, of which none exist."""

    def describe_configuration_recorders(call: Call) -> dict[str, Any]:
        _only_default(
            call.params.get("ConfigurationRecorderNames"),
            "NoSuchConfigurationRecorderException",
            "configuration recorder",
        )
        _, since = recording_since(estate, call.account, call.region, epoch(call.now))
        if since is None:
            return {"ConfigurationRecorders": []}
        home = call.region == home_region(estate)
        recorder = {
            "arn": _recorder_arn(call),
            "name": NAME,
            "roleARN": f"arn:aws:iam::{call.account}:role/aws-service-role/config.amazonaws.com/"
            "AWSServiceRoleForConfig",
            "recordingGroup": {
                "allSupported": True,
                "includeGlobalResourceTypes": home,
                "resourceTypes": [],
                "recordingStrategy": {"useOnly": "ALL_SUPPORTED_RESOURCE_TYPES"},
            },
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
        recording, since = recording_since(estate, call.account, call.region, epoch(call.now))
        if since is None:
            return {"ConfigurationRecordersStatus": []}
        status = {
            "arn": _recorder_arn(call),
            "name": NAME,
            "recording": recording,
            "lastStatus": "Success",
            "lastStatusChangeTime": moment(since),
            "lastStartTime" if recording else "lastStopTime": moment(since),
        }
        return {"ConfigurationRecordersStatus": [status]}

    def describe_delivery_channels(call: Call) -> dict[str, Any]:
        _only_default(
            call.params.get("DeliveryChannelNames"),
            "NoSuchDeliveryChannelException",
            "delivery channel",
        )
        _, since = recording_since(estate, call.account, call.region, epoch(call.now))
        if since is None:
            return {"DeliveryChannels": []}
        channel = {
            "name": NAME,
            "s3BucketName": f"config-{call.account}-{call.region}",
            "configSnapshotDeliveryProperties": {"deliveryFrequency": "TwentyFour_Hours"},
        }
        return {"DeliveryChannels": [channel]}

    def describe_configuration_aggregators(call: Call) -> dict[str, Any]:
        Cursor.of(call, BAD_TOKEN)
        for name in call.params.get("ConfigurationAggregatorNames") or ():
            raise ServiceError(
                "NoSuchConfigurationAggregatorException",
                f"The configuration aggregator '{name}' does not exist.",
            )
        return {"ConfigurationAggregators": []}

    def describe_conformance_packs(call: Call) -> dict[str, Any]:
        Cursor.of(call, BAD_TOKEN)
        for name in call.params.get("ConformancePackNames") or ():
            raise ServiceError(
                "NoSuchConformancePackException", f"The conformance pack '{name}' does not exist."
            )
        return {"ConformancePackDetails": []}

    return {
        "DescribeConfigurationRecorders": describe_configuration_recorders,
        "DescribeConfigurationRecorderStatus": describe_configuration_recorder_status,
        "DescribeDeliveryChannels": describe_delivery_channels,
        "DescribeConfigurationAggregators": describe_configuration_aggregators,
        "DescribeConformancePacks": describe_conformance_packs,
    }
