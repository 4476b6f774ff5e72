"""Several clips at once: Milo sees first what would happen to each, and each gets a verdict of its own."""

import re

import pytest
from django.urls import reverse

from contributions.leaving import withdrawal
from contributions.models import Clip, Verdict
from contributions.screening import verdicts
from contributions.screening.verdicts import Decision
from openempathic import storage
from openempathic.accounts.models import Role
from tests import worlds
from tests.contributions.audio import sounds

SILENCE = sounds.wav(sounds.tone(seconds=2, amplitude=0)[:, None])
S = Clip.Status


@pytest.fixture
def mona(_stocked):
    return worlds.person("mona", Role.MODERATOR)


@pytest.fixture
def milos(client, milo):
    """Milo's browser."""
    client.force_login(milo)
    return client


def placed(clip, status, reason=""):
    """The clip in that status, with sound that can be played."""
    storage.put(clip.archive, b"fLaC")
    Clip.objects.filter(pk=clip.pk).update(status=status, status_reason=reason)
    clip.refresh_from_db()
    return clip


def set_aside(speaker, *, count=2, status=S.QUARANTINED, reason="ATTEMPTS_FAILED"):
    return [placed(worlds.stored_clip(speaker), status, reason) for _each in range(count)]


def chosen(clips, to_status="STORED", **more):
    """What a browser sends of a list with those clips ticked."""
    marks = {f"seen-{clip.pk}": verdicts.mark_of(clip) for clip in clips}
    return {"clip": [str(clip.pk) for clip in clips], "to_status": to_status} | marks | more


def preview(browser, fields, query=""):
    return browser.post(reverse("moderate-bulk") + query, fields)


def confirmed(browser, page):
    """Press the button of the preview, with what the preview itself sends."""
    form = page.content.decode().partition(reverse("moderate-bulk-verdicts"))[2].partition("</form>")[0]
    fields = {}
    for name, value in re.findall(r'type="hidden"\s+name="([^"]+)"\s+value="([^"]*)"', form):
        fields.setdefault(name, []).append(value)
    return browser.post(reverse("moderate-bulk-verdicts"), fields)


def words(answer):
    text = re.sub(r"(?s)<(script|style).*?</\1>|<[^>]+>", " ", answer.content.decode())
    return re.sub(r"\s+", " ", text)


def statuses(*clips):
    return [Clip.objects.get(pk=clip.pk).status for clip in clips]


def test_the_preview_tells_what_would_happen_and_nothing_has_happened(milos, vera):
    clips = set_aside(vera)
    page = preview(milos, chosen(clips))

    assert "2 clips would be decided" in words(page)
    assert words(page).count("it is screened again") == 2
    assert (statuses(*clips), Verdict.objects.count()) == ([S.QUARANTINED, S.QUARANTINED], 0)


def test_each_clip_gets_a_verdict_of_its_own(milos, milo, vera):
    clips = set_aside(vera)
    told = words(confirmed(milos, preview(milos, chosen(clips, "REJECTED", reason="TOO_NOISY", note="a fan"))))

    assert "2 verdicts were kept" in told
    assert statuses(*clips) == [S.REJECTED, S.REJECTED]
    kept = Verdict.objects.values_list("clip", "decided_by", "reason", "note")
    assert set(kept) == {(clip.pk, milo.pk, "TOO_NOISY", "a fan") for clip in clips}


def test_everything_on_the_page_can_be_chosen_at_once(milos, vera):
    clips = set_aside(vera, count=3)
    fields = chosen(clips) | {"clip": [], "on_page": [str(clip.pk) for clip in clips], "all": "yes"}

    assert "3 clips would be decided" in words(preview(milos, fields))


def test_what_was_decided_meanwhile_is_left_and_the_others_are_kept(milos, mona, vera):
    first, second = set_aside(vera)
    page = preview(milos, chosen([first, second]))
    refusal = Decision(S.REJECTED, reason="TOO_NOISY")
    verdicts.decide(Clip.objects.get(pk=first.pk), by=mona, decision=refusal, seen=verdicts.mark_of(first))
    told = words(confirmed(milos, page))

    assert "1 verdict was not kept" in told
    assert "Something happened to this clip while you had it open" in told
    assert "1 verdict was kept" in told
    assert statuses(first, second) == [S.REJECTED, S.STORED]


