"""One sound is let in once, however it is wrapped and whoever sends it; what is erased is known no more."""

import io
import threading
import uuid
from datetime import timedelta

import numpy as np
import pytest
from django.db import connections, transaction
from django.utils import timezone

from contributions import corpora, intake, states
from contributions.audio import fingerprint as sound
from contributions.audio.decode import Decoded
from contributions.leaving import withdrawal
from contributions.models import Clip, Fingerprint, FingerprintKey, LicenceGrant
from contributions.screening import duplicates
from contributions.screening.duplicates import Kind
from openempathic import moves
from tests import worlds
from tests.contributions.audio import sounds

ANGER, HAPPINESS = sounds.spoken("german-anger"), sounds.spoken("german-happiness")
RATE_HZ = 16_000


def heard(waveform):
    """What decoding a 16-bit file of this sound gives."""
    original = np.round(np.clip(waveform, -1, 1) * 32_767).astype(np.int16)
    return Decoded(
        waveform=(original / 32_768).astype(np.float32),
        original=original,
        sample_rate_hz=RATE_HZ,
        channels=1,
        container="wav",
        codec="pcm_s16le",
        duration_seconds=len(original) / RATE_HZ,
    )


def clip_of(someone, body):
    """A clip of theirs with these bytes, due for screening."""
    return worlds.stored_clip(someone, body)


def judged(clip, decoded):
    """The clip after its verdict, as screening gives it, and the twin that it was held against."""
    twin = duplicates.twin_of(clip, decoded)
    with transaction.atomic():
        to = Clip.Status.QUARANTINED if twin else Clip.Status.IN_REVIEW
        states.move(clip, to=to, by="worker:screening", reason=twin.kind if twin else "")
        duplicates.keep(clip, decoded)
    return twin


@pytest.fixture
def veras(vera):
    """A clip of Vera's that was let in."""
    clip = clip_of(vera, b"the bytes of Vera's take")
    assert judged(clip, heard(ANGER)) is None
    return clip


def test_the_same_bytes_are_known_whoever_sends_them(veras, otto):
    twin = judged(clip_of(otto, b"the bytes of Vera's take"), heard(ANGER))

    assert (twin.kind, twin.clip, twin.score) == (Kind.BYTES, veras, 1.0)


def test_bytes_that_came_in_before_fingerprints_were_kept_are_known(veras, otto):
    Fingerprint.objects.all().delete()

    assert judged(clip_of(otto, b"the bytes of Vera's take"), heard(ANGER)).clip == veras


def test_the_same_samples_in_another_container_are_known(veras, vera):
    twin = judged(clip_of(vera, b"the same as FLAC"), heard(ANGER))

    assert (twin.kind, twin.clip, twin.score) == (Kind.PCM, veras, 1.0)


@pytest.mark.parametrize(
    "again",
    [ANGER / 4, ANGER[2_345:-3_210], np.pad(ANGER, 20_000)],
    ids=["softer", "cut at both ends", "between silences"],
)
def test_the_same_sound_is_known_under_any_label(veras, otto, again):
    clip = clip_of(otto, b"something else")
    Clip.objects.filter(pk=clip.pk).update(language="pl", intended_emotion="sadness")
    twin = judged(clip, heard(again))

    assert (twin.kind, twin.clip) == (Kind.SOUND, veras)
    assert sound.SAME_FROM <= twin.score <= 1


def test_veras_second_take_of_the_same_words_is_let_in(veras, vera):
    # Both are EmoDB's sentence a01 by its speaker 03.
    assert judged(clip_of(vera, b"another take"), heard(HAPPINESS)) is None


