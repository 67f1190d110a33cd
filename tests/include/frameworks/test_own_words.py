"""The library's words are our own: no text equals or nearly equals one that a package carries.

Compared with: the documentation of every AWS service that botocore brings along (some 220,000
texts) and the texts in moto's bundled data. Measures and thresholds (see tests/nearness.py):

- equal: none of three content words or more; shorter ones are names ("Systems Manager");
- a run of eight words or more in common: none. Over all texts of the library the longest runs
  shared with anybody are of five to seven words, and those are the language of the trade
  ("encrypted with a customer managed KMS key"); a copied sentence shares nine and more;
- nine tenths or more of the content words in common with a sentence about AWS Config, Security
  Hub, Audit Manager or License Manager: none. Near that are only sentences of three or four
  content words, which can't be said in any others.

NIST's control titles stand as NIST wrote them (public domain) and are left out.
"""

from __future__ import annotations

import gzip
import re
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

import botocore
import moto
import pytest

from include.checks.catalogue import load_catalogue
from include.frameworks.loader import Frameworks, framework_files
from tests.nearness import Near, Ours, Text, stems, words

#: From this many words on, what is shared in a row is a sentence of somebody else's.
COPIED_RUN = 8
COPIED_CONTENT = 0.9
#: With fewer content words a text is a name: "Systems Manager".
LEAST_NAME = 3
LEAST_CONTENT = 4
#: Services whose texts speak of what this library speaks of.
CLOSE = ("auditmanager", "config", "license-manager", "securityhub")
_DOCUMENTED = re.compile(rb'"documentation":"((?:[^"\\]|\\.)*)"')
_STRING = re.compile(rb'"((?:[^"\\]|\\.){20,})"')


def _own() -> Iterator[Text]:
    for check in load_catalogue().values():
        for name in ("question", "about", "remedy"):
            yield Text(f"check {check.id}, {name}", getattr(check, name))
    frameworks = Frameworks([])
    for path in framework_files([]):
        framework = frameworks.load_file(path)
        for control_set in framework.control_sets:
            for control in control_set.controls:
                where = f"{framework.id} {control.id}"
                if not framework.id.startswith("nist_800_53"):
                    yield Text(f"{where}, title", control.title)
                yield Text(f"{where}, objective", control.objective)
                for step in control.test_procedure:
                    yield Text(f"{where}, procedure", step)
                if control.manual:
                    yield Text(f"{where}, provide", control.manual.provide)
                for reason in dict.fromkeys(one.reason for one in control.checks if one.reason):
                    yield Text(f"{where}, reason", reason)


@lru_cache(maxsize=1)
def ours() -> Ours:
    """Every text of the catalogue and of the library, each once."""
    return Ours({text.text: text for text in _own()}.values())


@lru_cache(maxsize=1)
def theirs() -> tuple[Text, ...]:
    """What botocore and moto carry."""
    found: dict[bytes, Text] = {}
    for path in sorted(Path(botocore.__file__).parent.glob("data/*/*/service-2.json.gz")):
        for raw in _DOCUMENTED.findall(gzip.decompress(path.read_bytes())):
            if raw not in found:
                found[raw] = Text(path.parts[-3], raw.decode())
    for path in sorted(Path(moto.__file__).parent.glob("config/resources/*.json.gz")):
        for raw in _STRING.findall(gzip.decompress(path.read_bytes())):
            found.setdefault(raw, Text("moto", raw.decode()))
    return tuple(found.values())


def _told(found: list[Near]) -> str:
    return "\n".join(
        f"{near.measure} {near.value:g}: {near.ours.where}: {near.ours.text!r}\n"
        f"    {near.theirs.where}: {near.theirs.text[:200]!r}"
        for near in found
    )


def test_the_whole_library_and_whole_packages_are_compared() -> None:
    assert len(ours().texts) > 10_000
    assert len(theirs()) > 200_000
    assert {"config", "securityhub", "auditmanager", "moto"} <= {one.where for one in theirs()}


def test_no_text_equals_one_of_theirs_or_shares_a_run_of_words_with_it() -> None:
    runs, equals = ours().runs_and_equals(theirs())
    found = [near for near in equals if len(stems(near.ours.text)) >= LEAST_NAME]
    found += [near for near in runs if near.value >= COPIED_RUN]
    assert not found, _told(found)


def test_no_text_says_what_one_of_theirs_says_in_the_same_content_words() -> None:
    close = [
        Text(one.where, sentence)
        for one in theirs()
        if one.where in CLOSE
        for sentence in re.split(r"(?<=[.?!])\s", one.text)
    ]
    found = ours().shared(close, least=LEAST_CONTENT, above=COPIED_CONTENT)
    assert not found, _told(found)


# --- the measures themselves -------------------------------------------------------------------

SENTENCE = "Ensure that the log files of each trail are encrypted at rest with a customer key."


@pytest.mark.parametrize(
    ("text", "run"),
    [
        (SENTENCE, 16),
        ("ENSURE that the log-files of each trail are encrypted, at rest, with a key", 14),
        ("<p>The log files of <b>each</b> trail are encrypted</p>", 8),
        ("Each trail writes files of its own.", 0),
    ],
)
def test_a_shared_run_is_found_whatever_the_punctuation(text: str, run: int) -> None:
    (near, *_) = [*Ours([Text("a", text)]).runs([Text("b", SENTENCE)]), None]
    assert (near.value if near else 0) == run


def test_other_order_and_endings_are_the_same_content() -> None:
    near = Ours([Text("a", "Is each trail encrypting its log files with a customer's key?")])
    found = near.shared([Text("b", "The log file of trails, encrypted with the keys of customers")])
    assert found[0].value > 0.7
    assert near.shared([Text("b", "Buckets of the account refuse public requests")]) == []


def test_equal_is_equal_without_case_and_punctuation() -> None:
    mine = Ours([Text("a", "Root has no key."), Text("b", "Another thing")])
    _, equals = mine.runs_and_equals([Text("x", "root HAS, no key")])
    assert [one.ours.where for one in equals] == ["a"]


def test_an_identifier_is_one_word() -> None:
    assert words("Set require_ssl and Policy-Min-TLS-1-2 to AES-256, in-transit") == [
        *("set", "require_ssl", "and", "policy-min-tls-1-2", "to", "aes-256", "in", "transit")
    ]


def test_a_copied_sentence_is_caught() -> None:
    sentence = next(
        sentence
        for one in theirs()
        if one.where == "config"
        for sentence in re.split(r"(?<=[.?!])\s", one.text)
        if len(words(sentence)) > 14
    )
    config = [one for one in theirs() if one.where == "config"]
    assert Ours([Text("copied", sentence)]).runs(config)[0].value > 12
