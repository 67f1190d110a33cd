"""What all operators of an assessment share: settings, clients, and the plan of the run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseOperator, Context
from airflow.sdk.exceptions import AirflowFailException, XComNotFound

if TYPE_CHECKING:
    from collections.abc import Iterable

    from include.aws.sessions import SessionFactory
    from include.evidence.store import SnapshotStore
    from include.runs.plan import Plan
    from include.runs.workspace import Workspace
    from include.settings import Settings

#: What an earlier task handed over: an XComArg while the DAG is made, its value while a task runs.
Handed = Any


class AssessmentOperator(BaseOperator):
    """Base of the operators; ``aws_conn_id`` is the Airflow connection with the credentials."""

    def __init__(self, *, aws_conn_id: str = "aws_default", **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.aws_conn_id = aws_conn_id
        self._read: list[str] = []
        self._wrote: list[str] = []

    def record_lineage(self, *, read: Iterable[str], wrote: Iterable[str]) -> None:
        """Remember the objects (``s3://…``) this run of the task read and wrote."""
        self._read, self._wrote = list(read), list(wrote)

    def get_openlineage_facets_on_complete(self, task_instance: Any) -> Any:
        """What OpenLineage is told: the very objects, not the folders the assets stand for."""
        from airflow.providers.common.compat.openlineage.facet import Dataset
        from airflow.providers.openlineage.extractors import OperatorLineage

        def dataset(uri: str) -> Dataset:
            bucket, _, key = uri.removeprefix("s3://").partition("/")
            return Dataset(namespace=f"s3://{bucket}", name=key)

        return OperatorLineage(
            inputs=[dataset(uri) for uri in self._read],
            outputs=[dataset(uri) for uri in self._wrote],
        )

    def render_template(self, content: Any, context: Context, *args: Any, **kwargs: Any) -> Any:
        """Render one field; what an earlier task did not hand over, because it failed, is None.

        Some tasks run whatever became of those before them; what is missing is theirs to say.
        """
        try:
            return super().render_template(content, context, *args, **kwargs)
        except XComNotFound:
            return None

    @property
    def settings(self) -> Settings:
        """The product's settings, read anew for each task."""
        from include.settings import load_settings

        return load_settings()

    def client(self, service: str, region: str | None = None) -> Any:
        """A boto3 client of the home account, from the Airflow connection; made once per task.

        A new client reads megabytes of service models, so loops must not make their own.
        """
        from airflow.providers.amazon.aws.hooks.base_aws import AwsBaseHook

        from include.aws.sessions import RetryPolicy

        made: dict[tuple[str, str | None], Any] = self.__dict__.setdefault("_clients", {})
        if (service, region) not in made:
            made[service, region] = AwsBaseHook(
                self.aws_conn_id,
                client_type=service,
                region_name=region or self.settings.home_region,
                config=RetryPolicy().config(),
            ).get_conn()
        return made[service, region]

    def sessions(self) -> SessionFactory:
        """Sessions in the accounts of the scope, starting from the Airflow connection."""
        from airflow.providers.amazon.aws.hooks.base_aws import AwsBaseHook

        from include.aws.sessions import SessionFactory

        settings = self.settings
        base = AwsBaseHook(
            self.aws_conn_id, client_type="sts", region_name=settings.home_region
        ).get_session()
        return SessionFactory.of(settings, base)

    def plan_of(self, reference: Handed) -> Plan:
        """The plan a reference names; a run whose plan failed ends here with that reason."""
        from include.runs.plan import Plan
        from include.runs.workspace import fetch_json

        if not reference:
            raise AirflowFailException("There is no plan: the task 'plan' did not succeed.")
        return Plan.from_json(fetch_json(self.client("s3"), dict(reference)))

    def store(self) -> SnapshotStore:
        """Where snapshots of evidence lie."""
        from include.evidence.store import SnapshotStore

        return SnapshotStore(self.settings.evidence_bucket, self.client("s3"))

    def workspace(self, *parts: str) -> Workspace:
        """Where working files and results lie."""
        from include.runs.workspace import Workspace

        return Workspace(self.client("s3"), self.settings.reports_bucket, "/".join(parts))
