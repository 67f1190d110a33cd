"""Reads a framework out of Audit Manager and writes it as a framework file of the user's own."""

from __future__ import annotations

import re
import tempfile
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from include.audit_manager.account import FRAMEWORK_TAG, AuditManagerAccount
from include.audit_manager.definition import ANEW, CHECKS, IMPORTED, PROVIDED
from include.audit_manager.keywords import Keyword, checks_of
from include.audit_manager.naming import split_name, split_set_name
from include.checks.catalogue import Catalogue, load_catalogue
from include.digests import plain
from include.errors import AuditError, InputError
from include.frameworks.loader import Frameworks, framework_files
from include.frameworks.schema import HOW_OFTEN, SOURCE_ORDER, Role

REASON = "Audit Manager's own mapping source"
#: The places of texts that Audit Manager doesn't have.
NO_PROCEDURE = "Read the evidence that was collected or handed in, and fail what contradicts it."
NO_PROVIDE = "The evidence that this control asks for, signed and dated by whoever answers for it."
REVIEW = (
    "A conclusion on what the collected configuration and activity show, signed and dated by its "
    "reviewer."
)
_FREQUENCIES = {words: name for name, words in HOW_OFTEN.items()}
#: A sentence ends with its mark, a space and a capital letter; "e.g. The" is rare enough.
_SENTENCE = re.compile(r"(?<=[.!?])\s+(?=[A-Z0-9\"'(])")


@dataclass(frozen=True)
class ImportedFramework:
    """What was imported: the file's content, and what of it isn't known here."""

    id: str
    name: str
    text: str
    controls: int
    checks: int
    #: By control, sources whose keyword no check answers.
    unknown: Mapping[str, tuple[str, ...]]


def find_framework(client: Any, wanted: str) -> dict[str, Any]:
    """The framework with that id or name, custom ones first. Raises InputError."""
    import difflib

    account = AuditManagerAccount(client)
    standing = [*account.custom_frameworks, *account.standard_frameworks]
    for agrees in (
        lambda one: wanted in (one["id"], one["name"]),
        lambda one: wanted.casefold() == one["name"].casefold(),
    ):
        for one in standing:
            if agrees(one):
                return account.framework(one["id"])
    names = [str(one["name"]) for one in standing]
    near = difflib.get_close_matches(wanted, names, n=3, cutoff=0.4) or names[:5]
    raise InputError(
        f"Audit Manager has no framework '{wanted}'.",
        hint=f"It has, among others: {'; '.join(near)}." if near else "It has none at all.",
    )


def import_framework(
    client: Any,
    wanted: str,
    *,
    own_id: str = "",
    taken: Iterable[str] = (),
    catalogue: Catalogue | None = None,
) -> ImportedFramework:
    """The framework with that id or name as a framework file.

    ``own_id`` is its id here; by default the one it was synced from, else one made of its name.
    ``taken`` are ids that frameworks have already. Raises InputError.
    """
    return as_file(
        find_framework(client, wanted),
        own_id=own_id,
        taken=taken,
        catalogue=catalogue,
        client=client,
    )


def as_file(
    found: Mapping[str, Any],
    *,
    own_id: str = "",
    taken: Iterable[str] = (),
    catalogue: Catalogue | None = None,
    client: Any = None,
) -> ImportedFramework:
    """A framework as GetAssessmentFramework shows it, as a framework file."""
    reader = _Reader(catalogue or load_catalogue(), client)
    title, version = _title_and_version(found)
    sets = [reader.control_set(part) for part in found["controlSets"] if part.get("controls")]
    head = {
        "id": own_id or _free_id(found, taken),
        "title": title,
        "version": version,
        "publisher": "AWS Audit Manager" if found.get("type") == "Standard" else "Own framework",
        "compliance_type": found.get("complianceType") or title,
        "description": found.get("description") or f"{title}, imported from Audit Manager.",
        "schedule": "month",
        "judge": "period_end",
        "sources": reader.sources(),
    }
    text = yaml.dump(
        {**head, "control_sets": sets},
        Dumper=_Dumper,
        sort_keys=False,
        allow_unicode=True,
        width=88,
    )
    comments = [f"# Imported from AWS Audit Manager: {_one_line(str(found['name']))}"]
    for control, unknown in reader.unknown.items():
        comments.append(f"# {control}: no check answers {', '.join(unknown)}")
    return ImportedFramework(
        id=str(head["id"]),
        name=str(found["name"]),
        text="\n".join([*comments, text]),
        controls=len(reader.ids),
        checks=len(reader.checks),
        unknown={control: tuple(unknown) for control, unknown in reader.unknown.items()},
    )


