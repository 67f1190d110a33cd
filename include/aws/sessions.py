"""Sessions in the accounts of the scope: a role assumed in each, clients made once and kept."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import botocore.session
from botocore.config import Config
from botocore.credentials import (
    AssumeRoleCredentialFetcher,
    DeferredRefreshableCredentials,
    RefreshableCredentials,
)
from botocore.exceptions import NoCredentialsError
from botocore.loaders import Loader

from include.aws import decoding
from include.aws.exchange import watch
from include.aws.rates import SHARED, Limiters
from include.aws.retrying import Retrying

if TYPE_CHECKING:
    from include.settings import Settings

#: Calls that are told within this time that the credentials are over mean the same ones.
_SAME_RENEWAL_SECONDS = 5.0
#: The service models, read once per process: a loader per account costs 26 MB and 350 ms each.
_LOADER: Loader | None = None
_LOADER_LOCK = threading.Lock()

_GLOBAL_REGIONS = {"aws": "us-east-1", "aws-us-gov": "us-gov-west-1", "aws-cn": "cn-northwest-1"}


def _loader() -> Loader:
    global _LOADER
    with _LOADER_LOCK:
        if _LOADER is None:
            _LOADER = botocore.session.Session().get_component("data_loader")
        return _LOADER


def partition_of(region: str) -> str:
    """``aws``, ``aws-cn`` or ``aws-us-gov``, as ARNs in ``region`` begin."""
    if region.startswith("cn-"):
        return "aws-cn"
    return "aws-us-gov" if region.startswith("us-gov-") else "aws"


def global_region(region: str) -> str:
    """Where the global services (IAM, sign-in …) of a region's partition record what is done."""
    return _GLOBAL_REGIONS[partition_of(region)]


@dataclass(frozen=True)
class RetryPolicy:
    """How patient clients are: per call in ``attempts``, with throttling per cell, too.

    A cell that was refused ``refusals`` times, or waited ``seconds`` for that, ends as far as it
    came; a retry later goes on.
    """

    attempts: int = 10
    connect_timeout_seconds: float = 10
    read_timeout_seconds: float = 60
    refusals: int = 20_000
    seconds: float = 1800

    def config(self) -> Config:
        """As botocore takes it."""
        return Config(
            retries={"mode": "standard", "total_max_attempts": self.attempts},
            connect_timeout=self.connect_timeout_seconds,
            read_timeout=self.read_timeout_seconds,
            max_pool_connections=32,
            user_agent_extra="compliance-assessments",
        )


