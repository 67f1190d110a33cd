"""IAM users' passwords and access keys: made, used, renewed and forgotten over time.

The plan of a user is a set of credentials with the times of their use. Its violations are read off
that plan, credential by credential; the facts are what the credential report would show.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from itertools import pairwise

from include.local_aws.estate.names import principal_id
from include.local_aws.estate.parameters import DAY, Parameters, moment
from include.local_aws.estate.plan import Act, Planned, Span, clipped, union
from include.local_aws.estate.unfold import add_property

#: Days after which a key is too old, and a credential counts as unused. A check fails from the
#: first second in which the age is *more* than that.
KEY_DAYS, UNUSED_DAYS = 90, 45
_LATE_ROTATION, _TWO_KEYS, _FORGOTTEN = 0.10, 0.10, 0.12


@dataclass
class Key:
    """One access key. ``off``: when it was made inactive; ``removed``: when it was deleted."""

    id: str
    created: int
    off: int | None = None
    removed: int | None = None
    uses: list[int] = field(default_factory=list)

    @property
    def active(self) -> Span:
        """When it can be used."""
        return self.created, self.off

    def shown(self, at: int) -> dict[str, object] | None:
        """The key as IAM lists it at ``at``, or None."""
        if at < self.created or (self.removed is not None and self.removed <= at):
            return None
        used = [use for use in self.uses if use <= at]
        return {
            "AccessKeyId": self.id,
            "Status": "Inactive" if self.off is not None and self.off <= at else "Active",
            "CreateDate": self.created,
            "LastUsed": used[-1] if used else None,
        }


def plan_credentials(given: Parameters, user: Planned, *, lasting: frozenset[str]) -> None:
    """Add credentials to a user: facts, the violations they mean, and who did it.

    ``lasting`` names the checks that may still be violated when the last period ends.
    """
    rng = given.rng("credentials", user.resource.arn)
    end = user.resource.deleted or given.now
    person = user.kind == "User/person"
    forgotten = _silence(rng, given, user, "unused-credentials" in lasting)
    logins = _uses(rng, user.resource.created, end, forgotten) if person else []
    keys = []
    if not person or rng.random() < 0.35:
        keys = _keys(rng, given, user, end, lasting)
        for key in keys:
            key.uses = _uses(rng, key.created, min(key.off or end, end), forgotten)
    _write_facts(user, keys, logins)
    _write_violations(given, user, keys, logins if person else None)
    _write_acts(given, user, keys)
    _write_logins(given, user, logins)


def _uses(rng: random.Random, start: int, end: int, silence: Span | None) -> list[int]:
    """Every few weeks a use, none within ``silence``; soon after the start the first."""
    uses: list[int] = []
    at = start + rng.randint(DAY // 24, 6 * DAY)
    while at < end:
        if silence is not None and silence[0] <= at < (silence[1] or end):
            if silence[1] is None:
                break
            at = silence[1]
            continue
        uses.append(at)
        at += rng.randint(12 * DAY, 36 * DAY)
    return uses


def _silence(rng: random.Random, given: Parameters, user: Planned, lasting: bool) -> Span | None:
    """The time in which a forgotten user's credentials lie idle."""
    if rng.random() >= _FORGOTTEN:
        return None
    start, last = given.history_start, given.boundaries[-1]
    begin = moment(rng, max(user.resource.created, start - 40 * DAY), last - 20 * DAY)
    if begin is None:
        return None
    if lasting and rng.random() < 0.6:
        return begin, None
    back = moment(rng, begin + (UNUSED_DAYS + 3) * DAY, last - DAY)
    # Without time to come back before the last period's end, it stays short of the limit.
    return (begin, back) if back is not None else None


