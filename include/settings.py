"""The settings file ``audit.yaml``: read, overridden by the environment, checked."""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    model_validator,
)

from include.errors import InputError

ROOT = Path(__file__).resolve().parents[1]

#: Accounts by name or by place: an id, a unit or root of the organisation, or all of it.
AccountSelector = Annotated[
    str,
    StringConstraints(
        pattern=r"^(\d{12}|ou-[0-9a-z]{4,32}-[0-9a-z]{8,32}|r-[0-9a-z]{4,32}|organization)$"
    ),
]
RegionName = Annotated[str, StringConstraints(pattern=r"^[a-z]{2}(-[a-z]+)+-\d$")]
RegionSelector = Annotated[str, StringConstraints(pattern=r"^([a-z]{2}(-[a-z]+)+-\d|enabled)$")]
BucketName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$")]
RoleName = Annotated[str, StringConstraints(pattern=r"^[\w+=,.@-]{1,64}$")]
FrameworkId = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_.-]*$")]
#: Session tags as STS takes them: letters of any script, digits, spaces and _ . : / = + - @
TagKey = Annotated[str, StringConstraints(pattern=r"^[\w .:/=+\-@]+$", max_length=128)]
TagValue = Annotated[str, StringConstraints(pattern=r"^[\w .:/=+\-@]*$", max_length=256)]
Url = Annotated[str, StringConstraints(pattern=r"^https?://[^\s/]+")]
#: Of object keys: one or more folders, with a slash at the end.
Prefix = Annotated[str, StringConstraints(pattern=r"^[\w!.*'()-]+(/[\w!.*'()-]+)*/$")]
Schedule = Literal["month", "quarter", "year", "none"]