class SessionFactory:
    """Makes one :class:`ClientFactory` per account, from the process's own credentials.

    Credentials, profile, CA bundle and endpoint come from the environment, as for every AWS tool
    (``AWS_PROFILE``, ``AWS_ENDPOINT_URL`` …), or credentials from ``base`` (a boto3 or botocore
    session). With a ``role_name``, that role is assumed in each account and renewed before it
    expires; without one the base credentials are used as they are. Thread-safe.
    """

    def __init__(
        self,
        role_name: str = "",
        *,
        region: str = "us-east-1",
        external_id: str = "",
        session_name: str = "compliance-assessment",
        session_tags: Mapping[str, str] | None = None,
        base: Any | None = None,
        retry: RetryPolicy | None = None,
        limiters: Limiters = SHARED,
    ) -> None:
        self.role_name = role_name.strip("/")
        self.region = region
        self.external_id = external_id
        self.session_name = session_name
        self.session_tags = dict(session_tags or {})
        self.limiters = limiters
        self._given = base
        self.retry = retry or RetryPolicy()
        self._lock = threading.Lock()
        #: Makes the clients that assume roles: one session for all accounts, one at a time.
        self._source, self._making = self._session(), threading.Lock()
        self._factories: dict[str, ClientFactory] = {}
        self._own: ClientFactory | None = None

    @classmethod
    def of(cls, settings: Settings, base: Any | None = None) -> SessionFactory:
        """Sessions as a deployment's settings say, from ``base`` or the environment."""
        return cls(
            settings.role_name,
            region=settings.home_region,
            external_id=settings.external_id or "",
            session_tags=settings.session_tags,
            base=base,
        )

    def base(self) -> ClientFactory:
        """Clients of the process's own account (storage, notification)."""
        with self._lock:
            if self._own is None:
                self._own = ClientFactory("", self._session(), self)
            return self._own

    def account(self, account: str) -> ClientFactory:
        """Clients in ``account``. No call is made before the first client is used."""
        own = self.base()
        with self._lock:
            if account not in self._factories:
                session = self._session()
                forget = self._assume(session, account) if self.role_name else None
                self._factories[account] = ClientFactory(account, session, self, own, forget)
            return self._factories[account]

    @property
    def has_credentials(self) -> bool:
        """Whether the process has credentials of its own to begin with; asks AWS nothing."""
        return self._session().get_credentials() is not None

    def _session(self) -> botocore.session.Session:
        session = botocore.session.Session()
        session.register_component("data_loader", _loader())
        decoding.install(session)
        session.register("creating-client-class", _with_shared_methods)
        if self._given is not None:
            # set_credentials() would copy the keys and lose their renewal.
            session._credentials = self._given.get_credentials()
        return session

    def _assume(self, session: botocore.session.Session, account: str) -> Callable[[], None]:
        """Let ``session`` use the account's role; returns what makes it forget the credentials."""
        extra: dict[str, Any] = {"RoleSessionName": self.session_name}
        if self.session_tags:
            extra["Tags"] = [{"Key": k, "Value": v} for k, v in sorted(self.session_tags.items())]
        if self.external_id:
            extra["ExternalId"] = self.external_id

        def create_sts(service: str, **kwargs: Any) -> Any:
            with self._making:
                return self._source.create_client(
                    service, **{**kwargs, "region_name": self.region, "config": self.retry.config()}
                )

        own = session.get_credentials()
        fetcher = AssumeRoleCredentialFetcher(
            create_sts,
            own,
            f"arn:{partition_of(self.region)}:iam::{account}:role/{self.role_name}",
            extra_args=extra,
        )

        def fetch() -> Any:
            if own is None:  # the fetcher would stumble over it
                raise NoCredentialsError
            return fetcher.fetch_credentials()

        session._credentials = DeferredRefreshableCredentials(
            refresh_using=fetch, method="assume-role"
        )
        # It keeps what STS gave until that time is over, also when it was ended before.
        forget: Callable[[], None] = fetcher._cache.clear
        return forget


#: The methods of each service's clients: made anew they are most of what a client weighs.
_METHODS: dict[str, dict[str, Any]] = {}


def _with_shared_methods(class_attributes: dict[str, Any], event_name: str, **_: Any) -> None:
    class_attributes.update(_METHODS.setdefault(event_name, dict(class_attributes)))


class ClientFactory:
    """Clients of one account, made once per (service, region). Thread-safe."""

    def __init__(
        self,
        account: str,
        session: botocore.session.Session,
        sessions: SessionFactory,
        own: ClientFactory | None = None,
        forget: Callable[[], None] | None = None,
    ) -> None:
        self.account = account
        self.retry = sessions.retry
        self._own = own
        self._session = session
        self._forget = forget
        self._region = sessions.region
        self._config = self.retry.config()
        self._retrying = Retrying(account, self.retry.attempts, sessions.limiters, self._renew)
        self._renewing = threading.Lock()
        self._renewed: float | None = None
        self._clients: dict[tuple[str, str], Any] = {}
        self._lock = threading.Lock()
        self._caller_arn: str | None = None

    def client(self, service: str, region: str | None = None) -> Any:
        """A boto3-like client; its answers are seen by :mod:`include.aws.exchange`."""
        key = (service, region or self._region)
        with self._lock:
            if key not in self._clients:
                client = self._session.create_client(
                    service, region_name=key[1], config=self._config
                )
                watch(client)
                self._retrying.watch(client)
                self._clients[key] = client
            return self._clients[key]

    @property
    def own(self) -> ClientFactory:
        """Clients of the process's own account, which keeps the files that people hand in."""
        return self._own or self

    def caller_arn(self) -> str:
        """Who asks, as STS sees it; raises what STS answers when the role can't be assumed."""
        if self._caller_arn is None:
            self._caller_arn = str(self.client("sts").get_caller_identity()["Arn"])
        return self._caller_arn

    def _renew(self) -> bool:
        """Get new credentials, if these can be renewed; raises what STS answers if it refuses."""
        credentials = self._session.get_credentials()
        if not isinstance(credentials, RefreshableCredentials):
            return False
        with self._renewing:
            now = time.monotonic()
            if self._renewed is None or now - self._renewed > _SAME_RENEWAL_SECONDS:
                if self._forget is not None:
                    self._forget()
                with credentials._refresh_lock:
                    credentials._protected_refresh(is_mandatory=True)
                self._renewed = time.monotonic()
        return True
