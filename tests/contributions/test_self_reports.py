"""How it was: Vera says what she felt; it stays beside what listeners hear, and goes with the clip."""

import json
import uuid
import zipfile

import pytest
from django.urls import reverse
from django.utils import timezone

from contributions import self_reports
from contributions.consenting import consent
from contributions.leaving import exports, homecoming, withdrawal
from contributions.listening import ratings
from contributions.models import Clip, ConsentText, Contributor, Purpose, Rating, Release, SelfReport
from contributions.models.contributor import Split
from contributions.releasing import releases, selection
from contributions.self_reports import Said
from tests import harvest, worlds

SAID = Said(emotion="fear", styles=("tremble", "whisper"), description="I thought of the night bus.")
DATASET = (Purpose.STORE_AND_REVIEW, Purpose.TRAIN_MODELS, Purpose.RELEASE_DATASET)


def say(clip, said=SAID, *, by=None, report_id=None):
    return self_reports.say(clip, said, report_id=report_id or uuid.uuid4(), by=by or clip.contributor.actor)


def told(clip):
    """What counts of the clip now."""
    found = self_reports.newest([clip.pk])
    return self_reports.content(found[clip.pk]) if found else None


# The act


def test_a_later_answer_counts_and_the_earlier_one_stays(vera):
    clip = worlds.stored_clip(vera)
    say(clip)
    say(clip, Said(emotion="not_sure"))

    assert told(clip) == Said(emotion="not_sure")
    assert clip.self_reports.count() == 2
    say(clip, Said())
    assert told(clip) is None


def test_the_same_answer_sent_twice_is_kept_once_and_another_under_its_number_is_refused(vera):
    clip, other = worlds.stored_clip(vera), worlds.stored_clip(vera)
    number = uuid.uuid4()

    assert say(clip, report_id=number).is_new
    assert not say(clip, report_id=number).is_new
    with pytest.raises(self_reports.AnotherAnswer):
        say(clip, Said(emotion="anger"), report_id=number)
    with pytest.raises(self_reports.AnotherAnswer):
        say(other, report_id=number)
    assert SelfReport.objects.count() == 1


def test_only_the_clips_own_voice_says_how_it_was(vera, otto, milo, cleo):
    clip = worlds.stored_clip(vera)

    for somebody in (otto, milo, cleo):
        with pytest.raises(self_reports.NotYours):
            say(clip, by=somebody)
    assert told(clip) is None


@pytest.mark.parametrize(
    "said",
    [Said(emotion="bliss"), Said(emotion="cannot_tell"), Said(styles=("yodel",)), Said(styles=("cry", "cry"))],
)
def test_a_word_that_nobody_offers_is_refused(vera, said):
    with pytest.raises(self_reports.UnknownWord):
        say(worlds.stored_clip(vera), said)


def test_own_words_end_at_500_letters(vera):
    clip = worlds.stored_clip(vera)
    say(clip, Said(description="é" * 500))

    with pytest.raises(self_reports.TooLong):
        say(clip, Said(description="é" * 501))


def test_a_program_that_keeps_changing_its_mind_is_stopped(vera, monkeypatch):
    monkeypatch.setattr(self_reports, "ANSWERS_MAX", 2)
    clip = worlds.stored_clip(vera)
    say(clip)
    say(clip)

    with pytest.raises(self_reports.TooOften):
        say(clip)


def test_who_agreed_to_words_that_did_not_name_it_is_asked_before_anything_is_kept(vera):
    clip = worlds.stored_clip(vera)
    # What vera would have agreed to before: the only thing that her answer's chain points at.
    ConsentText.objects.filter(purpose=Purpose.STORE_AND_REVIEW).update(version="1.0")

    with pytest.raises(self_reports.NotAgreed):
        say(clip)
    assert told(clip) is None


def test_what_was_said_goes_with_the_clip_at_the_purge_and_nothing_is_said_after_a_withdrawal(vera):
    clip = worlds.stored_clip(vera)
    say(clip)
    withdrawal.withdraw(clip, by=vera)

    with pytest.raises(self_reports.Gone):
        say(clip)
    withdrawal.purge_due(clip.pk)
    assert Clip.objects.get(pk=clip.pk).status == Clip.Status.PURGED
    assert not SelfReport.objects.exists()


# The door for programs and for our own pages


def put(client, clip_id, **said):
    words = json.dumps({"id": str(uuid.uuid4()), **said})
    return client.put(reverse("api:self-report", args=[clip_id]), words, content_type="application/json")


def test_a_report_that_comes_before_its_clip_is_told_to_come_again(vera, client):
    client.force_login(vera)

    assert put(client, uuid.uuid4(), emotion="fear").status_code == 404


