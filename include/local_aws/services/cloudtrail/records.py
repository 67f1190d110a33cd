"""CloudTrail's own record of an event, the same in LookupEvents and in log files."""

from __future__ import annotations

import json
import sqlite3
import uuid
from typing import Any

from include.clock import iso
from include.local_aws.services.moments import moment


def record_of(row: sqlite3.Row) -> dict[str, Any]:
    """The whole record of an event of the estate."""
    payload = json.loads(row["payload"] or "{}")
    return {
        "eventVersion": "1.11",
        "userIdentity": {"type": "IAMUser", "userName": row["username"]},
        "eventTime": iso(moment(row["at_t"])),
        "eventSource": row["event_source"],
        "eventName": row["name"],
        "awsRegion": row["region"],
        "eventID": row["event_id"],
        "readOnly": bool(row["read_only"]),
        "eventType": "AwsApiCall",
        "managementEvent": True,
        "recipientAccountId": row["account"],
        "eventCategory": "Management",
        **payload,
    }


def own_check(account: str, region: str, bucket: str, at: int) -> dict[str, Any]:
    """CloudTrail looking at the access list of the bucket it delivers to, as it often does."""
    name = f"{account}:{region}:{bucket}:{at}"
    return {
        "eventVersion": "1.11",
        "userIdentity": {"type": "AWSService", "invokedBy": "cloudtrail.amazonaws.com"},
        "eventTime": iso(moment(at)),
        "eventSource": "s3.amazonaws.com",
        "eventName": "GetBucketAcl",
        "awsRegion": region,
        "sourceIPAddress": "cloudtrail.amazonaws.com",
        "userAgent": "cloudtrail.amazonaws.com",
        "requestParameters": {"bucketName": bucket, "acl": ""},
        "responseElements": None,
        "eventID": str(uuid.uuid5(uuid.NAMESPACE_OID, name)),
        "readOnly": True,
        "eventType": "AwsApiCall",
        "managementEvent": True,
        "recipientAccountId": account,
        "eventCategory": "Management",
    }
