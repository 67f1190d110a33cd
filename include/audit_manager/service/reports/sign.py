"""The digest of a report's files, signed (ECDSA on P-256) with a key of the database's own."""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from sqlalchemy import select
from sqlalchemy.orm import Session

from include.audit_manager.service.models import SigningKey
from include.clock import iso
from include.digests import canonical_json

ALGORITHM = "ECDSA_P256_SHA256"
_FORMAT = "audit-manager-report-digest/1"


class DigestInvalid(Exception):
    """A digest isn't in the form this service writes, or its signature doesn't fit."""


@dataclass(frozen=True)
class Digest:
    """A digest whose signature was checked; ``files`` are SHA-256 by path in the archive."""

    report_id: str
    files: Mapping[str, str]
    key_id: str
    signed_at: str


def signing_key(session: Session, now: datetime) -> SigningKey:
    """The database's key pair, made when first needed (the session must be a writing one)."""
    row = session.scalar(select(SigningKey).order_by(SigningKey.created_at).limit(1))
    if row is not None:
        return row
    key = ec.generate_private_key(ec.SECP256R1())
    public = key.public_key()
    der = public.public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    row = SigningKey(
        id=hashlib.sha256(der).hexdigest(),
        private_pem=key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        ).decode(),
        public_pem=public.public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        ).decode(),
        created_at=now,
    )
    session.add(row)
    return row


def signed_digest(
    key: SigningKey, report_id: str, files: Mapping[str, str], signed_at: datetime
) -> bytes:
    """The bytes of ``digest.txt``: canonical JSON, its signature over all the other members."""
    content: dict[str, Any] = {
        "format": _FORMAT,
        "reportId": report_id,
        "hashAlgorithm": "SHA-256",
        "files": dict(files),
        "signatureAlgorithm": ALGORITHM,
        "signatureDateTime": iso(signed_at),
        "signatureKeyId": key.id,
        "publicKey": key.public_pem,
    }
    private = serialization.load_pem_private_key(key.private_pem.encode(), password=None)
    if not isinstance(private, ec.EllipticCurvePrivateKey):
        raise TypeError(f"the signing key {key.id} isn't an elliptic curve key")
    signature = private.sign(canonical_json(content), ec.ECDSA(hashes.SHA256()))
    return canonical_json({**content, "signature": base64.b64encode(signature).decode()})


def read_digest(data: bytes, public_pems: Mapping[str, str]) -> Digest:
    """The digest, once its signature by one of the known keys (PEM by id) was found good.

    Raises DigestInvalid otherwise. The key inside the digest is for readers without this database;
    here only known keys count, or anyone could sign.
    """
    try:
        content = json.loads(data)
        if canonical_json(content) != data:  # white space or a repeated member would go unseen
            raise DigestInvalid("digest.txt isn't in the canonical form in which it was signed.")
        signature = base64.b64decode(content.pop("signature"), validate=True)
        if content["format"] != _FORMAT or content["signatureAlgorithm"] != ALGORITHM:
            raise DigestInvalid("digest.txt is in a form that this service doesn't write.")
        key_id = content["signatureKeyId"]
        digest = Digest(content["reportId"], content["files"], key_id, content["signatureDateTime"])
    except (ValueError, KeyError, TypeError, AttributeError, binascii.Error) as error:
        raise DigestInvalid("digest.txt isn't readable.") from error
    if key_id not in public_pems:
        raise DigestInvalid(f"digest.txt is signed with a key that isn't this service's: {key_id}.")
    public = serialization.load_pem_public_key(public_pems[key_id].encode())
    if not isinstance(public, ec.EllipticCurvePublicKey):
        raise TypeError(f"the signing key {key_id} isn't an elliptic curve key")
    try:
        public.verify(signature, canonical_json(content), ec.ECDSA(hashes.SHA256()))
    except InvalidSignature as error:
        raise DigestInvalid("The signature of digest.txt doesn't fit its content.") from error
    return digest
