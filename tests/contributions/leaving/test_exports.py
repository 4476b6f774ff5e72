"""Vera takes everything with her, and a site that has lost it takes it back: counts and digests are equal."""

import hashlib
import io
import json
import uuid
import zipfile

import pytest
from django.core.management import CommandError, call_command
from django.urls import reverse
from django.utils import timezone

from contributions.asking import coverage, wishes
from contributions.consenting import consent, records
from contributions.leaving import exports, homecoming, withdrawal
from contributions.models import (
    Clip,
    ClipLabel,
    ConsentEvent,
    Contributor,
    CurrentConsent,
    Examination,
    Fingerprint,
    Prompt,
    PromptReport,
    PromptSkip,
    Purpose,
    Rating,
    RatingVoid,
    Suggestion,
    TakingBack,
)
from openempathic import storage
from openempathic.audit.models import AuditEvent
from openempathic.registry.models import Checkpoint
from tests import worlds

WISHES = ((PromptSkip, "skipped_at"), (PromptReport, "reported_at"))


@pytest.fixture
def voice(vera):
    return consent.contributor_for(vera)


@pytest.fixture
def given(vera, milo, voice):
    """An accepted clip, one that waits, one that was withdrawn and purged, and a consent that was changed."""
    accepted = worlds.accepted_clip(vera, by=milo, emotion="fear")
    worlds.screened_clip(vera, worlds.SOUNDS / "german-sadness.wav")
    gone = worlds.screened_clip(vera, worlds.SOUNDS / "german-fear.wav")
    withdrawal.withdraw(gone, by=vera)
    withdrawal.purge_due(gone.pk)
    consent.withdraw(voice, Purpose.TRAIN_MODELS, by=vera, locale="en")
    skipped, reported = acted()[5:7]
    wishes.skip(skipped, voice=voice, reason="UPSETTING", words="a cough")
    wishes.report(reported, voice=voice, reason="WRONG", words="a comma")
    return accepted


def acted():
    return Prompt.objects.filter(language="en", kind="ACTED").order_by("sentence", "pk")


@pytest.fixture
def archive(vera, voice, given, tmp_path):
    path = tmp_path / "my-voice.zip"
    with exports.export(voice, by=vera) as file:
        path.write_bytes(file.read())
    return path


def emptied():
    """The site as if it had never met Vera's voice."""
    Rating._base_manager.all().delete()
    Examination.objects.all().delete()
    Clip.objects.all().delete()
    CurrentConsent.objects.all().delete()
    TakingBack.objects.all().delete()
    ConsentEvent.objects.all().delete()
    PromptReport.objects.all().delete()
    Contributor.objects.all().delete()
    storage.erase("clips/")


def files_of(path):
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def rewritten(path, *, change=(), drop=(), honest=True):
    """The archive with files changed; an honest forger brings the manifest into line."""
    files = {name: body for name, body in files_of(path).items() if name not in drop} | dict(change)
    if honest:
        manifest = json.loads(files["manifest.json"])
        manifest["files"] = [each for each in manifest["files"] if each["path"] in files]
        for each in manifest["files"]:
            body = files[each["path"]]
            each |= {"sha256": hashlib.sha256(body).hexdigest(), "byte_count": len(body)}
        files["manifest.json"] = json.dumps(manifest).encode()
    with zipfile.ZipFile(path, "w") as archive:
        for name, body in files.items():
            archive.writestr(name, body)


def test_the_manifest_names_every_file_with_its_digest(archive, given):
    files = files_of(archive)
    manifest = json.loads(files.pop("manifest.json"))

    assert {each["path"]: each["sha256"] for each in manifest["files"]} == {
        name: hashlib.sha256(body).hexdigest() for name, body in files.items()
    }
    assert manifest["counts"] == {"clips": 3, "consents": 11}
    assert hashlib.sha256(files[given.original]).hexdigest() == given.sha256
    assert files[given.archive] == storage.read(given.archive)


def test_labels_and_log_are_there_and_nobody_else_is_in_it(archive, given, vera, milo):
    files = files_of(archive)
    labels = json.loads(files[f"{given.prefix}/labels.json"])

    assert [label["emotion"] for label in labels] == ["fear"]
    assert not any("rater" in label for label in labels)
    log = json.loads(files["log.json"])
    assert {("clip.rated", "another person"), ("clip.stored", "you")} <= {(act["act"], act["by"]) for act in log}
    words = b"".join(body for name, body in files.items() if name.endswith(".json")).decode()
    assert milo.email not in words
    assert vera.email not in words


