"""Objects that AWS delivers are there as if they had been put, without having been."""

from __future__ import annotations

import gzip
import hashlib
import threading
from collections.abc import Iterable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import boto3
import pytest
from cheroot import wsgi

from include.local_aws.clock import EstateClock
from include.local_aws.credentials import Credentials
from include.local_aws.delivered import Body, Deliveries, Delivery, Object
from include.local_aws.front import Front
from include.local_aws.journal import Journal
from include.local_aws.moto_services import MotoServices
from tests.include.local_aws.refused import refused

OWNER, MEMBER, STRANGER = "111111111111", "222222222222", "333333333333"
BUCKET = "logs-of-111111111111"
START = 1_790_000_000


class Hourly(Delivery):
    """One object an hour for each of two accounts, for a hundred hours."""

    def bucket(self, account: str) -> str:
        return BUCKET if account == OWNER else ""

    def keys(self, account: str, prefix: str, now: int) -> Iterable[Object]:
        for owner in (OWNER, MEMBER):
            for hour in range(100):
                key = f"logs/{owner}/{hour:03d}.json.gz"
                at = START + hour * 3600
                if key.startswith(prefix) and at <= now:
                    yield Object(key, len(self.body(key).data), at)

    def body(self, key: str) -> Body:
        data = gzip.compress(key.encode() * 10, mtime=0)
        return Body(data, {"x-amz-meta-signature": key[-11:-8], "Content-Encoding": "gzip"})

    def may_read(self, caller: str, key: str) -> bool:
        return caller == MEMBER and key.startswith(f"logs/{MEMBER}/")


class Server:
    def __init__(self, state: Path, now: int) -> None:
        self._journal = Journal(state / "journal.sqlite")
        accounts = [OWNER, MEMBER, STRANGER]
        deliveries = Deliveries([Hourly()], accounts, region="eu-west-1", clock=lambda: now)
        front = Front(
            clock=EstateClock(datetime.fromtimestamp(now, UTC)),
            moto=MotoServices(self._journal, deliveries.seed),
            credentials=Credentials(self._journal, accounts),
            overlays={},
            deliveries=deliveries,
        )
        self._server = wsgi.Server(("127.0.0.1", 0), front, numthreads=4)
        self._server.shutdown_timeout = 1
        self._server.prepare()
        self.url = f"http://127.0.0.1:{self._server.bind_addr[1]}"
        threading.Thread(target=self._server.serve, daemon=True).start()

    def s3(self, account: str = OWNER) -> Any:
        return boto3.client(
            "s3",
            endpoint_url=self.url,
            region_name="eu-west-1",
            aws_access_key_id=account,
            aws_secret_access_key="any",
        )

    def close(self) -> None:
        self._server.stop()
        self._journal.close()


@pytest.fixture(scope="module")
def state(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("state")


@pytest.fixture
def server(state: Path) -> Iterator[Server]:
    with closing(Server(state, START + 49 * 3600)) as running:
        yield running


def keys(s3: Any, **asked: Any) -> list[str]:
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=BUCKET, **asked)
    return [one["Key"] for page in pages for one in page.get("Contents", ())]


def key(hour: int, owner: str = OWNER) -> str:
    return f"logs/{owner}/{hour:03d}.json.gz"


def test_delivered_objects_are_listed_by_prefix_delimiter_and_page(server: Server) -> None:
    s3 = server.s3()
    mine = [key(hour) for hour in range(50)]
    assert keys(s3, Prefix=f"logs/{OWNER}/", PaginationConfig={"PageSize": 7}) == mine
    assert keys(s3) == mine + [key(hour, MEMBER) for hour in range(50)]
    assert keys(s3, Prefix=f"logs/{OWNER}/", StartAfter=key(47)) == [key(48), key(49)]
    folders = s3.list_objects_v2(Bucket=BUCKET, Prefix="logs/", Delimiter="/")
    assert [one["Prefix"] for one in folders["CommonPrefixes"]] == [
        f"logs/{OWNER}/",
        f"logs/{MEMBER}/",
    ]
    old = s3.list_objects(Bucket=BUCKET, Prefix=key(3)[:-10])["Contents"]
    assert [one["Key"] for one in old][:2] == [key(0), key(1)]


