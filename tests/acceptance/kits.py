"""What each source brings to the acceptance suite: how to give it much, one thing, or nothing.

A new source needs one :class:`Kit` here; every test of this folder then holds for it, too.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path
from typing import Any

from include.clock import from_epoch, iso
from include.evidence.item import Evidence
from include.sources.manual_intake import take_in
from include.sources.manual_records import HandIn
from tests.local_stack import LocalAws

#: How many copies make several full pages of every listing.
MANY = 230
BUCKET = "audit-evidence"
_GROUP = "AWS::EC2::SecurityGroup"

Edit = Callable[[sqlite3.Connection, str], None]


@dataclass(frozen=True)
class Kit:
    """``much``, ``one`` and ``nothing`` edit one account of an estate before it is served.

    ``listing`` is the (service, operation) that lists the source's items. ``seen`` gives the
    identities that a complete collection of the account's last month must contain, all of them.
    """

    listing: tuple[str, str]
    much: Edit
    one: Edit
    nothing: Edit
    seen: Callable[[sqlite3.Connection, str], set[str]]
    #: Which items are of the kind that ``seen`` tells; others come besides.
    counts: Callable[[Evidence], bool] = lambda item: True
    #: What names one thing in ``seen``: the resource, unless several items are about one.
    identity: Callable[[Evidence], str] = lambda item: item.resource
    #: For how many days the source remembers; None: for years, or as long as our files are kept.
    remembers: int | None = None
    #: (operation, member) whose words the source reads, and one with free text; for answers with
    #: an unknown word, and with one as long as AWS lets them be.
    word: tuple[str, str] | None = None
    text: tuple[str, str] | None = None
    #: How few things the account with much may have: people hand in less than machines find.
    many: int = MANY
    #: What has to be handed in when the server is up (files in a bucket).
    serve: Callable[[LocalAws], None] = lambda aws: None
    #: Settings under which the source sees what is meant for one account.
    environment: Callable[[LocalAws, str], dict[str, str]] = lambda aws, account: {}


def clone(connection: sqlite3.Connection, arn: str, copies: int) -> None:
    """Add copies of a resource with all that is recorded of it; ids get a number behind."""
    (id_,) = connection.execute(
        "SELECT resource_id FROM resources WHERE arn = ?", (arn,)
    ).fetchone()
    tables = {
        "resources": ("arn", "resource_id", "resource_name"),
        "facts": ("arn",),
        "recordings": ("arn",),
    }
    for table, named in tables.items():
        columns = [row[1] for row in connection.execute(f"PRAGMA table_info({table})")]
        rows = connection.execute(
            f"SELECT {', '.join(columns)} FROM {table} WHERE arn = ?", (arn,)
        ).fetchall()
        for number in range(copies):
            mark = f"{number:05x}"
            for row in rows:
                values = dict(zip(columns, row, strict=True))
                for name in named:
                    values[name] = _marked(values[name], id_, mark)
                connection.execute(
                    f"INSERT INTO {table} ({', '.join(columns)})"
                    f" VALUES ({', '.join('?' * len(columns))})",
                    list(values.values()),
                )


def _marked(value: str, id_: str, mark: str) -> str:
    """An id of the same form and length, where the original one stood."""
    return value.replace(id_, id_[: -len(mark)] + mark) if id_ in value else value + mark


def _recorded_resource(connection: sqlite3.Connection, account: str) -> str:
    """A security group that both services have judged and that is still there."""
    (arn,) = connection.execute(
        "SELECT r.arn FROM resources r WHERE r.account = ? AND r.type = ? AND r.deleted IS NULL"
        " AND EXISTS (SELECT 1 FROM recordings c WHERE c.arn = r.arn AND c.source = 'aws_config')"
        " AND EXISTS (SELECT 1 FROM recordings h WHERE h.arn = r.arn AND h.source = 'security_hub')"
        " ORDER BY r.arn LIMIT 1",
        (account, _GROUP),
    ).fetchone()
    return str(arn)


def _groups(copies: int) -> Edit:
    def edit(connection: sqlite3.Connection, account: str) -> None:
        # Done once, whichever of the sources that need it comes first.
        done = connection.execute(
            "SELECT COUNT(*) FROM resources WHERE account = ? AND type = ?", (account, _GROUP)
        ).fetchone()[0]
        if done < copies:
            clone(connection, _recorded_resource(connection, account), copies)

    return edit


def _judged(source: str, many: int) -> Kit:
    """A source that judges resources: its recordings are what it knows."""

    def nothing(connection: sqlite3.Connection, account: str) -> None:
        connection.execute(
            "DELETE FROM recordings WHERE source = ? AND account = ?", (source, account)
        )

    def one(connection: sqlite3.Connection, account: str) -> None:
        arn = _recorded_resource(connection, account)
        (check,) = connection.execute(
            "SELECT MIN(check_id) FROM recordings WHERE source = ? AND arn = ?",
            (source, arn),
        ).fetchone()
        connection.execute(
            "DELETE FROM recordings WHERE source = ? AND account = ?"
            " AND NOT (arn = ? AND check_id = ?)",
            (source, account, arn, check),
        )

    def seen(connection: sqlite3.Connection, account: str) -> set[str]:
        rows = connection.execute(
            "SELECT DISTINCT r.arn FROM resources r JOIN recordings c ON c.arn = r.arn"
            " WHERE c.source = ? AND r.account = ? AND r.type = ? AND r.deleted IS NULL",
            (source, account, _GROUP),
        )
        return {row[0] for row in rows}

    words: dict[str, Any] = {
        "aws_config": {
            "word": ("SelectResourceConfig", "complianceType"),
            "text": ("GetComplianceDetailsByConfigRule", "Annotation"),
        },
        "security_hub": {"word": ("GetFindings", "Status"), "text": ("GetFindings", "Title")},
    }[source]
    listing = {
        "aws_config": ("config", "SelectResourceConfig"),
        "security_hub": ("securityhub", "GetFindings"),
    }[source]
    return Kit(
        listing,
        _groups(many),
        one,
        nothing,
        seen,
        counts=lambda item: item.resource_type == _GROUP,
        remembers=90 if source == "security_hub" else None,
        **words,
    )


def _vulnerability(connection: sqlite3.Connection, account: str, copies: int) -> None:
    """An open finding about an instance of the account, and copies of it."""
    (instance, region) = connection.execute(
        "SELECT arn, region FROM resources WHERE account = ? AND type = 'AWS::EC2::Instance'"
        " AND deleted IS NULL ORDER BY arn LIMIT 1",
        (account,),
    ).fetchone()
    start = connection.execute("SELECT value FROM meta WHERE key = 'history_start'").fetchone()[0]
    for number in range(copies):
        connection.execute(
            "INSERT INTO vulnerabilities VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                f"arn:aws:inspector2:{region}:{account}:finding/{number:032x}",
                *(account, region, instance, "AWS::EC2::Instance"),
                *(f"CVE-2026-{number:05}", "HIGH", 7.5, "A hole in a library", 1),
                *(int(start) + 86_400, int(start) + 172_800, None),
            ),
        )


def _inspector(copies: int) -> Edit:
    def edit(connection: sqlite3.Connection, account: str) -> None:
        connection.execute("DELETE FROM vulnerabilities WHERE account = ?", (account,))
        _vulnerability(connection, account, copies)

    return edit


def _seen_vulnerabilities(connection: sqlite3.Connection, account: str) -> set[str]:
    rows = connection.execute("SELECT arn FROM vulnerabilities WHERE account = ?", (account,))
    return {row[0] for row in rows}


#: An event that a check of the catalogue asks for.
_EVENT = "DeleteRoute"


def _event(connection: sqlite3.Connection, account: str, copies: int) -> None:
    """Copies of one event in the last month of history; none but these of its name."""
    columns = [row[1] for row in connection.execute("PRAGMA table_info(events)")]
    (clock,) = connection.execute("SELECT value FROM meta WHERE key = 'clock'").fetchone()
    row = connection.execute(
        f"SELECT {', '.join(columns)} FROM events WHERE name = ? LIMIT 1", (_EVENT,)
    ).fetchone()
    model = dict(zip(columns, row, strict=True))
    connection.execute("DELETE FROM events WHERE account = ? AND name = ?", (account, _EVENT))
    for number in range(copies):
        id_ = f"00000000-0000-4000-8000-{number:012x}"
        at = int(clock) - 20 * 86_400 + number * 60
        values = {
            **model,
            "event_id": f"{id_[:24]}{account[:4]}{id_[28:]}",
            "account": account,
            "at_t": at,
        }
        values["payload"] = (
            str(model["payload"])
            .replace(model["event_id"], values["event_id"])
            .replace(model["account"], account)
            .replace(iso(from_epoch(model["at_t"])), iso(from_epoch(at)))
        )
        connection.execute(
            f"INSERT INTO events ({', '.join(columns)}) VALUES ({', '.join('?' * len(columns))})",
            list(values.values()),
        )


def _events(copies: int) -> Edit:
    return lambda connection, account: _event(connection, account, copies)


def _seen_events(connection: sqlite3.Connection, account: str) -> set[str]:
    rows = connection.execute(
        "SELECT event_id FROM events WHERE account = ? AND name = ?", (account, _EVENT)
    )
    return {row[0] for row in rows}


def _groups_but(keep: int) -> Edit:
    """Leave ``keep`` security groups: the one that the judging sources know, if any."""

    def edit(connection: sqlite3.Connection, account: str) -> None:
        kept = _recorded_resource(connection, account) if keep else ""
        connection.execute(
            "DELETE FROM resources WHERE account = ? AND type = ? AND arn != ?",
            (account, _GROUP, kept),
        )

    return edit


def _seen_groups(connection: sqlite3.Connection, account: str) -> set[str]:
    rows = connection.execute(
        "SELECT arn FROM resources WHERE account = ? AND type = ? AND deleted IS NULL",
        (account, _GROUP),
    )
    return {row[0] for row in rows}


def _licences(copies: int) -> Edit:
    """So many instances use the account's first configuration; nothing else uses any."""

    def edit(connection: sqlite3.Connection, account: str) -> None:
        own = "SELECT arn FROM licenses WHERE account = ?"
        connection.execute(f"DELETE FROM license_uses WHERE configuration IN ({own})", (account,))
        connection.execute("DELETE FROM licenses WHERE account = ?", (account,))
        connection.execute("DELETE FROM license_places WHERE account = ?", (account,))
        (start,) = connection.execute(
            "SELECT value FROM meta WHERE key = 'history_start'"
        ).fetchone()
        (region,) = connection.execute("SELECT name FROM regions WHERE position = 0").fetchone()
        (model, body) = connection.execute("SELECT arn, body FROM licenses LIMIT 1").fetchone()
        other = model.split(":")[4]
        arn = model.replace(other, account)
        since = int(start) + 86_400
        connection.execute("INSERT INTO license_places VALUES (?, ?, ?)", (account, region, start))
        connection.execute(
            "INSERT INTO licenses VALUES (?, ?, ?, 'servers', ?, ?, NULL)",
            (arn, account, region, body.replace(other, account), since),
        )
        for number in range(copies):
            instance = f"arn:aws:ec2:{region}:{account}:instance/i-{number:017x}"
            connection.execute(
                "INSERT INTO license_uses VALUES (?, ?, 'EC2_INSTANCE', 2, ?, NULL)",
                (arn, instance, since),
            )

    return edit


