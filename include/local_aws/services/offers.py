"""What AWS itself offers, the same for every account: add-ons, versions, updates, certificates."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from include.local_aws.overlay import Call, Handler
from include.local_aws.services.paging import Cursor, page_size, with_token

_ADDONS = (
    ("aws-ebs-csi-driver", "storage", "v1.38.1-eksbuild.1"),
    ("coredns", "networking", "v1.11.4-eksbuild.2"),
    ("kube-proxy", "networking", "v1.32.0-eksbuild.2"),
    ("vpc-cni", "networking", "v1.19.2-eksbuild.1"),
)
_KAFKA = (
    ("2.8.1", "DEPRECATED"),
    ("3.6.0", "ACTIVE"),
    ("3.7.x", "ACTIVE"),
    ("3.8.x", "ACTIVE"),
)
_UPDATES = (
    ("elasticache-redis-6-2-6-update-20240109", "important", "redis", "6.2.6"),
    ("elasticache-valkey-7-2-6-update-20250204", "critical", "valkey", "7.2.6"),
)
_AUTHORITIES = (
    ("rds-ca-ecc384-g1", "5f7ed3f1f5a1b0c3e5f6a7b8c9d0e1f2a3b4c5d6", 2121),
    ("rds-ca-rsa2048-g1", "6a8fe4a2a6b2c1d4f6a7b8c9d0e1f2a3b4c5d6e7", 2061),
    ("rds-ca-rsa4096-g1", "7b9af5b3b7c3d2e5a7b8c9d0e1f2a3b4c5d6e7f8", 2121),
)


def _paged(
    call: Call, items: Sequence[Any], *, items_at: str, token: str, size: str, error: str
) -> dict[str, Any]:
    cursor = Cursor.of(call, error, member=token)
    most = page_size(call, member=size, default=100, most=100, error=error)
    page, following = cursor.cut(items, most)
    return with_token({items_at: page}, following, token)


def describe_addon_versions(call: Call) -> dict[str, Any]:
    """EKS: the add-ons of the managed kind."""
    wanted = call.params.get("addonName")
    addons = [
        {
            "addonName": name,
            "type": kind,
            "owner": "aws",
            "publisher": "eks",
            "addonVersions": [
                {
                    "addonVersion": version,
                    "architecture": ["amd64", "arm64"],
                    "compatibilities": [
                        {
                            "clusterVersion": "1.32",
                            "platformVersions": ["*"],
                            "defaultVersion": True,
                        }
                    ],
                    "requiresConfiguration": False,
                }
            ],
        }
        for name, kind, version in _ADDONS
        if wanted in (None, name)
    ]
    return _paged(
        call,
        addons,
        items_at="addons",
        token="nextToken",
        size="maxResults",
        error="InvalidParameterException",
    )


def list_kafka_versions(call: Call) -> dict[str, Any]:
    """MSK: the versions of Kafka."""
    return _paged(
        call,
        [{"Version": version, "Status": status} for version, status in _KAFKA],
        items_at="KafkaVersions",
        token="NextToken",
        size="MaxResults",
        error="BadRequestException",
    )


def describe_service_updates(call: Call) -> dict[str, Any]:
    """ElastiCache: the updates to be applied."""
    wanted = call.params.get("ServiceUpdateName")
    updates = [
        {
            "ServiceUpdateName": name,
            "ServiceUpdateReleaseDate": datetime(2025, 2, 4, tzinfo=UTC),
            "ServiceUpdateSeverity": severity,
            "ServiceUpdateStatus": "available",
            "ServiceUpdateType": "security-update",
            "Engine": engine,
            "EngineVersion": version,
        }
        for name, severity, engine, version in _UPDATES
        if wanted in (None, name)
    ]
    return _paged(
        call,
        updates,
        items_at="ServiceUpdates",
        token="Marker",
        size="MaxRecords",
        error="InvalidParameterValue",
    )


def describe_certificates(call: Call) -> dict[str, Any]:
    """RDS (and DocumentDB): the certificate authorities of a region."""
    wanted = call.params.get("CertificateIdentifier")
    certificates = [
        {
            "CertificateIdentifier": name,
            "CertificateType": "CA",
            "Thumbprint": thumbprint,
            "ValidFrom": datetime(2021, 5, 25, tzinfo=UTC),
            "ValidTill": datetime(year, 5, 25, tzinfo=UTC),
            "CertificateArn": f"arn:aws:rds:{call.region}::cert:{name}",
        }
        for name, thumbprint, year in _AUTHORITIES
        if wanted in (None, name)
    ]
    return _paged(
        call,
        certificates,
        items_at="Certificates",
        token="Marker",
        size="MaxRecords",
        error="InvalidParameterValue",
    )


def handlers() -> dict[str, dict[str, Handler]]:
    """The operations by service."""
    return {
        "eks": {"DescribeAddonVersions": describe_addon_versions},
        "kafka": {"ListKafkaVersions": list_kafka_versions},
        "elasticache": {"DescribeServiceUpdates": describe_service_updates},
        "rds": {"DescribeCertificates": describe_certificates},
    }
