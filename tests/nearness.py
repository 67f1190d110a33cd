"""How near texts of ours come to texts of others: equal ones, shared runs of words, equal content.

Pure: texts go in, findings come out. Three things are measured for each text of ours against each
text of others, after case, punctuation and mark-up are taken away:

- ``equal``: both are the same words;
- ``run``: the longest run of words that stands in both, in the same order, without a gap;
- ``shared``: how much of the content words (stems, without the small words) of both texts is
  common, from 0 to 1 (Jaccard's index). A sentence with synonyms or another order stays high.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass

#: Shorter runs are the language of the trade: "in transit and at rest", "the security group".
LEAST_RUN = 5
_WORD = re.compile(r"[a-z0-9]+(?:['._-][a-z0-9]+)*")
_MARK_UP = re.compile(r"<[^>]*>|&\w+;|\*\*")
_SMALL_WORDS = """
    a about above after all also an and any are as at be been by can check checks control do does
    doesn't each ensure ensures every for from has have if in into is isn't it its least make must
    no not of on one only or other out should so such sure than that the their them there these
    they this those to use used uses using was were when where whether which who will with within
    without you your
"""
_SMALL = frozenset(_SMALL_WORDS.split())
_ENDINGS = ("ations", "ation", "ings", "ing", "ies", "ied", "ed", "es", "s", "y", "e")


@dataclass(frozen=True)
class Text:
    """A text with where it stands, for people to read."""

    where: str
    text: str


@dataclass(frozen=True)
class Near:
    """The nearest that others come to a text of ours; ``theirs`` is the text that it is."""

    ours: Text
    theirs: Text
    measure: str
    value: float


def words(text: str) -> list[str]:
    """The words of a text: lower case, no punctuation, no mark-up.

    An identifier (``aes-256``, ``require_ssl``) is one word: nobody can say it otherwise.
    """
    plain = _MARK_UP.sub(" ", text).lower()
    found = _WORD.findall(plain)
    if "-" not in plain:
        return found
    out: list[str] = []
    for word in found:
        if "-" not in word or "_" in word or any(letter.isdigit() for letter in word):
            out.append(word)
        else:
            out += word.split("-")
    return out


def stems(text: str) -> frozenset[str]:
    """What a text speaks of: its words without the small ones and without their endings."""
    return frozenset(_stem(word) for word in words(text) if word not in _SMALL)


def _stem(word: str) -> str:
    for ending in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            return word.removesuffix(ending)
    return word


class Ours:
    """Texts of ours, made ready to be compared with many others."""

    def __init__(self, texts: Iterable[Text]) -> None:
        self.texts = list(texts)
        self._ids: dict[str, int] = {}
        self._grams: dict[tuple[int, ...], list[tuple[int, int]]] = {}
        self._equal: dict[tuple[int, ...], list[int]] = {}
        self._stems: list[frozenset[str]] = []
        self._speaking: dict[str, list[int]] = {}
        for n, text in enumerate(self.texts):
            spelt = tuple(self._ids.setdefault(word, len(self._ids)) for word in words(text.text))
            self._equal.setdefault(spelt, []).append(n)
            for at in range(len(spelt) - LEAST_RUN + 1):
                self._grams.setdefault(spelt[at : at + LEAST_RUN], []).append((n, at))
            self._stems.append(stems(text.text))
            for stem in self._stems[-1]:
                self._speaking.setdefault(stem, []).append(n)
        self._most = max(map(len, self._equal), default=0)

    def runs(self, others: Iterable[Text]) -> list[Near]:
        """For each text of ours the longest run that any of the others has too."""
        return self.runs_and_equals(others)[0]

    def runs_and_equals(self, others: Iterable[Text]) -> tuple[list[Near], list[Near]]:
        """The longest run for each text of ours; and the texts that are equal."""
        longest: dict[int, Near] = {}
        equal: dict[int, Near] = {}
        ids, grams = self._ids, self._grams
        for other in others:
            spelt = [ids.get(word, -1) for word in words(other.text)]
            if len(spelt) <= self._most:
                for n in self._equal.get(tuple(spelt), ()):
                    equal.setdefault(n, Near(self.texts[n], other, "equal", 1.0))
            growing: dict[tuple[int, int], int] = {}
            for at, gram in enumerate(zip(*(spelt[n:] for n in range(LEAST_RUN)), strict=False)):
                hits = grams.get(gram)
                if hits is None:
                    growing = {}
                    continue
                now = {}
                for n, place in hits:
                    run = growing.get((n, place - at), LEAST_RUN - 1) + 1
                    now[n, place - at] = run
                    if n not in longest or run > longest[n].value:
                        longest[n] = Near(self.texts[n], other, "run", run)
                growing = now
        return _nearest_first(longest.values()), list(equal.values())

    def shared(
        self, others: Iterable[Text], *, least: int = 3, most: int = 40, above: float = 0.0
    ) -> list[Near]:
        """For each text of ours the other that has most of its content words.

        Texts with fewer than ``least`` content words say too little to compare, and those of the
        others with more than ``most`` are no sentences. What shares less than ``above`` of its
        content words is left out.
        """
        nearest: dict[int, Near] = {}
        seen: set[frozenset[str]] = set()
        for other in others:
            theirs = stems(other.text)
            if not least <= len(theirs) <= most or theirs in seen:
                continue
            seen.add(theirs)
            for n in self._candidates(theirs, above):
                mine = self._stems[n]
                if len(mine) < least:
                    continue
                value = len(mine & theirs) / len(mine | theirs)
                if value >= above and (n not in nearest or value > nearest[n].value):
                    nearest[n] = Near(self.texts[n], other, "shared", value)
        return _nearest_first(nearest.values())

    def _candidates(self, theirs: frozenset[str], above: float) -> set[int]:
        """Those of ours that can share that much: then one of the rarest stems is common, too."""
        rarest = sorted(theirs, key=lambda stem: len(self._speaking.get(stem, ())))
        enough = len(rarest) - math.ceil(above * len(rarest)) + 1
        return {n for stem in rarest[:enough] for n in self._speaking.get(stem, ())}


def _nearest_first(found: Iterable[Near]) -> list[Near]:
    return sorted(found, key=lambda near: (-near.value, near.ours.where))