def write_framework(
    imported: ImportedFramework, folder: Path, *, catalogue: Catalogue | None = None
) -> Path:
    """Write the file into ``folder`` once it is known to be valid.

    Raises InputError when there is such a file already.
    """
    path = folder / f"{imported.id}.yaml"
    if path.exists():
        raise InputError(
            f"{path} is there already.", hint="Move it away, or import with another --id."
        )
    with tempfile.TemporaryDirectory() as tried:
        trial = Path(tried) / path.name
        trial.write_text(imported.text, encoding="utf-8")
        framework, problems = Frameworks([], catalogue).examine(trial)
        if framework is None:
            raise AuditError(
                f"What was imported is no valid framework: {problems[0].message}",
                hint="Please report this.",
            )
    try:
        folder.mkdir(parents=True, exist_ok=True)
        beside = path.with_name(f".{path.name}")
        beside.write_text(imported.text, encoding="utf-8")
        beside.replace(path)
    except OSError as error:
        raise AuditError(f"{path} can't be written: {error.strerror}.") from error
    return path


def taken_ids(folders: Sequence[Path]) -> set[str]:
    """Ids that frameworks of the library and of ``folders`` have."""
    return {path.stem for path in framework_files([one for one in folders if one.is_dir()])}


class _Dumper(yaml.SafeDumper):
    """Safe YAML without anchors and aliases, which people find hard to edit."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


class _Reader:
    """Turns control sets and controls into the form of a framework file."""

    def __init__(self, catalogue: Catalogue, client: Any) -> None:
        self.catalogue = catalogue
        self.client = client
        self.ids: set[str] = set()
        self.set_ids: set[str] = set()
        self.checks: set[str] = set()
        self.manual = False
        self.unknown: dict[str, list[str]] = {}

    def control_set(self, part: Mapping[str, Any]) -> dict[str, Any]:
        name = _one_line(part["name"])
        number, title = split_set_name(name)
        set_id = _unused(number or _slug(name), self.set_ids)
        controls = [self._control(control) for control in part["controls"]]
        return {"id": set_id, "title": title or name, "controls": controls}

    def sources(self) -> list[str]:
        """The header's list: what the checks can be answered by."""
        needed = {s.source for name in self.checks for s in self.catalogue[name].sources}
        if self.manual:
            needed.add("manual")
        return [name for name in SOURCE_ORDER if name in needed]

    def _control(self, control: Mapping[str, Any]) -> dict[str, Any]:
        if "controlMappingSources" not in control and self.client is not None:
            control = self.client.get_control(controlId=control["id"])["control"]
        number, title = split_name(_one_line(control["name"]))
        control_id = _unused(number or _slug(title), self.ids)
        title = title or control_id
        written: dict[str, Any] = {
            "id": control_id,
            "title": title,
            "objective": _one_line(control.get("description") or f"What holds: {title}."),
            "test_procedure": _sentences(control.get("testingInformation")) or [NO_PROCEDURE],
        }
        sources = control.get("controlMappingSources", [])
        groups = self._mappings(control_id, sources)
        decides = any(group["role"] == "required" for group in groups)
        manual = _manual(sources, groups=bool(groups), decides=decides)
        if manual:
            written["manual"] = manual
            self.manual = True
        if groups:
            written["checks"] = groups
        return written

    def _mappings(
        self, control_id: str, sources: Sequence[Mapping[str, Any]]
    ) -> list[dict[str, Any]]:
        """The checks: those that our own source names, else those that the keywords ask for."""
        named = _named_checks(sources)
        if named is not None:
            known = [(name, role) for name, role in named if name in self.catalogue]
            gone = [name for name, _ in named if name not in self.catalogue]
            if gone:
                self.unknown[control_id] = gone
            self.checks |= {name for name, _ in known}
            return [
                group
                for role in CHECKS
                for group in self._groups([name for name, its in known if its == role], role)
            ]
        keywords = [
            Keyword(str(source["sourceType"]), str(source["sourceKeyword"]["keywordValue"]))
            for source in sources
            if source.get("sourceType") != "MANUAL"
            and (source.get("sourceKeyword") or {}).get("keywordValue")
        ]
        chosen, unknown, others = checks_of(keywords, self.catalogue)
        # Common and core controls stand for sources that only AWS knows.
        left = [str(keyword) for keyword in unknown] + [
            f"{source['sourceType']} {source.get('sourceName', '')}".strip()
            for source in sources
            if source.get("sourceType") in ("Common_Control", "Core_Control")
            and not (source.get("sourceKeyword") or {}).get("keywordValue")
        ]
        if left:
            self.unknown[control_id] = left
        self.checks |= set(chosen)
        return [
            {
                **_mapping("required" if self.catalogue[name].judges else "shown"),
                "reason": _reason(keys, others.get(name, [])),
                "checks": [name],
            }
            for name, keys in chosen.items()
        ]

    def _groups(self, checks: Sequence[str], role: Role) -> list[dict[str, Any]]:
        """The checks of one role; those with values of their own stand alone."""
        plain_ones = [name for name in checks if "@" not in name]
        groups = [{**_mapping(role), "checks": plain_ones}] if plain_ones else []
        for name in checks:
            if "@" in name:
                base = self.catalogue[name.partition("@")[0]]
                values = {
                    key: list(value) if isinstance(value, tuple) else value
                    for key, value in self.catalogue[name].parameter_values.items()
                    if base.parameters[key].value != value
                }
                groups.append({**_mapping(role), "check": base.id, "parameters": values})
        return groups


