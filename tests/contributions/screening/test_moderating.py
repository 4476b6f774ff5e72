"""Milo's pages: what waits, one clip with all that is known of it, and a verdict that loses nothing."""

import re
from datetime import timedelta

import pytest
from django.conf import settings as site
from django.urls import reverse
from django.utils import timezone, translation

from contributions import self_reports
from contributions.leaving import withdrawal
from contributions.listening import ratings, reports
from contributions.listening.ratings import Answer
from contributions.models import Clip, Examination, Suggestion, Verdict
from contributions.screening import verdicts
from contributions.views import evidence, moderating
from openempathic import storage
from openempathic.accounts.models import Role
from openempathic.registry.models import Checkpoint
from tests import worlds
from tests.contributions.audio import sounds

SILENCE = sounds.wav(sounds.tone(seconds=2, amplitude=0)[:, None])
S = Clip.Status


@pytest.fixture
def silent(vera):
    return worlds.screened_clip(vera, SILENCE)


@pytest.fixture
def mona(_stocked):
    return worlds.person("mona", Role.MODERATOR)


@pytest.fixture
def milos(client, milo):
    """Milo's browser."""
    client.force_login(milo)
    return client


def placed(clip, status, reason="", **columns):
    Clip.objects.filter(pk=clip.pk).update(status=status, status_reason=reason, **columns)
    clip.refresh_from_db()
    return clip


def words(answer):
    """What a page says, without its marks, in one line."""
    text = re.sub(r"(?s)<(script|style).*?</\1>|<[^>]+>", " ", answer.content.decode())
    return re.sub(r"\s+", " ", text)


def page_of(browser, clip, **query):
    answer = browser.get(reverse("moderate-clip", args=[clip.pk]), query)
    assert answer.status_code == 200, answer.status_code
    return answer


def said(clip, to_status, **more):
    return {"to_status": to_status, "seen": verdicts.mark_of(clip)} | more


def send(browser, clip, fields, query=""):
    return browser.post(reverse("moderate-verdict", args=[clip.pk]) + query, fields)


# The list


def test_the_list_tells_what_waits_the_longest_waiting_first(milos, silent, vera):
    late = placed(worlds.stored_clip(vera), S.QUARANTINED, "ATTEMPTS_FAILED")
    Clip.objects.filter(pk=silent.pk).update(stored_at=timezone.now() - timedelta(days=3))
    answer = milos.get(reverse("moderate"))
    told = words(answer)

    assert "2 clips, the longest waiting first" in told
    assert [each["clip"] for each in answer.context["clips"]] == [silent, late]
    assert "3 days ago" in told.replace("\xa0", " ")


def test_the_list_is_filtered_and_a_filter_that_is_none_filters_nothing(milos, silent, vera):
    placed(worlds.stored_clip(vera), S.QUARANTINED, "ATTEMPTS_FAILED", language="pl")
    refused = placed(worlds.stored_clip(vera), S.REJECTED, "TOO_NOISY")

    def shown(**query):
        return len(milos.get(reverse("moderate"), query).context["clips"])

    assert (shown(), shown(status="UNUSABLE"), shown(reason="SILENT"), shown(language="pl")) == (2, 1, 1, 1)
    assert shown(status="UNUSABLE", language="pl") == 0
    assert shown(status="NONSENSE", reason="NONSENSE", language="xx", page="x") == 2
    only = milos.get(reverse("moderate"), {"status": "REJECTED"}).context["clips"]
    assert [each["clip"] for each in only] == [refused]


def test_the_list_is_filtered_by_age_by_reports_and_by_who_has_to_agree(milos, milo, mona, silent, vera):
    Clip.objects.filter(pk=silent.pk).update(stored_at=timezone.now() - timedelta(days=3))
    delicate = placed(worlds.screened_clip(vera), S.REJECTED, "MINOR")
    reported = placed(worlds.screened_clip(vera), S.IN_REVIEW)
    reports.report(reported, by=mona, reason="OFFENSIVE")

    def shown(**query):
        return [each["clip"] for each in milos.get(reverse("moderate"), query).context["clips"]]

    assert (shown(age="1"), shown(age="7")) == ([silent], [])
    assert (shown(reported="yes"), shown(reported="no")) == ([reported], [silent])
    assert shown(second="needed", status="REJECTED") == [delicate]
    assert shown(second="mine", status="REJECTED") == []
    proposal = verdicts.Decision("IN_REVIEW")
    verdicts.decide(delicate, by=mona, decision=proposal, seen=verdicts.mark_of(delicate))
    assert shown(second="mine", status="REJECTED") == [delicate]
    page = words(milos.get(reverse("moderate"), {"status": "REJECTED"}))
    assert "proposed: yours to second" in page
    milos.force_login(mona)
    assert shown(second="mine", status="REJECTED") == []
    assert "you proposed: another has to agree" in words(milos.get(reverse("moderate"), {"status": "REJECTED"}))