def test_a_report_is_kept_once_however_often_it_is_sent(vera, client):
    client.force_login(vera)
    clip, number = worlds.stored_clip(vera), str(uuid.uuid4())
    said = {"id": number, "emotion": "fear", "styles": ["cry"], "description": "  a bus  "}

    answers = [put(client, clip.pk, **said) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [201, 200]
    assert answers[0].json()["description"] == "a bus"
    assert client.get(reverse("api:self-report", args=[clip.pk])).json()["emotion"] == "fear"
    assert put(client, clip.pk, **said | {"emotion": "anger"}).json()["code"] == "another_answer"


@pytest.mark.parametrize(
    "said", [{"emotion": "bliss"}, {"styles": ["yodel"]}, {"styles": "cry"}, {"description": "x" * 501}, {"id": "7"}]
)
def test_what_is_malformed_is_refused_in_words(vera, client, said):
    client.force_login(vera)
    answer = put(client, worlds.stored_clip(vera).pk, **said)

    assert answer.status_code == 400
    assert answer.json().keys() == {"code", "message"}


def test_a_withdrawn_clip_takes_no_report_and_a_strangers_is_not_there(vera, otto, client):
    clip = worlds.stored_clip(vera)
    client.force_login(otto)
    assert put(client, clip.pk, emotion="fear").status_code == 404

    withdrawal.withdraw(clip, by=vera)
    client.force_login(vera)
    assert put(client, clip.pk, emotion="fear").status_code == 410


# Listeners


def test_no_listener_sees_it_before_or_after_their_answer(vera, milo, client):
    clip = worlds.screened_clip(vera)
    client.force_login(milo)
    turn = ratings.open_turn(milo)
    before = seen(client.get(reverse("listen")))
    say(clip, Said(emotion="pensive", styles=("tremble",), description="I thought of the night bus."))

    page = client.get(reverse("listen"))
    assert str(turn.pk) in page.content.decode()
    assert seen(page) == before
    assert "night bus" not in page.content.decode()
    rating = ratings.rate(worlds.heard(turn), by=milo, answer=ratings.Answer(is_usable=True, emotion="anger"))
    after = client.get(reverse("listen-step", args=[rating.pk])).content.decode()
    assert "night bus" not in after
    assert "pensive" not in str(Rating.objects.values())
    client.get(reverse("api:self-report", args=[clip.pk]))
    assert client.get(reverse("api:self-report", args=[clip.pk])).status_code == 404


def seen(response):
    """The page without what changes at each visit."""
    import re

    return re.sub(r'(nonce|value)="[^"]{20,}"', "", response.content.decode())


# Releases


@pytest.fixture
def voices(_stocked):
    """Accepted clips of two volunteers, one of whom is tested on."""
    clips = harvest.contributed("ada", purposes=DATASET, clips_each=1)
    harvest.contributed("eve", side=Split.TEST, purposes=DATASET, clips_each=1)
    return clips


def chosen(kind, clip):
    with selection.select(kind) as release:
        return next(each for each in release.in_order() if each.clip == clip.pk)


@pytest.mark.parametrize("kind", list(Release.Kind))
def test_a_release_carries_it_apart_and_counts_it_for_nothing(voices, kind):
    clip = voices[0]
    before = chosen(kind, clip)
    say(clip, Said(emotion="surprise", styles=("laugh",), description="words of my own"))

    after = chosen(kind, clip)
    assert after.self_reported == {"emotion": "surprise", "styles": ["laugh"]}
    assert (after.emotions, after.intensity, after.texts) == (before.emotions, before.intensity, before.texts)
    assert after.emotion == before.emotion
    assert after.key != before.key


def test_in_the_files_it_lies_in_original_data_and_nowhere_else(voices, tmp_path):
    for clip in voices:
        say(clip, Said(emotion="romantic", description="words of my own"))
    folder = tmp_path / "release"
    releases.freeze(Release.Kind.TRAINING, at=timezone.now(), by="tester", folder=folder)

    texts = [member for path in folder.glob("shards/*.tar") for member in members(path)]
    # Every description has the same fields, so that the tools of researchers read them as one table.
    told = [text["original_data"].pop("self_reported") for text in texts]
    assert [each for each in told if each["emotion"]] == [{"emotion": "romantic", "styles": [""]} for _ in voices]
    assert "romantic" not in json.dumps(texts)
    assert "romantic" not in (folder / "manifest.json").read_text()
    assert "words of my own" not in json.dumps(texts)


def members(path):
    """What lies beside each sound of a shard."""
    import tarfile

    with tarfile.open(path) as tar:
        return [json.load(tar.extractfile(name)) for name in tar.getnames() if name.endswith(".json")]


def test_a_public_dataset_carries_it_only_where_the_words_agreed_to_name_it(voices):
    clip = voices[0]
    say(clip, Said(emotion="surprise"))
    ConsentText.objects.filter(purpose=Purpose.RELEASE_DATASET).update(version="1.0")

    assert chosen(Release.Kind.DATASET, clip).self_reported is None
    assert chosen(Release.Kind.TRAINING, clip).self_reported == {"emotion": "surprise", "styles": []}


# Taken along and brought home


def test_it_is_in_the_archive_and_comes_home_with_it(vera, tmp_path):
    clip = worlds.stored_clip(vera)
    say(clip, Said(emotion="anger"))
    say(clip)
    voice = consent.contributor_for(vera)
    path = tmp_path / "voice.zip"
    path.write_bytes(exports.export(voice, by=vera).read())
    with zipfile.ZipFile(path) as archive:
        said = json.loads(archive.read(f"clips/{clip.pk}/self_reports.json"))
    assert [each["emotion"] for each in said] == ["anger", "fear"]
    before = list(SelfReport.objects.values())

    forget_everything()
    homecoming.import_export(path)
    assert list(SelfReport.objects.values()) == before
    assert told(clip) == SAID


def forget_everything():
    """A site that has lost its database."""
    from django.db import connection

    Clip.objects.all().delete()
    with connection.cursor() as cursor:
        for table in ("contributions_currentconsent", "contributions_consentevent"):
            cursor.execute(f"DELETE FROM {table}")
    Contributor.objects.all().delete()