def _mapping(role: Role) -> dict[str, Any]:
    return {"basis": "judgement", "role": role, "reason": f"{REASON}."}


def _reason(keywords: Sequence[Keyword], others: Sequence[str]) -> str:
    said = f"{REASON}: {', '.join(map(str, keywords))}."
    return f"{said} It could mean {', '.join(others)} as well." if others else said


def _named_checks(sources: Iterable[Mapping[str, Any]]) -> list[tuple[str, Role]] | None:
    """The checks that our own manual source names, with their roles; None where there is none."""
    own = [
        source
        for source in sources
        if source.get("sourceType") == "MANUAL"
        and re.fullmatch(rf"{IMPORTED}( \(\d+\))?", str(source.get("sourceName", "")))
    ]
    if not own:
        return None
    found: list[tuple[str, Role]] = []
    for source in own:
        for line in str(source.get("sourceDescription", "")).split("\n"):
            for role, head in CHECKS.items():
                if line.startswith(head):
                    found += [(name, role) for name in line.removeprefix(head).split(", ")]
    return found


def _manual(
    sources: Sequence[Mapping[str, Any]], *, groups: bool, decides: bool
) -> dict[str, str] | None:
    """What people have to provide; None where the checks alone decide."""
    asked = [
        source
        for source in sources
        if source.get("sourceType") == "MANUAL"
        and not str(source.get("sourceName", "")).startswith(IMPORTED)
    ]
    if asked:
        texts = []
        frequency = "period"
        for source in asked:
            lines = str(source.get("sourceDescription") or "").split("\n")
            for line in lines:
                words = line.removeprefix(ANEW).removesuffix(".")
                if line.startswith(ANEW) and words in _FREQUENCIES:
                    frequency = _FREQUENCIES[words]
                elif line.strip():
                    texts.append(line.strip())
            if not "".join(lines).strip() and source.get("sourceName") not in ("", None, PROVIDED):
                texts.append(f"{source['sourceName']}.")
        return {"provide": _one_line(" ".join(texts)) or NO_PROVIDE, "frequency": frequency}
    if decides:
        return None
    return {"provide": REVIEW if groups else NO_PROVIDE, "frequency": "period"}


def _title_and_version(found: Mapping[str, Any]) -> tuple[str, str]:
    """Of ``Title v1.2`` or ``Title, 2022``; else all is the title, and the day of the last change
    the version.
    """
    name = _one_line(str(found["name"]))
    forms = [r"(.+?)\s+v(\d.*)", r"(.+?),\s+((?:\d|Rev).*)", r"(.+?)\s+(Rev(?:ision|\.)? ?\d.*)"]
    if (found.get("tags") or {}).get(FRAMEWORK_TAG):
        forms.append(r"([^,]+), (.+)")  # as we name them
    for form in forms:
        if parts := re.fullmatch(form, name):
            return parts.group(1), parts.group(2)
    changed = plain(found.get("lastUpdatedAt") or found.get("createdAt"))
    return name, str(changed)[:10] if changed else "1"


def _free_id(found: Mapping[str, Any], taken: Iterable[str]) -> str:
    given = set(taken)
    synced = str((found.get("tags") or {}).get(FRAMEWORK_TAG, ""))
    if re.fullmatch(r"[a-z0-9][a-z0-9_.]*", synced) and synced not in given:
        return synced
    return _unused(_slug(str(found["name"])), given)


def _unused(name: str, taken: set[str]) -> str:
    """``name``, with a number behind it where it is taken; it is taken then."""
    free, n = name, 1
    while free in taken:
        n += 1
        free = f"{name}_{n}"
    taken.add(free)
    return free


def _slug(text: str) -> str:
    """An id made of a name: lower case, words joined by underscores."""
    ascii_text = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9.]+", "_", ascii_text).strip("_.")[:60].strip("_.") or "imported"


def _sentences(text: str | None) -> list[str]:
    """The lines of a text; one that is all in one line, in sentences."""
    lines = [_one_line(line) for line in (text or "").split("\n") if line.strip()]
    return lines if len(lines) != 1 else [one for one in _SENTENCE.split(lines[0]) if one]


def _one_line(text: str) -> str:
    return " ".join(str(text).split())