def test_disputes_quarantine_reports_and_languages_are_a_step_away(milos, cleo):
    shown = milos.get(reverse("moderate"), {"status": "DISPUTED"}).content.decode()
    tabs = shown.partition('class="tabs"')[2].partition("</nav>")[0]
    ways = [f"{reverse('moderate')}?status={status}" for status in ("DISPUTED", "QUARANTINED")]
    ways += [reverse(name) for name in ("moderate", "moderate-reports", "backlog", "languages")]

    assert set(ways) <= set(re.findall('href="([^"]+)"', tabs))
    assert re.findall('href="([^"]+)"\\s+aria-current', tabs) == ways[:1]
    assert reverse("prompts") not in tabs
    milos.force_login(cleo)
    assert f'href="{reverse("prompts")}"' in milos.get(reverse("moderate")).content.decode()


def test_a_long_list_is_counted_no_further_than_anybody_pages(milos, vera, monkeypatch):
    monkeypatch.setattr(moderating, "COUNTED_MAX", 2)
    for _each in range(4):
        placed(worlds.stored_clip(vera), S.QUARANTINED, "ATTEMPTS_FAILED")
    page = milos.get(reverse("moderate"))

    assert "more than 2 clips" in words(page)
    assert page.context["page"].paginator.count == 3


def test_twenty_five_are_on_a_page_and_the_filter_goes_along(milos, vera):
    for _each in range(26):
        placed(worlds.stored_clip(vera), S.QUARANTINED, "ATTEMPTS_FAILED")
    first = milos.get(reverse("moderate"), {"status": "QUARANTINED"})
    second = milos.get(reverse("moderate"), {"status": "QUARANTINED", "page": 2})

    assert (len(first.context["clips"]), len(second.context["clips"])) == (25, 1)
    assert 'href="?status=QUARANTINED&amp;page=2"' in first.content.decode()


def test_where_nothing_waits_the_page_says_so(milos, vera):
    placed(worlds.stored_clip(vera), S.ACCEPTED)

    assert "Nothing waits for a moderator." in words(milos.get(reverse("moderate")))
    assert "No clip of this kind waits" in words(milos.get(reverse("moderate"), {"status": "DISPUTED"}))


def test_the_head_of_every_page_counts_what_waits_for_moderators_alone(client, milo, silent, vera, otto):
    client.force_login(otto)
    assert "Set aside" not in words(client.get(reverse("home")))
    client.force_login(milo)
    assert "Set aside 1 " in words(client.get(reverse("home")))
    assert [verdicts.counted(count) for count in (0, 1, 99, 100)] == ["", "1", "99", "99+"]


def test_the_list_asks_the_database_as_often_for_many_clips_as_for_one(milos, vera, django_assert_max_num_queries):
    for _each in range(3):
        placed(worlds.stored_clip(vera), S.QUARANTINED, "ATTEMPTS_FAILED")
    milos.get(reverse("moderate"))

    with django_assert_max_num_queries(17):
        milos.get(reverse("moderate"))


# One clip


def test_the_page_holds_each_measure_against_the_rule_it_met(milos, silent):
    told = words(page_of(milos, silent))

    assert "found unusable We hear nothing: the recording is silent." in told
    assert "Loudest moment -120 dBFS" in told
    assert re.search(r"cannot be used under -\d+ dBFS crossed here", told)
    assert "Screening not usable We hear nothing" in told
    assert "rules 1" in told
    assert "The speaker · sent the clip" in told
    assert "A machine · moved it: found unusable" in told


