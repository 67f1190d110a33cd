"""Which resources exist in one account and region, and from when to when."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from include.evidence.identity import ACCOUNT_TYPE, account_identity
from include.local_aws.estate.account_states import MAIN_TRAIL
from include.local_aws.estate.kinds import KINDS, Kind, counts
from include.local_aws.estate.names import Namer
from include.local_aws.estate.outages import Outage
from include.local_aws.estate.parameters import DAY, HOUR, Parameters, moment
from include.local_aws.estate.plan import Act, Planned
from include.local_aws.estate.store import Resource

_YEAR = 365 * DAY
#: Share of resources made, and taken away again, within the history.
_NEW, _GONE = 0.16, 0.12


@dataclass(frozen=True)
class Place:
    """One account in one region; ``without``: kinds of resources it has none of."""

    account: str
    account_name: str
    region: str
    home: bool
    without: frozenset[str] = frozenset()
    #: When, at the edges of months, resources are to be made or removed (epoch seconds).
    births: tuple[int, ...] = ()
    deaths: tuple[int, ...] = ()
    #: When Config's recorder stands still.
    outages: tuple[Outage, ...] = ()


@dataclass
class Population:
    """The resources of a place and what their facts may refer to."""

    place: Place
    bodies: list[Planned] = field(default_factory=list)
    #: placeholder values besides the resource's own, such as the VPC it lies in. arn -> values
    context: dict[str, dict[str, str]] = field(default_factory=dict)


def populate(given: Parameters, place: Place) -> Population:
    """Everything that ever exists in the place within the history."""
    return _Maker(given, place).make()


class _Maker:
    def __init__(self, given: Parameters, place: Place) -> None:
        self.given = given
        self.place = place
        self.rng = given.rng("population", place.account, place.region)
        self.namer = Namer(self.rng)
        self.population = Population(place)
        self.births = list(place.births)
        self.deaths = list(place.deaths)
        #: How many resources of one kind may be made or removed at an edge.
        self.edge_quota = 1 + (len(self.births) + len(self.deaths)) // 8
        self.at_edge: Counter[str] = Counter()

    def make(self) -> Population:
        self._accounts()
        here = self.given.resources
        if self.place.home:
            of_iam = max(len([k for k in KINDS.values() if k.is_global]), here * 3 // 10)
            for name, count in counts(of_iam, of_global=True).items():
                for index in range(count):
                    self._iam(name, index)
            here -= of_iam
        numbers = counts(here, of_global=False, without=self.place.without)
        # Each VPC brings its default group and its ACL; they are part of those numbers.
        vpcs = [vpc for index in range(numbers["VPC"]) for vpc in self._vpc(index)]
        numbers["SecurityGroup"] -= len(vpcs)
        numbers["NetworkAcl"] -= len(vpcs)
        key = self._plain("Key", steady=True)
        shared = {"vpc": vpcs[0].resource.resource_id, "key": key.resource.arn}
        numbers["Key"] -= 1
        for name, count in numbers.items():
            if name == "VPC":
                continue
            for index in range(count):
                self._regional(name, index, shared, vpcs)
        return self.population

    # -- single resources -------------------------------------------------------------------

    def _accounts(self) -> None:
        place = self.place
        for kind, region in (("Account", None), ("Account/region", place.region)):
            if region is None and not place.home:
                continue
            self.population.bodies.append(
                Planned(
                    Resource(
                        arn=account_identity(place.account, region),
                        type=ACCOUNT_TYPE,
                        account=place.account,
                        region=region,
                        resource_id=place.account,
                        resource_name=place.account_name,
                        created=self.given.joined,
                        deleted=None,
                    ),
                    kind,
                )
            )

    def _iam(self, name: str, index: int) -> None:
        if name == "User":
            person = self.rng.random() < 0.7
            called = self.namer.person() if person else f"svc-{self.namer.system('User')}"
            kind = "User/person" if person else "User/service"
            self._add(KINDS[name], kind, called, *self._life(recent=True))
        elif name == "Role" and index == 0:
            self._add(KINDS[name], "Role/support", "IncidentSupport", self._old(), None)
        else:
            self._plain(name)

    def _vpc(self, index: int) -> Iterator[Planned]:
        """A VPC with its default security group and its network ACL, which share its life."""
        # Its default group leaves no trace of coming or going but the VPC's, so that a VPC stands
        # still since the last period's end, as those who read back from the present need it.
        until = self.given.boundaries[-1]
        created, deleted = self._life(until=until) if index else (self._founded(), None)
        vpc = self._add(KINDS["VPC"], "VPC", self.namer.system("VPC"), created, deleted)
        inside = {"vpc": vpc.resource.resource_id}
        for kind, name in (
            ("SecurityGroup", "default"),
            ("NetworkAcl", vpc.resource.resource_name),
        ):
            refined = "SecurityGroup/default" if name == "default" else kind
            body = self._add(KINDS[kind], refined, name, created, deleted)
            self.population.context[body.resource.arn] = inside
        yield vpc

    def _regional(self, name: str, index: int, shared: dict[str, str], vpcs: list[Planned]) -> None:
        if name == "Trail":
            main = self.place.home and index == 0
            body = self._add(
                KINDS[name],
                "Trail/main" if main else "Trail",
                MAIN_TRAIL if main else self.namer.system(name),
                self._old(),
                None,
            )
            bucket = f"{body.resource.resource_name}-logs-{self.place.account}"
            self.population.context[body.resource.arn] = {**shared, "trail_bucket": bucket}
            return
        body = self._plain(name)
        steady = [v.resource.resource_id for v in vpcs if _outlives(v.resource, body.resource)]
        self.population.context[body.resource.arn] = {**shared, "vpc": self.rng.choice(steady)}

    def _plain(self, name: str, *, steady: bool = False) -> Planned:
        kind = KINDS[name]
        called = self.namer.system(name)
        if name == "Bucket":
            # Bucket names are unique in the whole of AWS.
            called = f"{called}-{self.place.account}-{self.place.region}"
        life: tuple[int, int | None]
        if steady:
            life = self._founded(), None
        elif kind.edges and self.at_edge[name] < self.edge_quota and (self.births or self.deaths):
            self.at_edge[name] += 1
            # In turn, so that both happen also where there are few resources; the latest first.
            birth = bool(self.births) and len(self.births) >= len(self.deaths)
            life = (self.births.pop(), None) if birth else (self._old(), self.deaths.pop())
        else:
            life = self._life()
        return self._add(kind, name, called, *life)

    def _add(
        self, kind: Kind, refined: str, name: str, created: int, deleted: int | None
    ) -> Planned:
        values = {
            "account": self.place.account,
            "region": self.place.region,
            "name": name,
            "uid": kind.uid(self.rng),
        }
        resource = Resource(
            arn=kind.arn.format_map(values),
            type=kind.type,
            account=self.place.account,
            region=None if kind.is_global else self.place.region,
            resource_id=kind.config_id.format_map(values),
            resource_name=name,
            created=created,
            deleted=deleted,
        )
        body = Planned(resource, refined)
        if refined != "SecurityGroup/default":
            # A default group comes and goes with its VPC, by no call of its own.
            body.acts += _comings_and_goings(kind, resource, self.given.history_start)
        self.population.bodies.append(body)
        return body

    # -- lives ------------------------------------------------------------------------------

    def _old(self, years: float = 2.0) -> int:
        """Some working hour before the history."""
        day = self.given.history_start // DAY - self.rng.randint(5, int(years * 365))
        return day * DAY + self.rng.randint(7 * HOUR, 19 * HOUR - 1)

    def _founded(self) -> int:
        """Before everything else in the place."""
        return self._old() - 2 * _YEAR

    def _life(self, *, recent: bool = False, until: int | None = None) -> tuple[int, int | None]:
        """Created and deleted (or None). ``recent``: not long before the history at most."""
        start, now = self.given.history_start, until or self.given.now
        created = self._old(0.5 if recent else 2.0)
        if self.rng.random() < _NEW:
            created = moment(self.rng, start, now) or created
        deleted = None
        if self.rng.random() < _GONE:
            deleted = moment(self.rng, max(start, created + DAY), now)
        return created, deleted


def _comings_and_goings(kind: Kind, resource: Resource, since: int) -> Iterator[tuple[int, Act]]:
    """The calls that made the resource and took it away, from ``since`` on."""
    source = f"{kind.service}.amazonaws.com"
    member, _, value = kind.member.partition("=")
    if resource.created >= since:
        given = "name" in value
        # Ids are AWS's answer to a request, names are part of it.
        asked = {member: value} if given else {"tagSpecification": resource.resource_name}
        answered = {} if given else {"responseElements": {member: value}}
        yield resource.created, Act(kind.create, source, asked, extra=answered)
    if resource.deleted is not None:
        yield resource.deleted, Act(kind.delete, source, {member: value})


def _outlives(vpc: Resource, resource: Resource) -> bool:
    """Whether the VPC exists whenever the resource does."""
    if vpc.created > resource.created:
        return False
    return vpc.deleted is None or (resource.deleted is not None and resource.deleted <= vpc.deleted)
