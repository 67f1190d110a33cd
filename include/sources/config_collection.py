"""One cell of AWS Config while it is collected: read what holds now, look back, tell."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from include.aws.errors import error_code
from include.clock import iso
from include.evidence.cell import Cell
from include.evidence.identity import ACCOUNT_TYPE, account_identity
from include.evidence.snapshot import SnapshotWriter
from include.sources.arns import arn_of
from include.sources.base import Ended
from include.sources.config_aggregator import Aggregator, say_denied
from include.sources.config_counts import compare_inventory, compare_standings
from include.sources.config_current import LONGEST_NAME, Tally, read_details, read_standings, shelve
from include.sources.config_evidence import Observed, evidence_of
from include.sources.config_former_rules import FormerRules
from include.sources.config_history import History, history_from
from include.sources.config_identities import TOLD_BY_ID, last_known_arn, look_up_arns
from include.sources.config_items import NO_QUERY
from include.sources.config_past import Past
from include.sources.config_recorder import COMPLIANCE_TYPE, Recording, kept_since
from include.sources.config_rules import Rule, Rules
from include.sources.config_shelf import Key, Row, Shelf

if TYPE_CHECKING:
    from include.aws.sessions import ClientFactory

#: Calls that don't grow with a cell: the recorder, its status, Config's own count, the inventory,
#: the retention, the aggregators and their count.
_FIXED = 7
#: From so many evaluations on, failures are proven within the budget only.
_MANY, _PROVEN_AT_LEAST = 10_000, 2


class Collection:
    """The steps of one cell, in order: read, compare, look back, tell."""

    def __init__(
        self,
        cell: Cell,
        out: SnapshotWriter,
        shelf: Shelf,
        clients: ClientFactory,
        config: Any,
        regional: frozenset[str],
    ) -> None:
        self._cell = cell
        self._out = out
        self._shelf = shelf
        self._config = config
        self._regional = regional
        self._recorder: Recording | None = None
        self._rules = Rules()
        self._former = FormerRules(out, cell, self._rules)
        self._tally = Tally()
        self._queried = False
        self._forgotten = False
        self._spent = _FIXED
        self._past = Past(cell, out, shelf, config, lambda: clients.client("s3", cell.region))

    def read(self, recorder: Recording, rules: Rules) -> None:
        """What every rule says now: by one query; rule by rule where that isn't possible."""
        self._recorder, self._rules = recorder, rules
        self._former = FormerRules(self._out, self._cell, rules)
        if recorder.records(COMPLIANCE_TYPE):
            try:
                self._tally = read_standings(self._out, self._config, self._shelf)
                self._queried = True
            except ClientError as error:
                if error_code(error) not in NO_QUERY:
                    raise
                self._out.note(
                    f"Compliance was read rule by rule: the advanced query can't be used "
                    f"({error_code(error)})."
                )
        else:
            self._out.note(
                f"Compliance was read rule by rule and has no history: the recorder leaves out "
                f"{COMPLIANCE_TYPE}."
            )
        if not self._queried:
            for rule in self._answering():
                for _ in read_details(self._out, self._config, rule, self._shelf):
                    pass

    def compare(self, aggregator: Aggregator | None) -> None:
        """Compare what was read with independent counts, and fetch what proves the failures."""
        if self._queried:
            compare_standings(self._out, self._config, self._tally)
            compare_inventory(self._out, self._config, self._answering(), self._tally)
            self._prove_failures()
        if aggregator is None or not self._queried:
            return
        found = sum(n for (_, kind), n in self._tally.rows.items() if kind == "NON_COMPLIANT")
        try:
            seen = self._out.now
            expected = aggregator.failing_resources(self._out)
            why = aggregator.why_different(self._out, seen) if expected != found else ""
        except ClientError as error:
            say_denied(self._out, error)
            return
        self._out.count("AWS Config aggregator: non-compliant resources", expected, found, why)

    def look_back(self) -> None:
        """Find what was deleted since the period's start, and who is who."""
        self._forgotten = self._beyond_retention()
        judged = {
            type_ for rule in self._answering() for type_ in rule.deployment.resource_types
        } | self._shelf.types()
        if self._remembered:
            self._spent += self._past.prepare(
                judged - {ACCOUNT_TYPE}, self._tally.names, files=self._queried
            )
        self._spent += look_up_arns(self._out, self._config, self._shelf, skipped=(ACCOUNT_TYPE,))

    def tell(self) -> None:
        """Hand over evidence of every resource, then the deployments."""
        if self._queried:
            for row in self._shelf.rows():
                self._tell_row(row)
        else:
            self._tell_details()
        for key in self._shelf.gone():
            gone = self._past.history(key, None)
            if gone is not None:
                self._tell_gone(key, gone)
        self._former.say()
        for deployment in self._former.deployed():
            state = deployment.state if self._ran_at_end else "NOT_RECORDED"
            self._out.deploy(self._beyond(replace(deployment, state=state)))
        for rule in self._rules.by_arn.values():
            self._out.deploy(self._beyond(rule.deployment))
        if self._forgotten:
            raise Ended("BEYOND_REACH", "AWS Config no longer remembers the period's end.")

    def fall_back(self, aggregator: Aggregator | None) -> None:
        """Show what an aggregator holds of a cell that can't be read itself."""
        if aggregator is None or self._shelf.counts() != (0, 0):
            return
        try:
            tally = shelve(self._out, aggregator.standings(self._out), self._shelf)
        except ClientError as error:
            say_denied(self._out, error)
            return
        self._tally = tally
        through = {"through": f"AWS Config aggregator {aggregator.name}"}
        self._out.note(
            f"What is shown came through the aggregator '{aggregator.name}': a second look, "
            "not a complete one."
        )
        for row in self._shelf.rows():
            history = history_from([(row.captured, row.said)])
            history.names, history.whole = tally.names, False
            self._tell_history(row.key, row, history, through)
        self._former.say()
        for deployment in self._former.deployed():
            self._out.deploy(deployment)

    @property
    def _remembered(self) -> bool:
        return self._recorder is not None and self._recorder.records(COMPLIANCE_TYPE)

    @property
    def _ran_at_end(self) -> bool:
        return self._recorder is None or self._recorder.ran_at_end(self._cell.period)

    def _answering(self) -> list[Rule]:
        return [rule for rule in self._rules.by_arn.values() if rule.answers]

    def _prove_failures(self) -> None:
        """Evaluation results (annotation, times) of failures, as far as the budget reaches.

        Rules with most failures come first: their pages are full. They are a second count, too.
        """
        left = self._calls_left()
        unproven = 0
        for arn, failing in sorted(
            self._tally.failing.items(), key=lambda pair: (-pair[1], pair[0])
        ):
            rule = self._rules.by_arn.get(arn)
            if rule is None or not rule.answers:
                continue
            needed = -(-failing // 100)
            if needed > left or len(rule.name) > LONGEST_NAME:
                unproven += failing
                continue
            left -= needed
            found = sum(
                1
                for _ in read_details(self._out, self._config, rule, self._shelf, only_failing=True)
            )
            explanation = ""
            if found != failing and self._just_moved(arn):
                explanation = "compliance was changing while it was read"
            self._out.count(
                f"AWS Config rule '{rule.name}': failing results", found, failing, explanation
            )
        if unproven:
            self._out.note(
                f"Of {unproven} failing result(s) the compliance item is the proof: a call per "
                "rule for their annotations would have been too many."
            )

    def _calls_left(self) -> int:
        """What is left of a cell's budget: a call per hundred resources and per hundred failures,
        one per 25 rules, and ten."""
        rows, _ = self._shelf.counts()
        rules = len(self._rules.by_arn) + len(self._rules.foreign)
        budget = rows / 100 + self._tally.non_compliant / 100 + rules / 25 + 10
        spent = self._spent + -(-rows // 100) + -(-rules // 25) + -(-rules // 50)
        few = self._tally.evaluations < _MANY
        return max(int(budget) - spent, _PROVEN_AT_LEAST if few else 0)

    def _just_moved(self, arn: str) -> bool:
        """Whether a result of the rule was recorded after the collection began."""
        began = self._out.now - timedelta(hours=1)
        return any(
            detail.recorded >= began
            for _, details in self._shelf.details()
            for detail in details
            if detail.rule == arn
        )

    def _beyond_retention(self) -> bool:
        """Whether the period's end lies further back than what Config keeps. At most one call."""
        period = self._cell.period
        since = kept_since(self._out, self._config, period.start)
        if period.start < since <= period.end:
            self._out.note(
                f"AWS Config keeps {(self._out.now - since).days} days: what failed and was fixed "
                f"before {iso(since)} is not known."
            )
        return period.end < since

    def _tell_row(self, row: Row) -> None:
        period = self._cell.period
        history: History | None = None
        if row.captured >= period.start:
            history = self._past.history(row.key, row.captured)
        if history is None:
            history = history_from([(row.captured, row.said)], row.page)
            history.names = self._tally.names
            history.whole = row.captured < period.start
        self._tell_history(row.key, row, history, {})

    def _tell_history(
        self, key: Key, row: Row, history: History, attributes: dict[str, Any]
    ) -> None:
        proven = self._shelf.detail_pages(key)
        names = self._tally.names | history.names
        for arn in sorted({*history.changes, *row.said}):
            rule = self._rule(arn, names.get(arn, ""))
            if rule is None:
                continue
            page, offset = proven.get(arn, (row.page, row.offset))
            self._add(
                key,
                rule,
                history,
                attributes,
                status=row.said.get(arn),
                recorded=row.captured,
                seen=row.seen,
                page=page,
                offset=offset,
            )

    def _tell_details(self) -> None:
        for key, details in self._shelf.details():
            history: History | None = None
            if self._remembered:
                history = self._past.history(key, None)
            said = {detail.rule: detail for detail in details}
            found = history or History(whole=False)
            for arn in sorted({*found.changes, *said}):
                rule = self._rule(arn, found.names.get(arn, ""))
                detail = said.get(arn)
                if rule is None:
                    continue
                self._add(
                    key,
                    rule,
                    found,
                    {},
                    status=detail.status if detail else None,
                    recorded=detail.recorded if detail else None,
                    seen=detail.seen if detail else self._out.now,
                    page=detail.page if detail else found.page,
                    offset=detail.offset if detail else 0,
                )

    def _tell_gone(self, key: Key, history: History) -> None:
        if key[0] != ACCOUNT_TYPE and key[0] not in TOLD_BY_ID:
            self._shelf.put_arn(key, last_known_arn(self._out, self._config, key))
        names = self._tally.names | history.names
        for arn in sorted(history.changes):
            rule = self._rule(arn, names.get(arn, ""))
            if rule is not None:
                self._add(
                    key,
                    rule,
                    history,
                    {},
                    status=None,
                    recorded=None,
                    seen=self._out.now,
                    page=history.page,
                    offset=0,
                )

    def _rule(self, arn: str, name: str) -> Rule | None:
        """The rule behind an ARN, if its results count; a deleted one if it is none of today's."""
        if rule := self._rules.by_arn.get(arn):
            return rule if rule.answers else None
        return None if arn in self._rules.foreign else self._former.rule(arn, name)

    def _add(
        self,
        key: Key,
        rule: Rule,
        history: History,
        attributes: dict[str, Any],
        *,
        status: str | None,
        recorded: datetime | None,
        seen: datetime,
        page: str,
        offset: int,
    ) -> None:
        observed = Observed(
            rule=rule,
            resource=self._identity(key, rule),
            resource_type=key[0],
            status=status,
            recorded=recorded,
            changes=history.of(rule.arn),
            whole=history.whole,
            seen=seen,
            page=page,
            offset=offset,
        )
        item = evidence_of(self._cell, observed, ran_at_end=self._ran_at_end, attributes=attributes)
        if item is None:
            return
        if rule.arn not in self._rules.by_arn:
            if not item.in_population:
                return  # the rule was gone by the end
            self._former.stood_at_end(rule)
        self._out.add(item)

    def _identity(self, key: Key, rule: Rule) -> str:
        type_, id_ = key
        if type_ == ACCOUNT_TYPE:
            own_region = rule.deployment.keyword in self._regional
            return account_identity(self._cell.account, self._cell.region if own_region else None)
        return self._shelf.arn(key) or arn_of(type_, id_, self._cell.account, self._cell.region)

    def _beyond(self, deployment: Any) -> Any:
        if self._forgotten and deployment.state in ("ACTIVE", "STALE"):
            return replace(deployment, state="BEYOND_REACH")
        return deployment