def _seen_uses(connection: sqlite3.Connection, account: str) -> set[str]:
    rows = connection.execute(
        "SELECT resource FROM license_uses WHERE configuration IN"
        " (SELECT arn FROM licenses WHERE account = ?)",
        (account,),
    )
    return {row[0] for row in rows}


#: What a script of the acceptance suite says it looked at.
_DROPPED = "backup-restored"


def _leave(connection: sqlite3.Connection, account: str) -> None:
    """The estate needs no edit: the source's evidence is handed in to the running server."""


def _dropped(account: str, number: int) -> str:
    return f"arn:aws:s3:::backups-{account}-{number}"


def _hand_in_records(aws: LocalAws, copies: int) -> None:
    s3 = aws.client("s3")
    for account, many in ((aws.accounts[1], copies), (aws.accounts[3], 1)):
        lines = [
            json.dumps(
                {
                    "keyword": _DROPPED,
                    "resource": _dropped(account, number),
                    "resource_type": "AWS::S3::Bucket",
                    "result": "PASS" if number % 3 else "FAIL",
                    "observed_at": f"{aws.last_month}-20T12:00:00Z",
                }
            )
            for number in range(many)
        ]
        s3.put_object(
            Bucket=BUCKET,
            Key=f"custom/{account}/{aws.regions[0]}/backups.jsonl",
            Body="\n".join(lines).encode(),
        )