def _keys(
    rng: random.Random, given: Parameters, user: Planned, end: int, lasting: frozenset[str]
) -> list[Key]:
    """A chain of keys, each replaced in time, or late, or with both active for some days."""
    calm = given.boundaries[-1] - 2 * DAY
    keys = [Key(principal_id(rng, "AKIA"), user.resource.created)]
    while True:
        key = keys[-1]
        days = rng.randint(55, 84)
        late = rng.random() < _LATE_ROTATION
        if late:
            days = rng.randint(95, 130)
        target = key.created + days * DAY
        if late and "access-keys-rotated" not in lasting and target >= calm:
            target = key.created + 80 * DAY
        changed = moment(rng, target, target + 2 * DAY)
        if changed is None or changed >= end - 3 * DAY:
            return keys
        off: int | None = changed
        if rng.random() < _TWO_KEYS:
            limit = min(changed + 20 * DAY, end - DAY)
            if "one-active-access-key" not in lasting and limit > calm > changed:
                limit = calm
            off = moment(rng, changed + DAY, limit) or changed
        key.off = off
        key.removed = moment(rng, off + DAY, min(off + 20 * DAY, end)) if off else None
        keys.append(Key(principal_id(rng, "AKIA"), changed))


def _write_facts(user: Planned, keys: list[Key], logins: list[int]) -> None:
    born = user.resource.created
    turns = {born}
    for key in keys:
        turns |= {key.created, *key.uses}
        turns |= {at for at in (key.off, key.removed) if at is not None}
    add_property(user, "AccessKeys", turns, lambda at: [k for key in keys if (k := key.shown(at))])
    add_property(
        user,
        "PasswordLastUsed",
        {born, *logins},
        lambda at: max((use for use in logins if use <= at), default=None),
    )


def _write_violations(
    given: Parameters, user: Planned, keys: list[Key], logins: list[int] | None
) -> None:
    late, idle, double = [], [], []
    for key in keys:
        late.append((key.created + KEY_DAYS * DAY + 1, key.off))
        idle += _idle(key.created, key.off, key.uses)
    if logins is not None:
        idle += _idle(user.resource.created, None, logins)
    for older, newer in pairwise(keys):
        double.append((newer.created, older.off))
    for check, spans in (
        ("access-keys-rotated", late),
        ("unused-credentials", idle),
        ("one-active-access-key", double),
    ):
        for start, end in union(clipped(spans, user.resource.deleted)):
            if start <= given.now:
                user.violations.append((check, start, end))


def _idle(start: int, end: int | None, uses: list[int]) -> list[Span]:
    """When a credential was active but not used for longer than allowed."""
    points = [start, *uses]
    limit = UNUSED_DAYS * DAY + 1
    return clipped([(a + limit, b) for a, b in zip(points, [*points[1:], None], strict=True)], end)


def _write_acts(given: Parameters, user: Planned, keys: list[Key]) -> None:
    for key in keys:
        for at, name, extra in (
            (key.created, "CreateAccessKey", {}),
            (key.off, "UpdateAccessKey", {"status": "Inactive"}),
            (key.removed, "DeleteAccessKey", {}),
        ):
            if at is not None and at >= given.history_start:
                request = {"userName": "{name}", "accessKeyId": key.id, **extra}
                user.acts.append((at, Act(name, "iam.amazonaws.com", request)))


def _write_logins(given: Parameters, user: Planned, logins: list[int]) -> None:
    """A sign-in for each use of the password, with MFA where the user has it at that time."""
    mfa = [(start, end, value) for name, value, start, end in user.facts if name == "Mfa"]
    for at in logins:
        if at < given.history_start:
            continue
        has = any(value and a <= at and (b is None or at < b) for a, b, value in mfa)
        user.acts.append((at, sign_in("Yes" if has else "No")))


def sign_in(mfa: str, *, success: bool = True) -> Act:
    """A console sign-in as CloudTrail shows it; ``mfa`` is Yes or No."""
    extra = {
        "eventType": "AwsConsoleSignIn",
        "additionalEventData": {"LoginTo": "https://console.aws.amazon.com/", "MFAUsed": mfa},
        "responseElements": {"ConsoleLogin": "Success" if success else "Failure"},
    }
    if not success:
        extra["errorMessage"] = "Failed authentication"
    return Act("ConsoleLogin", "signin.amazonaws.com", {}, "itself", extra)
