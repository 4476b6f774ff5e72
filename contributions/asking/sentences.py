"""The sentences of a language as those read them who confirm or repair them: the same words, with each of their ways.

A sentence is what its prompts share: the words. Its ways are its prompts, each a feeling with its scene. What a native
speaker confirms is all of that, so a digest names it; other words, or another scene, are confirmed anew.
"""

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from contributions.asking import offering
from contributions.models import Prompt, SentenceConfirmation, SentenceRepair

Named = tuple[str, str]


@dataclass(frozen=True)
class Sentence:
    """One sentence of a language: its ways in their order, and whether these very words are confirmed."""

    language: str
    name: str
    ways: tuple[Prompt, ...]
    is_confirmed: bool
    is_repaired: bool = False

    @property
    def text(self) -> str:
        """The words."""
        return self.ways[0].text

    @property
    def content_sha256(self) -> str:
        """What a confirmation names."""
        return digest(self.ways)


def digest(ways: Iterable[Prompt]) -> str:
    """Of the words, and of each way with its scene, in whatever order they come."""
    content = sorted([way.pk, way.text, way.emotion, way.intensity, way.scene] for way in ways)
    return hashlib.sha256(json.dumps(content, ensure_ascii=False).encode()).hexdigest()


def grouped(prompts: Iterable[Prompt]) -> dict[Named, tuple[Prompt, ...]]:
    """The prompts of each sentence, by its language and name."""
    ways: dict[Named, list[Prompt]] = defaultdict(list)
    for prompt in prompts:
        ways[prompt.language, prompt.sentence].append(prompt)
    return {named: tuple(sorted(own, key=lambda way: way.pk)) for named, own in ways.items()}


def of(language: str | None = None) -> list[Sentence]:
    """The sentences that are offered, of all languages or of one; in three queries, however many there are."""
    only = {} if language is None else {"language": language}
    written = offering.written()
    ways = grouped(prompt for prompt in Prompt.objects.filter(**only).order_by("pk") if prompt.pk in written)
    last = SentenceConfirmation.objects.filter(**only).order_by("pk")
    standing = {(row.language, row.sentence, row.content_sha256): row.is_right for row in last}
    repaired = set(SentenceRepair.objects.filter(**only).values_list("language", "sentence"))
    return [
        Sentence(*named, own, standing.get((*named, digest(own)), False), named in repaired)
        for named, own in ways.items()
        if any(way.is_offered for way in own)
    ]


def apply_repairs(rows: list[Prompt]) -> None:
    """Put the last repair of each sentence in place of what the data file says, unless the file has changed since."""
    last = {(each.language, each.sentence): each for each in SentenceRepair.objects.order_by("pk")}
    for named, ways in grouped(rows).items():
        repair = last.get(named)
        if repair is not None and repair.file_sha256 == digest(ways):
            put_right(ways, text=repair.text, scenes=repair.scenes)


def put_right(ways: Iterable[Prompt], *, text: str, scenes: dict[str, str]) -> None:
    """Give the ways these words and scenes; a way that no scene is named for keeps its own."""
    for way in ways:
        way.text, way.scene = text, scenes.get(way.pk, way.scene)