def test_what_a_model_heard_is_there_once_listeners_have_answered(vera, voice, given):
    champion = Checkpoint.objects.create(
        digest="0" * 64, status="CHAMPION", preset="nano", release_digest="0" * 64, run_id=uuid.uuid4(), files={}
    )
    waiting = Clip.objects.get(status=Clip.Status.IN_REVIEW)
    for clip in (given, waiting):
        scores = {"scores": {"fear": 0.9}, "emotion": "fear", "made_at": timezone.now()}
        Suggestion.objects.update_or_create(clip=clip, checkpoint=champion, defaults=scores)

    with exports.export(voice, by=vera) as file, zipfile.ZipFile(file) as archive:
        (said,) = json.loads(archive.read(f"clips/{given.pk}/suggestions.json"))
        assert (said["emotion"], said["checkpoint"]) == ("fear", champion.version)
        assert f"clips/{waiting.pk}/suggestions.json" not in archive.namelist()


def test_a_withdrawn_clip_is_told_of_and_not_heard(archive, vera, voice):
    owed = Clip.objects.filter(status=Clip.Status.IN_REVIEW).get()
    withdrawal.withdraw(owed, by=vera)
    with exports.export(voice, by=vera) as file, zipfile.ZipFile(file) as again:
        names = again.namelist()

    assert owed.archive in files_of(archive)
    assert f"{owed.prefix}/clip.json" in names
    assert owed.archive not in names
    assert owed.original not in names


def test_what_was_exported_comes_back_with_equal_counts_and_digests(archive, voice, tmp_path):
    before = files_of(archive)
    emptied()
    call_command("import_export", archive)

    home = Contributor.objects.get()
    assert (home.pk, home.user) == (voice.pk, None)
    assert consent.broken_link(home) is None
    assert consent.current(home) == consent.folded(home) == {each: each == Purpose.STORE_AND_REVIEW for each in Purpose}
    assert list(records.broken_records()) == []
    with (tmp_path / "again.zip").open("wb") as file:
        exports.write(home, file, at=timezone.now())
    after = files_of(tmp_path / "again.zip")
    # The log tells another story, as it should: here the voice came home.
    for files in (before, after):
        del files["log.json"], files["manifest.json"]
    assert after == before
    assert AuditEvent.objects.filter(act="contributor.imported").count() == 1


def test_an_answer_that_counts_no_more_counts_no_more_at_home(vera, voice, given, tmp_path):
    heard = given.ratings.get()
    RatingVoid.objects.create(rating=heard, reason="SPAM")
    values = {"is_usable": True, "emotion": "other", "other_word": "wistful", "valence": 2, "styles": ["whisper"]}
    stands = Rating.objects.create(clip=given, phase="BLIND", **values)
    path = tmp_path / "my-voice.zip"
    with exports.export(voice, by=vera) as file:
        path.write_bytes(file.read())
    emptied()

    call_command("import_export", path)

    (home,) = Rating.objects.filter(clip=given.pk).counting()
    assert home.pk == stands.pk
    assert {name: getattr(home, name) for name in values} == values
    assert Rating.objects.get(pk=heard.pk).voids.get().reason == "SPAM"
    assert ClipLabel.objects.get(clip=given.pk).rating_count == 1


def test_a_recording_that_came_home_is_known_again(vera, settings, tmp_path):
    settings.SEEK_DUPLICATES = True
    clip = worlds.screened_clip(vera)
    gone = worlds.screened_clip(vera, worlds.SOUNDS / "german-fear.wav")
    withdrawal.withdraw(gone, by=vera)
    before = kept_of(clip)
    with exports.export(consent.contributor_for(vera), by=vera) as file:
        (tmp_path / "voice.zip").write_bytes(file.read())
    assert f"{gone.prefix}/fingerprint.json" not in files_of(tmp_path / "voice.zip")

    emptied()
    call_command("import_export", tmp_path / "voice.zip")

    assert kept_of(clip) == before
    assert len(before["keys"]) > 5
    assert not Fingerprint.objects.filter(clip=gone.pk).exists()
    again = worlds.screened_clip(worlds.volunteer("ada"))
    assert (again.status, again.status_reason) == ("QUARANTINED", "DUPLICATE_BYTES")
    with (tmp_path / "again.zip").open("wb") as file:
        exports.write(Contributor.objects.get(pk=clip.contributor_id), file, at=timezone.now())
    name = f"{clip.prefix}/fingerprint.json"
    assert files_of(tmp_path / "again.zip")[name] == files_of(tmp_path / "voice.zip")[name]


def kept_of(clip):
    """All that the clip is known again by."""
    row = Fingerprint.objects.get(clip=clip.pk)
    facts = (row.version, row.pcm_sha256, bytes(row.signs), row.kept_at)
    return {"facts": facts, "keys": sorted(row.keys.values_list("key", flat=True))}


def test_what_vera_skipped_and_reported_comes_home_and_is_not_asked_again(archive, voice):
    kept = [list(model.objects.values("prompt", "reason", "words", at)) for model, at in WISHES]
    emptied()
    call_command("import_export", archive)

    assert [list(model.objects.values("prompt", "reason", "words", at)) for model, at in WISHES] == kept
    sentences = {row["prompt"].rpartition("-")[0] for rows in kept for row in rows}
    asked = coverage.upcoming(Contributor.objects.get(), "en", at_most=500)
    assert len(asked) > 50
    assert not {f"en-{prompt.sentence}" for prompt in asked} & sentences