def _seen_records(connection: sqlite3.Connection, account: str, copies: int) -> set[str]:
    return {_dropped(account, number) for number in range(_handed_in(connection, account, copies))}


def _shelf(aws: LocalAws, account: str) -> dict[str, str]:
    """Manual evidence belongs to no account: each account of the suite has a prefix for it."""
    return {"AUDIT_MANUAL_EVIDENCE_PREFIX": f"manual-{account}/"}


def _paper(account: str, number: int) -> HandIn:
    content = f"Minutes {number} of {account}\n".encode()
    return HandIn(
        file=f"minutes-{number}.txt",
        control=f"{number % 9 + 1}.1",
        title=f"Minutes {number}",
        description="Who was there and what was decided.",
        effective=date(2026, 1, 15),
        expires=date(2030, 12, 31),
        provided_by="secretary@example.org",
        sha256=hashlib.sha256(content).hexdigest(),
        provided_at=datetime(2026, 1, 16, 9, tzinfo=UTC),
    )


def _hand_in_papers(aws: LocalAws) -> None:
    with tempfile.TemporaryDirectory() as folder:
        for account, many in ((aws.accounts[1], _PAPERS), (aws.accounts[3], 1)):
            prefix = _shelf(aws, account)["AUDIT_MANUAL_EVIDENCE_PREFIX"]
            for number in range(many):
                paper = _paper(account, number)
                path = Path(folder, paper.file)
                path.write_bytes(f"Minutes {number} of {account}\n".encode())
                take_in(aws.client("s3"), BUCKET, prefix, path, paper)