def test_a_clip_that_could_not_be_read_is_not_called_usable(milos, vera):
    clip = worlds.screened_clip(vera, b"this is no sound")
    page = page_of(milos, clip)

    assert "No sound of this clip can be played" in words(page)
    assert b"<audio" not in page.content
    answer = send(milos, clip, said(clip, "IN_REVIEW", note="my note"))
    assert answer.status_code == 422
    assert b"my note" in answer.content


def test_nothing_on_the_page_tells_the_feeling_or_anybodys_name(milos, silent, vera, settings, mona):
    settings.RATINGS_REQUIRED = 2
    clip = worlds.screened_clip(vera)
    Clip.objects.filter(pk=clip.pk).update(intended_emotion="disgust")
    self_reports.say(
        clip,
        self_reports.Said(emotion="surprise"),
        report_id="5e1f0000-0000-4000-8000-000000000000",
        by=clip.contributor.actor,
    )
    champion = Checkpoint.objects.create(
        digest="a" * 64, status="CHAMPION", preset="nano", release_digest="b" * 64, run_id=clip.pk, files={}
    )
    Suggestion.objects.create(
        clip=clip, checkpoint=champion, scores={"fear": 1.0}, emotion="fear", made_at=timezone.now()
    )
    ratings.rate(worlds.heard(ratings.open_turn(mona)), by=mona, answer=Answer(is_usable=True, emotion="sadness"))
    page = page_of(milos, placed(clip, S.DISPUTED))
    shown = page.content.decode().partition("<main")[2].partition("</main>")[0]

    for secret in ("disgust", "surprise", "fear", "sad", "vera@", "mona@", str(clip.contributor_id)):
        assert secret not in shown, secret
    assert "Listener 1 usable" in words(page)


def test_both_of_two_that_are_alike_are_there_to_be_heard(milos, vera, otto, silent):
    first = placed(worlds.screened_clip(otto), S.IN_REVIEW)
    Examination.objects.filter(clip=silent).update(twin=first)
    page = page_of(milos, silent)

    for clip in (silent, first):
        assert reverse("clip-audio", args=[clip.pk]) in page.content.decode()
        assert milos.get(reverse("clip-audio", args=[clip.pk]), headers={"Range": "bytes=0-3"}).status_code == 206
        assert milos.get(reverse("clip-audio", args=[clip.pk])).headers["Cache-Control"].find("no-store") >= 0
    assert "Two different people sent them." in words(page)

    withdrawal.withdraw(first, by=otto)
    assert "The earlier clip was taken back since" in words(page_of(milos, silent))
    assert milos.get(reverse("clip-audio", args=[first.pk])).status_code == 404


def test_a_picture_of_the_sound_is_shown_where_there_is_one(milos, silent):
    storage.erase(silent.spectrogram)
    assert reverse("clip-spectrogram", args=[silent.pk]) not in page_of(milos, silent).content.decode()
    assert milos.get(reverse("clip-spectrogram", args=[silent.pk])).status_code == 404

    storage.put(silent.spectrogram, b"\x89PNG")
    assert reverse("clip-spectrogram", args=[silent.pk]) in page_of(milos, silent).content.decode()
    picture = milos.get(reverse("clip-spectrogram", args=[silent.pk]))
    assert (picture.content, picture.headers["Content-Type"]) == (b"\x89PNG", "image/png")
    assert "no-store" in picture.headers["Cache-Control"]


@pytest.mark.parametrize("language", [tag for tag, _ in site.LANGUAGES])
def test_every_number_has_its_unit_in_every_language(milos, silent, language):
    milos.cookies["django_language"] = language
    told = words(page_of(milos, silent))

    assert "dBFS" in told
    assert "%(" not in told


def test_a_reason_nobody_has_words_for_is_shown_as_it_is():
    with translation.override("en"):
        assert evidence.reason("NEW_REASON") == "NEW_REASON"
        assert evidence.reason("QUIET") == "The recording is very quiet."


# The verdict


