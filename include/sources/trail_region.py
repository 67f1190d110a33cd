"""All events of one account and region in a span, from the event history and from log files."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from include.aws.errors import classify
from include.evidence.snapshot import SnapshotWriter
from include.sources.trail_digests import Span
from include.sources.trail_events import TrailEvent, look_up
from include.sources.trail_files import FilesRead, read_files
from include.sources.trail_places import TrailPlace, find_places, uncovered
from include.sources.trail_record import Record

if TYPE_CHECKING:
    from include.aws.sessions import ClientFactory

#: What is about to be forgotten may be gone when it is asked for.
_MARGIN = timedelta(hours=1)


@dataclass
class RegionEvents:
    """Reads one region. ``is_wanted`` says of a record whether it is asked for.

    ``with_reads``: calls of the root user that only read are asked for, too. ``reach`` is how
    long the event history remembers; after ``most_pages`` pages of it, the rest is read from log
    files if there are any. ``forgotten`` are the times of which not all is known, once the last
    event has been given.
    """

    out: SnapshotWriter
    clients: ClientFactory
    account: str
    region: str
    is_wanted: Callable[[Record], bool]
    with_reads: bool
    reach: timedelta
    most_pages: int
    forgotten: list[Span] = field(default_factory=list)

    def read(self, span: Span) -> Iterator[TrailEvent]:
        """The events in ``span`` (half-open), each once."""
        start, end = span
        now = self.out.now
        end = min(end, max(now, start))
        remembered = start
        if start < now - self.reach:
            remembered = min(now - self.reach + _MARGIN, end)
        until = remembered
        if remembered < end:
            until = yield from self._look_up((remembered, end), self.most_pages)
        if start >= until:
            return
        left = yield from self._from_files((start, until), can_fail=remembered > start)
        for part in left:
            # Beside what files can't prove, the history may still know it.
            if part[0] < remembered:
                self.forgotten.append((part[0], min(part[1], remembered)))
            if part[1] > remembered:
                yield from self._look_up((max(part[0], remembered), part[1]), None)

    def _look_up(self, span: Span, most_pages: int | None) -> Generator[TrailEvent, None, datetime]:
        """The event history, newest first; returns the time from which on it has been read.

        One sweep finds everything that changes something, one what the root user read: events
        are looked up at two requests a second, and by one attribute.
        """
        client = self.clients.client("cloudtrail", self.region)
        pages: set[str] = set()
        oldest = span[1]
        since = span[0]
        for event in look_up(self.out, client, *span, ReadOnly="false"):
            pages.add(event.page)
            if most_pages is not None and len(pages) > most_pages and event.at < oldest:
                since = oldest
                break
            oldest = event.at
            if self.is_wanted(event.head):
                yield event
        if self.with_reads:
            for event in look_up(self.out, client, since, span[1], Username="root"):
                # What the root user changed was in the first sweep.
                if event.head.is_read and self.is_wanted(event.head):
                    yield event
        return since

    def _from_files(self, span: Span, *, can_fail: bool) -> Generator[TrailEvent, None, list[Span]]:
        """Events from the files of the trails that let us; returns what they don't cover.

        When all trails' buckets refuse, the refusal is raised (with ``can_fail``) or noted.
        """
        out, now = self.out, self.out.now
        left, was_read = [span], False
        refusals: list[ClientError] = []
        places = find_places(out, self.clients, self.account, self.region, span, refusals)
        for place in places:
            still: list[Span] = []
            for number, part in enumerate(left):
                result = FilesRead()
                given = 0
                try:
                    for event in self._of_place(place, part, now, result):
                        given += 1
                        yield event
                except ClientError as error:
                    failure = classify(error, out.service)
                    gone = failure.code == "NoSuchBucket"
                    if given or not (gone or failure.status == "DENIED"):
                        raise
                    out.note(
                        f"The files of the trail {place.name} in the bucket {place.bucket} could "
                        f"not be read: {failure.missing_permission or failure.code}, "
                        f"{failure.message}"
                    )
                    refusals += [] if gone else [error]
                    still += left[number:]
                    break
                was_read = True
                for problem in result.problems:
                    out.stop_short(problem)
                still += uncovered(part, self._whole(place, result))
            left = still
            if not left:
                break
        if refusals and not was_read and can_fail:
            raise refusals[0]
        return left

    def _of_place(
        self, place: TrailPlace, span: Span, now: datetime, result: FilesRead
    ) -> Iterator[TrailEvent]:
        # In the role of the account whose events they are; a bucket of another account has to
        # let it in.
        s3 = self.clients.client("s3", place.home)
        cloudtrail = self.clients.client("cloudtrail", self.region)
        return read_files(self.out, cloudtrail, s3, place, span, now, self.is_wanted, result)

    def _whole(self, place: TrailPlace, result: FilesRead) -> list[Span]:
        """What a trail covers: nothing if it leaves out events that are asked for."""
        left_out = [what for what in place.left_out if what != "reads" or self.with_reads]
        if left_out:
            self.out.note(f"The trail {place.name} leaves out {' and '.join(left_out)}.")
            return []
        return result.covered
