"""A chain of digests proves what is there, and tells what was altered, taken away or put beside."""

from __future__ import annotations

import base64
import gzip
import hashlib
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from include.local_aws.services.cloudtrail.digests import Chain as Made
from include.local_aws.services.cloudtrail.digests import LogFile
from include.local_aws.services.cloudtrail.signing import fingerprint, public_der
from include.local_aws.services.cloudtrail.trail import Trail
from include.sources.trail_digests import Chain, DigestFile, stamp_of, verify

ACCOUNT, REGION, BUCKET = "111111111111", "eu-west-1", "trail-logs"
START = datetime(2026, 5, 1, tzinfo=UTC)
ZERO = int(START.timestamp())
PATH = f"AWSLogs/{ACCOUNT}/CloudTrail-Digest/{REGION}/"
KEYS = {fingerprint(7, REGION): public_der(7, REGION)}
END = START + timedelta(hours=14)


def log(start: int) -> LogFile:
    """One log file every hour."""
    key = f"AWSLogs/{ACCOUNT}/CloudTrail/{REGION}/2026/05/01/log-{start}.json.gz"
    sha256 = hashlib.sha256(key.encode()).hexdigest()
    return LogFile(key, b"", start + 60, sha256, "2026-05-01T00:00:00Z", "2026-05-01T00:00:00Z")


def made(off: tuple[int, int] | None = None) -> list[DigestFile]:
    """Twelve hours of digests; ``off`` are hours in which validation was off."""
    on = [(0, None, True)]
    if off:
        first, last = (ZERO + hour * 3600 for hour in off)
        on = [(0, first, True), (first, last, False), (last, None, True)]  # type: ignore[list-item]
    trail = Trail(
        arn=f"arn:aws:cloudtrail:{REGION}:{ACCOUNT}:trail/main",
        name="main",
        account=ACCOUNT,
        home=REGION,
        created=0,
        deleted=None,
        properties={"S3BucketName": [(0, None, BUCKET)], "LogFileValidationEnabled": on},
    )

    def files(start: int, end: int) -> Iterable[LogFile]:
        return [log(start)]

    chain = Made(
        seed=7, trail=trail, account=ACCOUNT, region=REGION, path=PATH, since=ZERO, files=files
    )
    digests = list(chain.until(ZERO + 14 * 3600))
    return [DigestFile(BUCKET, one.key, one.data, one.signature) for one in digests][:12]


def check(files: Iterable[DigestFile], until: datetime = END) -> Chain:
    return verify(files, KEYS, START, until)


def reasons(chain: Chain) -> list[str]:
    return [verdict for verdict in chain.verdicts.values() if verdict != "valid"]


def test_an_untouched_chain_vouches_for_its_time_and_all_its_files() -> None:
    files = made()
    chain = check(files)
    assert (chain.valid, reasons(chain), chain.missing, chain.gaps) == (12, [], [], [])
    assert len(chain.logs) == 12
    assert all(a[1] == b[0] for a, b in zip(chain.spans, chain.spans[1:], strict=False))


def test_digests_of_before_the_span_may_be_absent_but_none_within() -> None:
    files = made()
    later = stamp_of(files[2].key)
    assert later is not None
    assert verify(files[3:], KEYS, later, END).missing == []
    assert check(files[3:]).missing == [(files[2].key, files[3].key)]
    assert check(files[:5] + files[6:]).missing == [(files[5].key, files[6].key)]


def test_a_digest_after_the_span_tells_that_the_last_ones_were_taken_away() -> None:
    files = made()
    until = stamp_of(files[8].key)
    assert until is not None
    whole = check(files[:10], until)
    assert (whole.valid, whole.missing, len(whole.logs)) == (9, [], 9)
    assert check([*files[:6], files[9]], until).missing == [(files[8].key, files[9].key)]


def altered(file: DigestFile) -> DigestFile:
    plain = gzip.decompress(file.data).replace(b"log-", b"lag-")
    return replace(file, data=gzip.compress(plain))


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (altered, "signature verification failed"),
        (lambda file: replace(file, signature="00" * 256), "signature verification failed"),
        (lambda file: replace(file, signature="none"), "signature verification failed"),
        (lambda file: replace(file, bucket="elsewhere"), "has been moved"),
        (lambda file: replace(file, data=b"no gzip"), "invalid format"),
        (lambda file: replace(file, data=gzip.compress(b"{}")), "invalid format"),
        (lambda file: replace(file, data=file.data + b"x"), "unexpected data after end"),
    ],
)
def test_an_altered_digest_is_invalid_and_vouches_for_nothing(change: object, reason: str) -> None:
    files = made()
    whole = check(files)
    files[4] = change(files[4])  # type: ignore[operator]
    chain = check(files)
    assert chain.valid == 11
    assert reasons(chain)[0].startswith(reason)
    assert len(chain.logs) == len(whole.logs) - 1
    assert len(chain.spans) == 11


def test_without_the_regions_key_nothing_is_valid() -> None:
    chain = verify(made(), {}, START, END)
    assert chain.valid == 0
    assert all(reason.startswith("public key not found") for reason in reasons(chain))


def test_a_digest_that_the_next_one_does_not_follow_is_invalid() -> None:
    """One replayed from another chain has a good signature, but not the one that follows."""
    files = made()
    other = made(off=(2, 3))
    assert other[1].key == files[3].key  # the first one after the pause
    files[3] = other[1]
    chain = check(files)
    assert reasons(chain) == ["is not the one that the next digest follows"]
    assert len(chain.logs) == 11


def test_a_pause_of_validation_is_a_gap_and_nothing_is_missing() -> None:
    files = made(off=(3, 6))
    chain = check(files)
    assert (reasons(chain), chain.missing) == ([], [])
    [(start, end)] = chain.gaps
    assert timedelta(hours=3) <= end - start <= timedelta(hours=5)


def test_the_key_is_a_pkcs1_rsa_key_of_2048_bits_that_follows_from_the_seed() -> None:
    der = public_der(7, REGION)
    assert base64.b64encode(der).startswith(b"MIIBCgKCAQEA")
    assert der != public_der(8, REGION) and der != public_der(7, "us-east-1")
