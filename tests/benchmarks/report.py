"""What one pass of the benchmark of screening says, as a page of tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from contributions.audio import examiner
from contributions.taxonomy import screening as rules
from tests.benchmarks import screened
from tests.benchmarks import twins as doubles
from tests.benchmarks.corpora import Source, Spoken
from tests.benchmarks.tables import Judged, consequences, grouped, listed, markdown, percent


def screening(judged: Sequence[Judged], found: Mapping[Source, Sequence[Spoken]], missing: Sequence[str]) -> str:
    """All of it but the duplicates."""
    of = grouped(judged, lambda one: one.screened.take.group)
    real, broken, unusual = (of[group] for group in ("real", "broken", "unusual"))
    acted = [one for one in real if one.screened.take.base.emotion]
    unusable = [one for one in real if not one.finding.is_usable]
    halves = {source.name: "yes" if source.is_chosen_on else "no" for source in found}
    parts = [
        f"Examiner {examiner.VERSION}, rules {rules.digest()[:12]}, code {screened.code()}.\n",
        "## Real speech\n",
        f"{len(real)} clips of {len(found)} sources; {len(unusable)} unusable, {percent(len(unusable), len(real))}.\n",
        consequences(real, lambda one: one.kind, what="source"),
        "\n".join(f"- Not here: {lack}" for lack in missing),
        "### By the emotion that was acted\n",
        consequences(by_name(acted, emotion), emotion, what="emotion"),
        consequences(by_name(acted, source_and_emotion), source_and_emotion, what="source and emotion"),
        "### By whether thresholds were chosen on the source\n",
        consequences(real, lambda one: halves[one.screened.take.base.source], what="chosen on it"),
        "### Every real clip that is called unusable\n",
        listed(unusable),
        "## Broken\n",
        consequences(broken, lambda one: one.kind, what="kind"),
        consequences(by_name(broken, way), way, what="way"),
        "### Every broken clip that is not caught\n",
        listed(one for one in broken if one.finding.is_usable),
        "## Doubtful\n",
        consequences(of["doubtful"], lambda one: one.kind, what="kind"),
        "## Whispered, shouted, quiet\n",
        consequences(unusual, lambda one: one.kind, what="kind"),
        consequences(originals(real, unusual), lambda one: "the same clips as they were", what="kind"),
        consequences(by_name(unusual, kind_and_emotion), kind_and_emotion, what="kind and emotion"),
        "### Every one of them that is called unusable\n",
        listed(one for one in unusual if not one.finding.is_usable and not one.under),
    ]
    return "\n".join(parts) + "\n"


def originals(real: Sequence[Judged], unusual: Sequence[Judged]) -> list[Judged]:
    """The real clips that the unusual ones were made from."""
    bases = {one.screened.take.base for one in unusual}
    return [one for one in real if one.screened.take.base in bases]


def by_name(judged: Sequence[Judged], name: object) -> list[Judged]:
    """The takes in the order of their names."""
    return sorted(judged, key=name)


def emotion(one: Judged) -> str:
    """What was acted."""
    return one.screened.take.base.emotion


def source_and_emotion(one: Judged) -> str:
    """Where, and what was acted."""
    return f"{one.screened.take.base.source}: {emotion(one)}"


def kind_and_emotion(one: Judged) -> str:
    """How it was changed, and what was acted."""
    return f"{one.kind}: {emotion(one)}"


def way(one: Judged) -> str:
    """How it was broken, without the container."""
    return f"{one.kind}: {one.screened.detail.rsplit(', ', 1)[0]}"


def twins(uploads: Sequence[doubles.Upload], shelf: doubles.Shelf) -> str:
    """The duplicates: what came again, and which different clips were taken for one."""
    rows = []
    for (kind, detail), some in grouped(uploads, lambda one: (one.kind, one.detail)).items():
        known = grouped(some, lambda one: one.known_as or "not known")
        rows.append((kind, detail, len(some), percent(sum(one.is_right for one in some), len(some)),
                     ", ".join(f"{name} {len(ones)}" for name, ones in known.items())))  # fmt: skip
    mistaken = [(one.clip.name, one.other.name, one.known_as, f"{one.score:.3f}") for one in shelf.mistaken]
    parts = [
        f"\n## Duplicates\n\nAmong {len(shelf.here)} real clips.\n",
        markdown(("kind", "how", "clips", "known as the right one", "as"), rows),
        "### Every clip of a corpus that is taken for another\n",
        markdown(("clip", "taken for", "as", "agreement"), mistaken) if mistaken else "None.\n",
        "### Every upload that is not known\n",
    ]
    missed = [(one.base.name, one.detail, one.known_as or "-") for one in uploads if not one.is_right]
    parts.append(markdown(("clip", "how", "taken for another as"), missed) if missed else "None.\n")
    return "\n".join(parts)
