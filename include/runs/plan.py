"""The plan of a run: which framework, period and scope, from which sources, decided once."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

from include.assessment.period import (
    Period,
    last_finished_month,
    named,
    parse_period,
    require_finished,
)
from include.assessment.registers import Exclusion
from include.assessment.scope import Scope
from include.clock import from_iso, iso
from include.digests import digest_of
from include.errors import InputError
from include.names import ASSESSMENT


@dataclass(frozen=True)
class Asked:
    """What a person or the schedule asked for; None or empty means: all of the settings."""

    period: str | None = None
    accounts: Sequence[str] = ()
    regions: Sequence[str] = ()
    sources: Sequence[str] = ()
    refresh: bool = False
    upload: bool = True
    notify: bool = True
    assessment_name: str | None = None


@dataclass(frozen=True)
class Plan:
    """What a run does. JSON values only, so that it travels between tasks as one small object."""

    framework: str
    framework_digest: str
    label: str
    start: str
    end: str
    accounts: tuple[str, ...]
    regions: tuple[str, ...]
    home_region: str
    sources: tuple[str, ...]
    refresh: bool
    upload: bool
    notify: bool
    assessment_name: str
    #: Why the result must not count as the period's final one; empty for a full run.
    interim: tuple[str, ...] = field(default=())
    #: Accounts that the scope means but that can't be assessed, each with the reason.
    left_out: tuple[tuple[str, str], ...] = field(default=())
    #: Decisions by which cells are not collected, in force for the period.
    excluded: tuple[Exclusion, ...] = field(default=())
    #: What each source is asked for, by all enabled frameworks together, so that they share what
    #: is collected. A source that isn't here is asked for what this framework needs.
    selections: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    @property
    def period(self) -> Period:
        """The audit period."""
        return Period(from_iso(self.start), from_iso(self.end), self.label)

    @property
    def scope(self) -> Scope:
        """Accounts and regions, and which sources are asked."""
        return Scope(self.accounts, self.regions, self.sources, home=self.home_region)

    @property
    def slug(self) -> str:
        """The period's label, fit for names of files and objects."""
        return slug_of(self.label)

    @property
    def key(self) -> str:
        """Framework, period and scope: what one assessment is about, where its results lie."""
        scope = digest_of([sorted(self.accounts), list(self.regions), sorted(self.sources)])[:8]
        return f"{self.framework}_{self.slug}_{scope}"

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values."""
        excluded = [entry.model_dump(mode="json", by_alias=True) for entry in self.excluded]
        return {**asdict(self), "excluded": excluded}

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Plan:
        """The inverse of :meth:`to_json`."""
        lists = {name: tuple(data[name]) for name in ("accounts", "regions", "sources", "interim")}
        left_out = tuple((account, why) for account, why in data["left_out"])
        excluded = tuple(Exclusion.model_validate(entry) for entry in data["excluded"])
        return cls(**{**data, **lists, "left_out": left_out, "excluded": excluded})

    def exclusion_of(self, source: str, account: str, region: str) -> Exclusion | None:
        """The decision by which a cell is left out; None if it is collected."""
        return next((e for e in self.excluded if e.covers(source, account, region)), None)


def slug_of(label: str) -> str:
    """A period's label, fit for names of files and objects."""
    return re.sub(r"[^0-9A-Za-z-]+", "_", label).strip("_")


def make_plan(
    asked: Asked,
    *,
    framework: str,
    framework_digest: str,
    accounts: Sequence[str],
    regions: Sequence[str],
    sources: Sequence[str],
    interval: tuple[datetime, datetime] | None,
    partition_key: str | None,
    run_after: datetime,
    now: datetime,
    left_out: Sequence[tuple[str, str]] = (),
    exclusions: Sequence[Exclusion] = (),
    selections: Mapping[str, Mapping[str, Any]] | None = None,
) -> Plan:
    """Resolve what was asked against the settings; raises InputError before anything is done.

    ``accounts``, ``regions`` (the first is home) and ``sources`` are what the settings and the
    framework allow. The period is the asked one, else the partition key, else the run's data
    interval, else the last month finished at ``run_after``. ``now`` is the service's clock.
    """
    if asked.period:
        period = parse_period(asked.period)
    elif partition_key:
        period = parse_period(partition_key)
    elif interval and interval[0] < interval[1]:
        period = named(*interval)
    else:
        period = last_finished_month(run_after)
    require_finished(period, now)
    chosen_accounts = _chosen("account", asked.accounts, accounts)
    chosen_regions = _chosen("region", asked.regions, regions)
    chosen_sources = _chosen("source", asked.sources, sources)
    interim = []
    for what, chosen, every in (
        ("accounts", chosen_accounts, accounts),
        ("regions", chosen_regions, regions),
        ("sources", chosen_sources, sources),
    ):
        if len(chosen) < len(every):
            interim.append(f"{len(chosen)} of {len(every)} {what}")
    plan = Plan(
        framework=framework,
        framework_digest=framework_digest,
        label=period.label,
        start=iso(period.start),
        end=iso(period.end),
        accounts=chosen_accounts,
        regions=chosen_regions,
        home_region=regions[0],
        sources=chosen_sources,
        refresh=asked.refresh,
        upload=asked.upload,
        notify=asked.notify,
        assessment_name=asked.assessment_name or "",
        interim=tuple(interim),
        left_out=tuple(left_out),
        excluded=tuple(entry for entry in exclusions if entry.state(period) == "in force"),
        selections=selections or {},
    )
    if asked.assessment_name and not re.fullmatch(ASSESSMENT, asked.assessment_name):
        raise InputError(
            f"'{asked.assessment_name}' can't name an assessment.",
            hint="Use at most 127 letters, digits, '.', '_' and '-', a letter or digit first.",
        )
    return plan


def _chosen(what: str, asked: Sequence[str], every: Sequence[str]) -> tuple[str, ...]:
    unknown = sorted(set(asked) - set(every))
    if unknown:
        raise InputError(
            f"The {what} {', '.join(unknown)} is not in scope.",
            hint=f"The scope has: {', '.join(every)}.",
        )
    return tuple(one for one in every if one in set(asked)) if asked else tuple(every)