class _Checked(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class AuditManagerSettings(_Checked):
    """Where evidence is uploaded. Without ``endpoint``, AWS's own Audit Manager is used.

    ``custom_controls`` and ``custom_frameworks`` are the account's quotas, which AWS can raise.
    """

    enabled: bool = True
    endpoint: Url | None = None
    region: RegionName | None = None  # None: the home region
    custom_controls: Annotated[int, Field(ge=1)] = 500
    custom_frameworks: Annotated[int, Field(ge=1)] = 100


class CustomEvidenceSettings(_Checked):
    """Where scripts drop records. Without ``bucket``, the evidence bucket is used."""

    bucket: BucketName | None = None
    prefix: Prefix = "custom/"


class ManualEvidenceSettings(_Checked):
    """Where people hand in files. Without ``bucket``, the evidence bucket is used."""

    bucket: BucketName | None = None
    prefix: Prefix = "manual/"


class MeteringSettings(_Checked):
    """What Audit Manager takes for resource assessments, to estimate what a run would cost.

    ``free_per_account_region`` are resource assessments a month.
    """

    price_per_thousand: Annotated[float, Field(ge=0)] = 1.25
    currency: Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")] = "USD"
    free_per_account_region: Annotated[int, Field(ge=0)] = 0


class SamplingSettings(_Checked):
    """How the samples in a package are drawn, of each control's resources.

    Without ``seed``, the result's content digest is the seed: nobody chose it.
    """

    method: Literal["random", "stratified", "all"] = "random"
    size: Annotated[int, Field(ge=1)] = 25
    seed: Annotated[str, Field(pattern=r"^[^\r\n]*$", coerce_numbers_to_str=True)] = ""


class FrameworkSettings(_Checked):
    """How often one framework's DAG runs by itself."""

    id: FrameworkId
    schedule: Schedule = "month"


class Settings(_Checked):
    """Everything a deployment decides. ``regions[0]`` is the home region."""

    environment: Annotated[str, StringConstraints(min_length=1, max_length=64)] = "production"
    accounts: tuple[AccountSelector, ...] = ()
    regions: Annotated[tuple[RegionSelector, ...], Field(min_length=1)] = ("us-east-1",)
    role_name: RoleName = "ComplianceAuditRole"
    external_id: str | None = None
    session_tags: Annotated[dict[TagKey, TagValue], Field(max_length=50)] = {}
    evidence_bucket: BucketName = "audit-evidence"
    reports_bucket: BucketName = "audit-reports"
    kms_key: str | None = None  # id, alias or ARN; None: the AWS managed key
    sns_topic: Annotated[str, StringConstraints(pattern=r"^arn:[\w-]+:sns:")] | None = None
    custom_evidence: CustomEvidenceSettings = CustomEvidenceSettings()
    manual_evidence: ManualEvidenceSettings = ManualEvidenceSettings()
    registers: str = "registers"  # a folder, relative to the project
    audit_manager: AuditManagerSettings = AuditManagerSettings()
    expiring_within_days: Annotated[int, Field(ge=0)] = 30  # exceptions that end soon are named
    metering: MeteringSettings = MeteringSettings()
    sampling: SamplingSettings = SamplingSettings()
    framework_folder: str | None = None  # relative to the project; None: frameworks, if it is there
    enabled_frameworks: tuple[FrameworkId, ...] = ()  # none: all of them
    schedule: Schedule | None = None  # of all frameworks; None: as each one's own file says
    frameworks: tuple[FrameworkSettings, ...] = ()

    @model_validator(mode="after")
    def _nothing_twice(self) -> Settings:
        for name, values in (
            ("accounts", self.accounts),
            ("regions", self.regions),
            ("enabled_frameworks", self.enabled_frameworks),
            ("frameworks", tuple(framework.id for framework in self.frameworks)),
        ):
            for value in values:
                if values.count(value) > 1:
                    raise ValueError(f"{name}: {value} is listed twice")
        for key in self.session_tags:
            if key.lower().startswith("aws:"):
                raise ValueError(
                    f"session_tags: {key} begins with 'aws:', which AWS keeps to itself"
                )
            if [other.lower() for other in self.session_tags].count(key.lower()) > 1:
                raise ValueError(f"session_tags: {key} is listed twice; case makes no difference")
        if self.regions[0] == "enabled":
            raise ValueError("regions: the first is the home region and has to be named")
        return self

    @property
    def custom_bucket(self) -> str:
        """The bucket in which scripts drop records."""
        return self.custom_evidence.bucket or self.evidence_bucket

    @property
    def manual_bucket(self) -> str:
        """The bucket in which people hand in files."""
        return self.manual_evidence.bucket or self.evidence_bucket

    @property
    def registers_folder(self) -> Path:
        """Where exceptions, decisions, acceptances and exclusions are kept."""
        return ROOT / self.registers

    @property
    def own_frameworks(self) -> Path | None:
        """Where frameworks of the user's own are kept; None where there are none."""
        if self.framework_folder is not None:
            return ROOT / self.framework_folder
        return ROOT / "frameworks" if (ROOT / "frameworks").is_dir() else None

    @property
    def home_region(self) -> str:
        """Where account-wide questions are asked and results are stored."""
        return self.regions[0]

    def schedule_of(self, framework: str, default: str) -> str:
        """How often ``framework`` runs: as set for it, else for all, else ``default``."""
        own = (one.schedule for one in self.frameworks if one.id == framework)
        return next(own, self.schedule or default)


def settings_file(environ: Mapping[str, str] = os.environ) -> Path:
    """The file in force: ``AUDIT_SETTINGS``, else ``audit.yaml`` beside ``include/``."""
    return Path(environ.get("AUDIT_SETTINGS") or ROOT / "audit.yaml")


def load_settings(path: Path | None = None, environ: Mapping[str, str] = os.environ) -> Settings:
    """Read the settings; each value can be overridden by the environment.

    ``role_name`` is overridden by ``AUDIT_ROLE_NAME``, ``audit_manager.enabled`` by
    ``AUDIT_AUDIT_MANAGER_ENABLED``; lists are separated by commas
    (``AUDIT_FRAMEWORKS=cis_aws_5.0:month,soc2:quarter``,
    ``AUDIT_SESSION_TAGS=team=audit``). An empty value means "not set".
    Raises InputError naming key, value and file (or variable).
    """
    path = path or settings_file(environ)
    values = _read(path)
    origins: dict[str, str] = {}
    _override(Settings, values, environ, "AUDIT_", (), origins)
    try:
        return Settings.model_validate(values)
    except ValidationError as error:
        raise InputError(
            _explain(error, path, origins), hint="The keys are explained in audit.yaml."
        ) from None


def current_settings() -> Settings:
    """The settings in force, read again only when their file or the environment has changed."""
    path = settings_file()
    try:
        found = path.stat()
    except OSError:
        return load_settings(path)  # it tells what is wrong
    named = tuple(sorted(one for one in os.environ.items() if one[0].startswith("AUDIT_")))
    return _settings_of(path, found.st_mtime_ns, found.st_size, named)


@lru_cache(maxsize=2)
def _settings_of(
    path: Path, changed: int, size: int, named: tuple[tuple[str, str], ...]
) -> Settings:
    return load_settings(path, dict(named))


def _read(path: Path) -> dict[str, Any]:
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise InputError(
            f"There is no settings file {path}.",
            hint="Write one (see audit.yaml in the repository) or correct AUDIT_SETTINGS.",
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"The settings file {path} can't be read: {error}.") from None
    try:
        data = yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f", line {mark.line + 1}" if mark else ""
        problem = getattr(error, "problem", None) or "it is no YAML"
        raise InputError(f"The settings file {path}{where} is broken: {problem}.") from None
    if data is None:
        return {}
    if not isinstance(data, dict):
        raise InputError(f"The settings file {path} must hold keys and values.")
    return data


def _override(
    model: type[BaseModel],
    values: dict[str, Any],
    environ: Mapping[str, str],
    prefix: str,
    above: tuple[str, ...],
    origins: dict[str, str],
) -> None:
    """Lay the variables named after the model's fields over ``values``, in place."""
    for name, field in model.model_fields.items():
        variable = prefix + name.upper()
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            inner = dict(values.get(name) or {}) if _is_mapping(values.get(name)) else None
            if inner is not None:
                _override(field.annotation, inner, environ, variable + "_", (*above, name), origins)
                if inner:
                    values[name] = inner
            continue
        text = environ.get(variable, "").strip()
        if not text:
            continue
        origins[".".join((*above, name))] = variable
        if name == "frameworks":
            values[name] = [_framework(part) for part in _parts(text)]
        elif name == "session_tags":
            values[name] = dict(_tag(part) for part in _parts(text))
        elif str(field.annotation).startswith("tuple"):
            values[name] = _parts(text)
        else:
            values[name] = text


def _is_mapping(value: object) -> bool:
    return value is None or isinstance(value, dict)


def _parts(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


def _tag(text: str) -> tuple[str, str]:
    key, _, value = text.partition("=")
    return key.strip(), value.strip()


def _framework(text: str) -> dict[str, str]:
    name, _, schedule = text.partition(":")
    return {"id": name, "schedule": schedule} if schedule else {"id": name}


def _explain(error: ValidationError, path: Path, origins: Mapping[str, str]) -> str:
    """The first problem, in words: which key, which value, where it was set."""
    first = error.errors()[0]
    key = ".".join(str(part) for part in first["loc"])
    if not key:  # a problem of the whole, which names its key itself
        return f"The settings in {path} are wrong: {first['msg'].removeprefix('Value error, ')}."
    variable = next((origins[name] for name in origins if key.split(".")[0] == name), None)
    variable = variable or next((origins[name] for name in origins if key == name), None)
    where = f"the variable {variable}" if variable else str(path)
    if first["type"] == "extra_forbidden":
        return f"'{key}' in {where} is no setting.{_did_you_mean(key)}"
    value = first["input"]
    wish = first["msg"][0].lower() + first["msg"][1:]
    if key.startswith("accounts"):
        wish = (
            "an account is a text of 12 digits (in YAML, put it in quotes), an organisational "
            "unit (ou-…) or 'organization'"
        )
    return f"'{key}' in {where} is {value!r}, which is wrong: {wish}."


def _did_you_mean(key: str) -> str:
    from difflib import get_close_matches

    close = get_close_matches(key, list(Settings.model_fields), n=1)
    return f" Did you mean '{close[0]}'?" if close else ""
