"""The errors this service answers with."""

from __future__ import annotations

from typing import Any

from include.protocol.errors import ServiceError


def not_registered() -> ServiceError:
    """The account has not switched the service on in this region."""
    return ServiceError(
        "AccessDeniedException",
        "Please complete AWS Audit Manager setup from home page to enable this action in this "
        "account",
        status=403,
    )


def not_found(kind: str, resource_id: str) -> ServiceError:
    """Nothing of that kind and id in this account and region."""
    return ServiceError(
        "ResourceNotFoundException",
        f"The {kind.replace('_', ' ').lower()} {resource_id} wasn't found in this account and "
        "region.",
        status=404,
        resourceId=resource_id,
        resourceType=kind,
    )


def invalid(message: str, field: str = "") -> ServiceError:
    """Input that the model allows and the service doesn't, or that the present state forbids."""
    members: dict[str, Any] = {"reason": "fieldValidationFailed" if field else "other"}
    if field:
        members["fields"] = [{"name": field, "message": message}]
    return ServiceError("ValidationException", message, status=400, **members)


def over_quota(message: str) -> ServiceError:
    """A quota of the account in this region is used up."""
    return ServiceError("ServiceQuotaExceededException", message, status=402)