def test_a_corpus_has_no_privilege(veras):
    permission = corpora.grant(
        "spoken", licence="CC-BY-4.0", source="a shelf", source_sha256="0" * 64, purposes=[], commercial=True
    )
    twin = judged(corpus_clip(permission, b"the bytes of Vera's take"), heard(ANGER))
    first = corpus_clip(permission, b"a take of its own")

    assert twin.clip == veras
    assert judged(first, heard(HAPPINESS)) is None
    assert judged(corpus_clip(permission, b"packed once more"), heard(HAPPINESS / 2)).clip == first


def corpus_clip(permission: LicenceGrant, body: bytes) -> Clip:
    """A licensed clip with these bytes, due for screening."""
    line = corpora.Line(path="-", speaker="m1", emotion="anger", language="en")
    return intake.intake(
        uuid.uuid4(),
        contributor=corpora.speaker(line, permission, {"m1": "train"}),
        body=io.BytesIO(body),
        announced=worlds.announced(body),
        by="import",
        permission=intake.Permission(permission),
    ).clip


def test_the_same_upload_again_is_no_duplicate(veras, vera):
    body = b"the bytes of Vera's take"
    receipt = intake.intake(
        veras.pk,
        contributor=worlds.voice_of(vera),
        body=io.BytesIO(body),
        announced=worlds.announced(body),
        by=vera,
    )

    assert (receipt.clip, receipt.is_new) == (veras, False)
    assert duplicates.twin_of(veras, heard(ANGER)) is None


def test_what_is_not_screened_yet_is_nobodys_twin(vera, otto):
    clip_of(vera, b"the same bytes")

    assert judged(clip_of(otto, b"the same bytes"), heard(ANGER)) is None


def test_an_unusable_clip_is_nobodys_twin(vera, otto):
    unusable = clip_of(vera, b"the same bytes")
    states.move(unusable, to=Clip.Status.UNUSABLE, by="worker:screening", reason="CLIPPED")
    with transaction.atomic():
        duplicates.keep(unusable, heard(ANGER))

    assert judged(clip_of(otto, b"the same bytes"), heard(ANGER)) is None


def test_the_third_copy_is_known_by_the_first(veras, vera, otto):
    judged(clip_of(otto, b"a copy"), heard(ANGER / 2))

    assert judged(clip_of(vera, b"another copy"), heard(ANGER / 2.001)).clip == veras


def test_a_copy_is_known_when_the_first_was_taken_back(veras, vera, otto):
    copy = clip_of(otto, b"a copy")
    judged(copy, heard(ANGER / 2))
    withdrawal.withdraw(veras, by=vera)

    assert judged(clip_of(vera, b"another copy"), heard(ANGER / 3)).clip == copy


def test_a_clip_that_is_screened_again_is_not_held_against_its_own_copies(veras, milo, otto):
    judged(clip_of(otto, b"the bytes of Vera's take"), heard(ANGER))
    kept = Fingerprint.objects.get(clip=veras)
    states.move(veras, to=Clip.Status.QUARANTINED, by=milo, reason="REPORTED")
    states.move(veras, to=Clip.Status.STORED, by=milo)

    assert judged(veras, heard(ANGER)) is None
    assert Fingerprint.objects.get(clip=veras).pk == kept.pk


def test_a_copy_that_is_screened_again_still_is_one(veras, milo, otto):
    copy = clip_of(otto, b"the bytes of Vera's take")
    judged(copy, heard(ANGER))
    states.move(copy, to=Clip.Status.STORED, by=milo)

    assert judged(copy, heard(ANGER)).clip == veras


def test_a_withdrawn_clip_matches_nothing_from_that_moment(veras, vera, otto):
    withdrawal.withdraw(veras, by=vera)

    assert judged(clip_of(otto, b"the bytes of Vera's take"), heard(ANGER)) is None


def test_a_purged_clip_leaves_no_fingerprint(veras, vera):
    withdrawal.withdraw(veras, by=vera)
    Clip.objects.filter(pk=veras.pk).update(lease_expires_at=timezone.now() - timedelta(seconds=1))
    withdrawal.purge_due(veras.pk)

    assert not Fingerprint.objects.exists()
    assert not FingerprintKey.objects.exists()