#: Each is two objects that are read one by one.
_PAPERS = 30


def _seen_papers(connection: sqlite3.Connection, account: str) -> set[str]:
    many = _handed_in(connection, account, _PAPERS)
    return {_paper(account, number).sha256 for number in range(many)}


def _handed_in(connection: sqlite3.Connection, account: str, copies: int) -> int:
    accounts = [row[0] for row in connection.execute("SELECT id FROM accounts ORDER BY rowid")]
    return {1: copies, 3: 1}.get(accounts.index(account), 0)


def kits(many: int = MANY) -> Mapping[str, Kit]:
    """Every source's kit; ``many`` is how many things the account with much has."""
    return {
        "aws_config": _judged("aws_config", many),
        "security_hub": _judged("security_hub", many),
        "inspector": Kit(
            ("inspector2", "ListFindings"),
            _inspector(many),
            _inspector(1),
            _inspector(0),
            _seen_vulnerabilities,
            counts=lambda item: item.keyword == "inspector2_ListFindings",
            identity=lambda item: str(item.attributes["id"]),
            remembers=30,
            word=("ListFindings", "severity"),
            text=("ListFindings", "title"),
        ),
        "cloudtrail": Kit(
            ("cloudtrail", "LookupEvents"),
            _events(many),
            _events(1),
            _events(0),
            _seen_events,
            counts=lambda item: item.keyword == _EVENT,
            identity=lambda item: str(item.attributes["id"]),
            word=("LookupEvents", "eventType"),
            text=("LookupEvents", "userAgent"),
        ),
        "license_manager": Kit(
            ("license-manager", "ListUsageForLicenseConfiguration"),
            _licences(many),
            _licences(1),
            _licences(0),
            _seen_uses,
            counts=lambda item: item.keyword == "licensemanager_ListUsageForLicenseConfiguration",
            remembers=90,
            word=("ListUsageForLicenseConfiguration", "ResourceType"),
            text=("ListLicenseConfigurations", "Description"),
        ),
        "api_calls": Kit(
            ("ec2", "DescribeSecurityGroups"),
            _groups(many),
            _groups_but(1),
            _groups_but(0),
            _seen_groups,
            counts=lambda item: item.keyword == "ec2_DescribeSecurityGroups",
            word=("DescribeSecurityGroups", "ipProtocol"),
            text=("DescribeSecurityGroups", "groupDescription"),
        ),
        "custom": Kit(
            ("ssm", "ListResourceComplianceSummaries"),
            _leave,
            _leave,
            _leave,
            partial(_seen_records, copies=many),
            counts=lambda item: item.keyword == _DROPPED,
            word=("ListResourceComplianceSummaries", "Status"),
            text=("ListComplianceItems", "Title"),
            serve=partial(_hand_in_records, copies=many),
        ),
        "manual": Kit(
            ("s3", "ListObjectsV2"),
            _leave,
            _leave,
            _leave,
            _seen_papers,
            identity=lambda item: str(item.attributes["sha256"]),
            many=_PAPERS,
            serve=_hand_in_papers,
            environment=_shelf,
        ),
    }


KITS = kits()