def test_a_delivered_object_reads_like_any_other(server: Server) -> None:
    s3 = server.s3()
    listed = s3.list_objects_v2(Bucket=BUCKET, Prefix=key(7))["Contents"][0]
    got = s3.get_object(Bucket=BUCKET, Key=key(7))
    body = got["Body"].read()
    assert gzip.decompress(body) == key(7).encode() * 10
    assert listed["Size"] == len(body) == got["ContentLength"]
    assert listed["ETag"] == got["ETag"] == f'"{hashlib.md5(body).hexdigest()}"'
    assert got["LastModified"] == listed["LastModified"]
    assert got["LastModified"] == datetime.fromtimestamp(START + 7 * 3600, UTC)
    assert (got["Metadata"], got["ContentEncoding"]) == ({"signature": "007"}, "gzip")
    head = s3.head_object(Bucket=BUCKET, Key=key(7))
    assert (head["ContentLength"], head["Metadata"]) == (len(body), {"signature": "007"})
    part = s3.get_object(Bucket=BUCKET, Key=key(7), Range="bytes=2-5")
    assert part["Body"].read() == body[2:6]
    asked = {"Bucket": BUCKET, "Key": key(7), "IfMatch": '"other"'}
    assert refused(s3.get_object, **asked)[0] == "PreconditionFailed"


def test_nothing_is_there_before_it_is_delivered(server: Server) -> None:
    assert refused(server.s3().get_object, Bucket=BUCKET, Key=key(50))[0] == "NoSuchKey"
    assert refused(server.s3().get_object, Bucket=BUCKET, Key="logs/x")[0] == "NoSuchKey"


def test_the_bucket_of_deliveries_is_not_empty(server: Server) -> None:
    assert refused(server.s3().delete_bucket, Bucket=BUCKET)[0] == "BucketNotEmpty"


def test_others_read_only_what_the_bucket_shares_with_them(server: Server) -> None:
    member, stranger = server.s3(MEMBER), server.s3(STRANGER)
    assert len(keys(member, Prefix=f"logs/{MEMBER}/")) == 50
    assert member.get_object(Bucket=BUCKET, Key=key(1, MEMBER))["ContentLength"]
    for s3, owner in ((member, OWNER), (stranger, MEMBER)):
        assert refused(s3.get_object, Bucket=BUCKET, Key=key(1, owner))[0] == "AccessDenied"
        asked = {"Bucket": BUCKET, "Prefix": f"logs/{owner}/"}
        assert refused(s3.list_objects_v2, **asked)[0] == "AccessDenied"


def test_what_was_put_or_deleted_stays_so_after_a_restart(state: Path) -> None:
    now = START + 49 * 3600
    with closing(Server(state, now)) as server:
        s3 = server.s3()
        s3.put_object(Bucket=BUCKET, Key=key(1), Body=b"forged")
        s3.delete_object(Bucket=BUCKET, Key=key(2))
        s3.put_object(Bucket=BUCKET, Key=key(3), Body=b"forged")
        s3.delete_objects(Bucket=BUCKET, Delete={"Objects": [{"Key": key(3)}]})
        s3.copy_object(Bucket=BUCKET, Key="copy", CopySource={"Bucket": BUCKET, "Key": key(4)})
    for _ in range(2):
        with closing(Server(state, now)) as server:
            s3 = server.s3()
            assert s3.get_object(Bucket=BUCKET, Key=key(1))["Body"].read() == b"forged"
            assert refused(s3.get_object, Bucket=BUCKET, Key=key(2))[0] == "NoSuchKey"
            assert refused(s3.get_object, Bucket=BUCKET, Key=key(3))[0] == "NoSuchKey"
            here = keys(s3, Prefix=f"logs/{OWNER}/")
            assert here == [key(hour) for hour in range(50) if hour not in (2, 3)]
            copied = s3.get_object(Bucket=BUCKET, Key="copy")["Body"].read()
            assert gzip.decompress(copied) == key(4).encode() * 10