def test_milos_verdict_is_kept_and_he_goes_on_to_the_next_clip(milos, milo, silent, vera):
    following = placed(worlds.stored_clip(vera), S.UNUSABLE, "CLIPPED")
    answer = send(milos, silent, said(silent, "IN_REVIEW", note="  a whisper "), "?status=UNUSABLE")

    assert answer.headers["Location"] == reverse("moderate-clip", args=[following.pk]) + "?status=UNUSABLE"
    verdict = Verdict.objects.get()
    assert (verdict.clip, verdict.decided_by, verdict.note, verdict.reason) == (silent, milo, "a whisper", "")
    last = send(milos, following, said(following, "REJECTED", reason="TOO_NOISY"), "?status=UNUSABLE")
    assert last.headers["Location"] == reverse("moderate") + "?status=UNUSABLE"
    assert "Kept: it is refused." in words(milos.get(last.headers["Location"]))


def test_the_reason_of_a_refusal_reaches_the_speaker_with_advice(milos, client, silent, vera):
    send(milos, silent, said(silent, "REJECTED", reason="TOO_NOISY"))
    client.force_login(vera)

    assert "Find a quieter place" in words(client.get(reverse("my-clips")))


def test_the_machines_own_reason_reaches_the_speaker_too(milos, client, silent, vera):
    send(milos, silent, said(silent, "REJECTED", reason="SILENT"))
    client.force_login(vera)

    assert "Check that the right microphone is chosen" in words(client.get(reverse("my-clips")))


@pytest.mark.parametrize("fields", [{}, {"to_status": "REJECTED"}, {"to_status": "LOST"}, {"note": "a" * 3000}])
def test_what_is_missing_is_said_and_what_was_typed_is_still_there(milos, silent, fields):
    answer = send(milos, silent, {"note": "a long story", "seen": verdicts.mark_of(silent)} | fields)

    assert answer.status_code == 422
    assert "Please say what becomes of the clip" in words(answer)
    assert fields.get("note", "a long story") in answer.content.decode()
    assert not Verdict.objects.exists()


def test_the_second_of_two_moderators_is_told_what_was_decided_and_loses_nothing(milos, silent, mona):
    fields = said(silent, "IN_REVIEW", note="I hear a whisper")
    refusal = verdicts.Decision("REJECTED", reason="TOO_NOISY", note="only hum")
    verdicts.decide(Clip.objects.get(pk=silent.pk), by=mona, decision=refusal, seen=verdicts.mark_of(silent))
    answer = send(milos, silent, fields)

    assert answer.status_code == 409
    told = words(answer)
    assert "your verdict was not kept" in told
    assert "A moderator · decided: it is refused The voice can hardly be heard over the noise. only hum" in told
    assert b"I hear a whisper" in answer.content
    silent.refresh_from_db()
    assert silent.status == S.REJECTED


def test_where_the_other_brought_it_to_review_only_that_is_told(milos, silent, mona):
    fields = said(silent, "REJECTED", reason="TOO_NOISY", note="only hum")
    verdicts.decide(
        Clip.objects.get(pk=silent.pk), by=mona, decision=verdicts.Decision("IN_REVIEW"), seen=fields["seen"]
    )
    answer = send(milos, silent, fields)

    assert answer.status_code == 409
    assert "A moderator · decided: it goes on to listeners" in words(answer)
    assert b"only hum" in answer.content


def test_a_clip_taken_back_meanwhile_is_said_clearly_and_loses_no_word(milos, silent, vera):
    fields = said(silent, "IN_REVIEW", note="I hear a whisper")
    withdrawal.withdraw(Clip.objects.get(pk=silent.pk), by=vera)
    answer = send(milos, silent, fields)

    assert answer.status_code == 410
    assert "The speaker took this clip back" in words(answer)
    assert b"I hear a whisper" in answer.content
    assert milos.get(reverse("moderate-clip", args=[silent.pk])).status_code == 404
    assert not Verdict.objects.exists()


def test_vera_who_moderates_meets_her_own_clip_nowhere(client, silent, vera):
    vera.role = Role.MODERATOR
    vera.save(update_fields=["role"])
    client.force_login(vera)

    assert "Nothing waits for a moderator." in words(client.get(reverse("moderate")))
    assert client.get(reverse("moderate-clip", args=[silent.pk])).status_code == 404
    assert send(client, silent, said(silent, "ACCEPTED")).status_code == 404


def test_somebody_elses_page_cannot_make_milo_decide(silent, milo):
    from django.test import Client

    wary = Client(enforce_csrf_checks=True)
    wary.force_login(milo)

    assert send(wary, silent, said(silent, "ACCEPTED")).status_code == 403