def test_what_was_said_of_a_sentence_that_the_site_does_not_have_stays_away(archive):
    said = json.loads(files_of(archive)["prompts.json"])
    said["skips"][0]["prompt_id"] = "en-unheard-of-anger"
    rewritten(archive, change=[("prompts.json", json.dumps(said).encode())])
    emptied()
    call_command("import_export", archive)

    assert (PromptSkip.objects.count(), PromptReport.objects.count()) == (0, 1)


def test_an_archive_from_before_wishes_still_comes_home(archive):
    rewritten(archive, drop=["prompts.json"])
    emptied()
    call_command("import_export", archive)

    assert Contributor.objects.count() == 1


def changed_voice(archive, change):
    """The archive with other facts about the voice."""
    said = change(json.loads(files_of(archive)["contributor.json"]))
    rewritten(archive, change=[("contributor.json", json.dumps(said).encode())])


def test_an_archive_from_before_there_were_age_bands_and_accents_still_comes_home(archive):
    changed_voice(archive, lambda said: {name: said[name] for name in said if name not in ("age_band", "accent")})
    emptied()
    call_command("import_export", archive)

    home = Contributor.objects.get()
    assert (home.age_band, home.accent) == ("", "")


def test_facts_that_nobody_allowed_do_not_come_home(archive):
    changed_voice(archive, lambda said: said | {"gender": "female", "accent": "from the coast"})
    emptied()
    call_command("import_export", archive)

    home = Contributor.objects.get()
    assert (home.gender, home.accent) == ("", "")


def test_nothing_that_the_site_has_is_overwritten(archive):
    with pytest.raises(CommandError, match="knows this contributor already"):
        call_command("import_export", archive)


@pytest.mark.parametrize("name", ["contributor.json", "consents.json"])
def test_a_file_that_was_changed_is_refused_and_nothing_is_kept(archive, name):
    rewritten(archive, change=[(name, files_of(archive)[name].replace(b"0", b"1"))], honest=False)
    emptied()

    with pytest.raises(CommandError, match="not the file that was exported"):
        call_command("import_export", archive)
    assert not Contributor.objects.exists()
    assert list(storage.keys("clips/")) == []


def test_a_forged_consent_breaks_the_chain_and_nothing_is_kept(archive):
    events = json.loads(files_of(archive)["consents.json"])
    events[2]["kind"] = "GIVEN"
    rewritten(archive, change=[("consents.json", json.dumps(events).encode())])
    emptied()

    with pytest.raises(CommandError, match="consents do not hold from event 2"):
        call_command("import_export", archive)
    assert not Contributor.objects.exists()
    assert not Clip.objects.exists()
    assert list(storage.keys("clips/")) == []


def test_another_sound_than_the_clips_own_is_refused(archive, given):
    rewritten(archive, change=[(given.original, b"another voice")])
    emptied()

    with pytest.raises(CommandError, match="is not the clip that its facts tell of"):
        call_command("import_export", archive)


@pytest.mark.parametrize("said", [b"[]", b"{}", b"null", b'{"id": 7}', b"no json"])
def test_words_that_make_no_sense_are_refused(archive, said):
    rewritten(archive, change=[("contributor.json", said)])
    emptied()

    with pytest.raises(homecoming.NotImportable):
        homecoming.import_export(archive)
    assert list(storage.keys("clips/")) == []


def test_a_file_that_no_manifest_names_is_refused(archive):
    rewritten(archive, change=[("clips/../../stray", b"stray")])

    with pytest.raises(homecoming.NotImportable, match="other files than its manifest names"):
        homecoming.import_export(archive)


def test_what_is_no_archive_is_refused(tmp_path, db):
    path = tmp_path / "no.zip"
    path.write_bytes(b"no archive")

    with pytest.raises(homecoming.NotImportable):
        homecoming.import_export(path)


def test_vera_downloads_her_archive_a_few_times_a_day(vera, voice, client, settings):
    settings.EXPORTS_PER_DAY = 2
    worlds.stored_clip(vera)
    client.force_login(vera)

    for _ in range(2):
        answer = client.post(reverse("export"))
        body = b"".join(answer.streaming_content)
        assert answer.headers["Content-Type"] == "application/zip"
        assert zipfile.ZipFile(io.BytesIO(body)).testzip() is None
    assert client.post(reverse("export")).status_code == 429
    assert AuditEvent.objects.filter(act=exports.EXPORTED).count() == 2


def test_a_link_alone_downloads_nothing(vera, client):
    client.force_login(vera)

    assert client.get(reverse("export")).status_code == 405