def test_one_that_was_taken_back_is_told_and_stays_taken_back(milos, vera):
    first, second = set_aside(vera)
    page = preview(milos, chosen([first, second]))
    withdrawal.withdraw(Clip.objects.get(pk=first.pk), by=vera)

    assert "The speaker took this clip back" in words(confirmed(milos, page))
    assert statuses(first, second) == [S.WITHDRAWN, S.STORED]


def test_nothing_is_accepted_unheard(milos, vera):
    clips = set_aside(vera)

    for door in ("moderate-bulk", "moderate-bulk-verdicts"):
        assert milos.post(reverse(door), chosen(clips, "ACCEPTED")).status_code == 422
    assert statuses(*clips) == [S.QUARANTINED, S.QUARANTINED]


@pytest.mark.parametrize("to_status", ["STORED", "IN_REVIEW"])
def test_what_two_have_to_agree_on_is_decided_by_itself(milos, vera, to_status):
    delicate = placed(worlds.stored_clip(vera), S.REJECTED, "MINOR")
    (other,) = set_aside(vera, count=1)
    fields = chosen([delicate, other], to_status)

    assert "two people have to hear it and agree" in words(preview(milos, fields))
    milos.post(reverse("moderate-bulk-verdicts"), fields)
    assert statuses(delicate, other) == [S.REJECTED, to_status]
    assert Verdict.objects.get().clip == other


def test_unheard_no_machine_is_overturned(milos, vera):
    silent = placed(worlds.screened_clip(vera, SILENCE), S.UNUSABLE, "SILENT")
    confirmed(milos, preview(milos, chosen([silent], "IN_REVIEW")))

    assert statuses(silent) == [S.IN_REVIEW]
    assert verdicts.overturned(silent) == frozenset()


def test_each_is_refused_for_what_the_machine_found_in_it(milos, vera):
    silent = placed(worlds.screened_clip(vera, SILENCE), S.UNUSABLE, "SILENT")
    (nothing_found,) = set_aside(vera, count=1)
    page = preview(milos, chosen([silent, nothing_found], "REJECTED", reason="MACHINE"))
    assert "No machine found anything in it" in words(page)
    confirmed(milos, page)

    assert statuses(silent, nothing_found) == [S.REJECTED, S.QUARANTINED]
    assert Verdict.objects.get().reason == "SILENT"


def test_what_cannot_be_played_goes_to_no_listener(milos, vera):
    clip = worlds.screened_clip(vera, b"this is no sound")

    assert "No sound of this clip can be played" in words(preview(milos, chosen([clip], "IN_REVIEW")))


def test_milo_decides_at_once_only_about_what_he_may_decide_about(milos, milo, vera):
    own = placed(worlds.stored_clip(gina := worlds.guest()), S.QUARANTINED)
    gina.claimed_by = milo
    gina.save(update_fields=["claimed_by"])
    (other,) = set_aside(vera, count=1)
    page = preview(milos, chosen([own, other]))

    assert "1 clip is not yours to decide about, or is gone." in words(page)
    milos.post(reverse("moderate-bulk-verdicts"), chosen([own, other]))
    assert statuses(own, other) == [S.QUARANTINED, S.STORED]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"clip": []}, "Please choose at least one clip."),
        ({"clip": ["no-id"]}, "Please choose at least one clip."),
        ({"to_status": "REJECTED"}, "Please say why the clips are refused"),
        ({"to_status": ""}, "This field is required."),
        ({"to_status": "WITHDRAWN"}, "not one of the available choices"),
    ],
)
def test_what_is_missing_is_said_and_the_note_is_still_there(milos, vera, change, said):
    page = preview(milos, chosen(set_aside(vera), note="a long story") | change)

    assert page.status_code == 422
    assert said in words(page)
    assert "a long story" in page.content.decode()
    assert not Verdict.objects.exists()


def test_the_filter_goes_along(milos, vera):
    page = preview(milos, chosen(set_aside(vera)), "?status=QUARANTINED")

    assert reverse("moderate-bulk-verdicts") + "?status=QUARANTINED" in page.content.decode()