def test_a_withdrawn_clip_is_kept_by_no_worker_that_comes_late(vera):
    clip = clip_of(vera, b"the bytes of Vera's take")
    withdrawal.withdraw(Clip.objects.get(pk=clip.pk), by=vera)

    with pytest.raises(moves.MovedMeanwhile):
        judged(clip, heard(ANGER))
    assert not Fingerprint.objects.exists()


def test_a_fingerprint_of_another_version_is_made_anew_in_its_place(veras):
    kept = Fingerprint.objects.get()
    Fingerprint.objects.update(version="0", signs=b"")
    duplicates.keep(Clip.objects.get(pk=veras.pk), heard(ANGER))

    assert Fingerprint.objects.get().pk == kept.pk
    assert Fingerprint.objects.get().signs == kept.signs
    assert FingerprintKey.objects.count() == len(duplicates.fingerprint_of(heard(ANGER)).keys)


def test_keeping_twice_keeps_once(veras):
    rows = FingerprintKey.objects.count()
    duplicates.keep(veras, heard(ANGER))

    assert (Fingerprint.objects.count(), FingerprintKey.objects.count()) == (1, rows)


@pytest.mark.parametrize("waveform", [np.zeros(RATE_HZ), np.zeros(10)], ids=["silence", "a moment"])
def test_silences_are_only_alike_in_their_samples(vera, waveform):
    judged(clip_of(vera, b"one"), heard(waveform))

    assert judged(clip_of(vera, b"two"), heard(waveform)).kind == Kind.PCM
    assert judged(clip_of(vera, b"three"), heard(np.append(waveform, 0))) is None


@pytest.mark.parametrize("crowd", [3, 300])
def test_looking_asks_as_often_however_many_clips_there_are(veras, otto, crowd, django_assert_max_num_queries):
    new, decoded = clip_of(otto, b"a copy"), heard(ANGER / 2)
    chance = np.random.default_rng(0)
    voice = worlds.voice_of(otto)
    for number in range(crowd):
        other = Clip.objects.create(
            contributor=voice, language="en", sha256=f"{number:064}", byte_count=1, status=Clip.Status.ACCEPTED
        )
        row = Fingerprint.objects.create(clip=other, version="1", pcm_sha256=f"{number:064}", signs=bytes(400))
        keys = [*chance.integers(0, 1 << 40, 20).tolist(), *veras.fingerprint.keys.values_list("key", flat=True)[:3]]
        FingerprintKey.objects.bulk_create(FingerprintKey(key=key, fingerprint=row) for key in keys)

    with django_assert_max_num_queries(7):
        assert duplicates.twin_of(new, decoded).clip == veras


@pytest.mark.django_db(transaction=True)
def test_of_two_copies_judged_at_one_moment_one_is_let_in(vera, otto):
    both = [clip_of(vera, b"Vera's copy"), clip_of(otto, b"Otto's copy")]
    looked, outcomes = threading.Barrier(2), []

    def work(clip, decoded):
        try:
            assert duplicates.twin_of(clip, decoded) is None
            looked.wait(timeout=30)
            with transaction.atomic():
                states.move(clip, to=Clip.Status.IN_REVIEW, by="worker:screening")
                duplicates.keep(clip, decoded)
            outcomes.append("let in")
        except duplicates.TwinKeptMeanwhile as meanwhile:
            outcomes.append(meanwhile.twin.kind)
        finally:
            connections.close_all()

    workers = [
        threading.Thread(target=work, args=(clip, heard(ANGER / by))) for clip, by in zip(both, (1, 2), strict=True)
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()

    assert sorted(outcomes) == [Kind.SOUND, "let in"]
    assert sorted(Clip.objects.values_list("status", flat=True)) == [Clip.Status.IN_REVIEW, Clip.Status.STORED]
    assert Fingerprint.objects.count() == 1
