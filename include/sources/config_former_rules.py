"""Rules that are gone by now: named from what the history and earlier snapshots say of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from include.evidence.cell import Cell
from include.evidence.deployment import Deployment
from include.evidence.snapshot import SnapshotWriter
from include.sources.config_rules import Rule, Rules, is_foreign, without_id

_OF_ORGANIZATION = "OrgConfigRule-"
_OF_PACK = "-conformance-pack"


class FormerRules:
    """Rules that stood at the period's end and have been deleted since.

    Config forgets a deleted rule but for its name and ARN in the compliance history. What it
    asked is known for certain only from a snapshot of ours that was taken while it stood; else
    it is taken from a rule that has its name now, or from the name itself when that is the
    default of a managed rule. As its parameters and scope are unknown then, it is marked
    narrowed: what it found failing counts, what it found passing completes nothing.
    """

    def __init__(self, out: SnapshotWriter, cell: Cell, rules: Rules) -> None:
        self._out = out
        self._cell = cell
        self._rules = rules
        self._earlier: dict[str, Deployment] | None = None
        self._found: dict[str, Rule | None] = {}
        self._stood: dict[str, Rule] = {}
        self._guessed: set[str] = set()
        self._unknown: set[str] = set()

    def rule(self, arn: str, name: str) -> Rule | None:
        """The former rule; None when it was another service's own."""
        if arn not in self._found:
            self._found[arn] = None if is_foreign(arn) else self._identified(arn, name)
        return self._found[arn]

    def stood_at_end(self, rule: Rule) -> None:
        """Take note that a former rule still had a say when the period ended."""
        self._stood[rule.arn] = rule

    def deployed(self) -> Iterator[Deployment]:
        """Deployments of all former rules that stood at the period's end."""
        yield from (rule.deployment for rule in self._stood.values())

    def say(self) -> None:
        """Name them in the receipt."""
        gone = sorted(rule.name for rule in self._stood.values())
        guessed = sorted(name for name in gone if name in self._guessed)
        unknown = sorted(name for name in gone if name in self._unknown)
        if gone:
            self._out.note(
                f"{len(gone)} rule(s) have been deleted since the period's end; their results are "
                f"from the compliance history: {', '.join(gone)}."
            )
        if guessed:
            self._out.note(
                "What these asked is taken from their names, their parameters are not known: "
                f"{', '.join(guessed)}."
            )
        if unknown:
            self._out.note(
                f"{len(unknown)} of them can't be told by their names and count as custom "
                f"rules: {', '.join(unknown)}."
            )

    def _identified(self, arn: str, name: str) -> Rule:
        if known := self._from_snapshots().get(arn):
            return Rule(name, replace(known, state="ACTIVE", last_evaluated=""))
        namesake = self._rules.named(name)
        plain = name
        if name.startswith(_OF_ORGANIZATION) or _OF_PACK in name:
            plain = without_id(name).removeprefix(_OF_ORGANIZATION).removesuffix(_OF_PACK)
        keyword = plain.upper().replace("-", "_")
        if namesake is not None:
            keyword = namesake.deployment.keyword
        elif keyword not in _known_keywords():
            self._unknown.add(name)
            keyword = f"Custom_{without_id(name) if plain != name else name}"
        if name not in self._unknown:
            self._guessed.add(name)
        return Rule(
            name,
            Deployment(
                source="aws_config",
                keyword=keyword,
                account=self._cell.account,
                region=self._cell.region,
                state="ACTIVE",
                arn=arn,
                narrowed=True,
            ),
        )

    def _from_snapshots(self) -> dict[str, Deployment]:
        """Deployments in our own snapshots from the period's end to a week after it, by ARN."""
        if self._earlier is None:
            earlier: Any = getattr(self._out, "earlier", None)
            self._earlier = {
                deployment.arn: deployment
                for snapshot in (earlier() if callable(earlier) else ())
                for deployment in snapshot.deployments
                if deployment.source == "aws_config"
            }
        return self._earlier


def _known_keywords() -> frozenset[str]:
    from include.checks.catalogue import load_catalogue

    return frozenset(
        keyword
        for check in load_catalogue().values()
        for answering in check.sources
        if answering.source == "aws_config"
        for keyword in answering.all_keywords
    )
