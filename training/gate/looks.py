"""How often these test speakers were looked at before: told by the releases of the runs that were judged.

A look at half of today's test clips' speakers counts half. A run that ended before it was judged is not counted, though
whoever watched it may have seen a figure: what nobody decided by cannot have been picked for its luck.
"""

from collections import Counter
from uuid import UUID

from django.db.models import Q, QuerySet

from contributions.models import Release, ReleaseClip
from contributions.models.contributor import Split
from training.models import TrainingRun


def earlier(run: TrainingRun) -> float:
    """The looks at the test speakers of the run's release that other runs have taken before it."""
    if run.release is None:
        return 0.0
    today = voices(run.release)
    total = sum(today.values())
    if not total:
        return 0.0
    judged = TrainingRun.objects.filter(Q(verdict__has_key="looks") | Q(status=TrainingRun.Status.PUBLISHED))
    judged = judged.exclude(pk=run.pk).filter(release__isnull=False, opened_at__lte=run.opened_at)
    seen: dict[UUID, set[UUID]] = {}
    looks = 0.0
    for release in judged.values_list("release_id", flat=True):
        if release not in seen:
            seen[release] = speakers(release)
        looks += sum(clips for voice, clips in today.items() if voice in seen[release]) / total
    return looks


def voices(release: Release) -> Counter[UUID]:
    """How many test clips each speaker has."""
    return Counter(of_test(release.pk).values_list("clip__contributor_id", flat=True))


def speakers(release: UUID) -> set[UUID]:
    """Who speaks its test clips."""
    return set(of_test(release).values_list("clip__contributor_id", flat=True).distinct())


def of_test(release: UUID) -> QuerySet[ReleaseClip]:
    """The test clips of a release."""
    return ReleaseClip.objects.filter(release_id=release, split=Split.TEST)
