"""What people say of what they are asked for, and what curators make of it."""

import pytest
from django.urls import reverse

from contributions.asking import catalogue, coverage, offering, wishes
from contributions.leaving import exports, farewell
from contributions.models import Contributor, Prompt, PromptDecision, PromptReport, PromptSkip
from contributions.models.consent import Immutable
from openempathic.audit.models import AuditEvent
from tests import worlds

FEELINGS = reverse("feelings")


@pytest.fixture
def voice(vera):
    return worlds.voice_of(vera)


@pytest.fixture
def prompt(_stocked):
    return Prompt.objects.get(pk="en-our-dinner-disgust")


@pytest.fixture
def vera_here(vera, client):
    client.force_login(vera)
    client.post(reverse("choose-language"), {"language": "en"})
    return client


@pytest.fixture
def cleo_here(cleo, client):
    client.force_login(cleo)
    return client


# Skipping


def test_a_skip_is_kept_with_its_reason(vera_here, voice, prompt):
    answer = vera_here.post(reverse("prompt-skip", args=[prompt.pk]), {"reason": "OTHER", "words": " a cough "})
    skip = PromptSkip.objects.get()

    assert answer.status_code == 204
    assert (skip.prompt, skip.contributor, skip.reason, skip.words) == (prompt, voice, "OTHER", "a cough")


def test_nobody_has_to_say_why_they_skip(vera_here, prompt):
    vera_here.post(reverse("prompt-skip", args=[prompt.pk]), {})

    assert PromptSkip.objects.get().reason == "NOT_SAID"


def test_a_reason_that_nobody_offers_is_not_taken(vera_here, prompt):
    answer = vera_here.post(reverse("prompt-skip", args=[prompt.pk]), {"reason": "BORED"})

    assert (answer.status_code, PromptSkip.objects.count()) == (422, 0)


def test_the_studio_asks_why_with_nothing_preset(vera_here):
    page = vera_here.get(reverse("studio")).content.decode()
    dialog = page[page.index("<skip-reasons") : page.index("</skip-reasons>")]

    assert all(f'value="{reason}"' in dialog for reason in PromptSkip.Reason)
    assert "checked" not in dialog


def test_what_was_said_is_never_changed(voice, prompt):
    skip = wishes.skip(prompt, voice=voice, reason="UPSETTING")
    skip.reason = "OTHER"

    with pytest.raises(Immutable):
        skip.save()


# Reporting


def test_a_report_needs_no_script(vera_here, voice, prompt):
    address = reverse("prompt-report", args=[prompt.pk])
    assert prompt.text in vera_here.get(address).content.decode()
    answer = vera_here.post(address, {"reason": "OFFENSIVE", "words": "It mocks cooks."}, follow=True)

    assert "A curator will look at it" in answer.content.decode()
    report = PromptReport.objects.get()
    assert (report.prompt, report.contributor, report.reason, report.words) == (
        prompt,
        voice,
        "OFFENSIVE",
        "It mocks cooks.",
    )


def test_a_report_without_a_reason_comes_back(vera_here, prompt):
    answer = vera_here.post(reverse("prompt-report", args=[prompt.pk]), {"words": "It mocks cooks."})

    assert answer.status_code == 422
    assert "It mocks cooks." in answer.content.decode()
    assert not PromptReport.objects.exists()


def test_every_card_of_the_studio_leads_to_its_report(vera_here):
    answer = vera_here.get(reverse("studio"), {"prompt": "next"})

    assert reverse("prompt-report", args=[answer.context["prompt"].pk]) in answer.content.decode()


# Leaving feelings out


def test_vera_leaves_a_feeling_out_and_finds_it_ticked(vera_here, voice):
    vera_here.post(FEELINGS, {"unwanted": ["fear", "sadness"]})

    voice.refresh_from_db()
    assert voice.unwanted_emotions == ["fear", "sadness"]
    assert vera_here.get(FEELINGS).content.decode().count("checked") == 2


def test_an_empty_answer_asks_for_everything_again(vera_here, voice):
    vera_here.post(FEELINGS, {"unwanted": ["fear"]})
    vera_here.post(FEELINGS, {})

    voice.refresh_from_db()
    assert voice.unwanted_emotions == []


@pytest.mark.parametrize("name", ["neutral", "calm", "nothing"])
def test_what_cannot_be_left_out_is_refused(vera_here, vera, voice, name):
    assert vera_here.post(FEELINGS, {"unwanted": [name]}).status_code == 422
    with pytest.raises(wishes.NotHeard):
        wishes.avoid(voice, [name], by=vera)


def test_the_log_does_not_tell_what_distresses_whom(vera_here):
    vera_here.post(FEELINGS, {"unwanted": ["fear"]})

    assert AuditEvent.objects.get(act="contributor.chose_feelings").facts == {"left_out": 1}


def test_the_wishes_are_hers_to_take_along(vera, voice, prompt):
    wishes.avoid(voice, ["fear"], by=vera)
    wishes.skip(prompt, voice=voice, reason="OTHER", words="a cough")
    wishes.report(prompt, voice=voice, reason="WRONG", words="a comma")
    told = exports.said_of_prompts(voice)

    assert [(each["prompt_id"], each["words"]) for each in told["skips"]] == [(prompt.pk, "a cough")]
    assert [(each["prompt_id"], each["words"]) for each in told["reports"]] == [(prompt.pk, "a comma")]
    assert "unwanted_emotions" in exports.VOICE_COLUMNS


def test_when_she_leaves_nothing_of_it_stays_but_what_was_wrong(vera, voice, prompt):
    wishes.avoid(voice, ["fear"], by=vera)
    wishes.skip(prompt, voice=voice, reason="UPSETTING", words="my brother")
    wishes.report(prompt, voice=voice, reason="WRONG", words="my brother")
    farewell.delete_account(vera, locale="en")

    assert Contributor.objects.get(pk=voice.pk).unwanted_emotions == []
    assert not PromptSkip.objects.exists()
    report = PromptReport.objects.get()
    assert (report.contributor, report.words, report.reason) == (None, "", "WRONG")


# Curators


def test_cleo_sees_what_was_said_the_most_reported_first_and_nobodys_name(cleo_here, voice, prompt, otto):
    other = Prompt.objects.get(pk="en-not-home-anger")
    wishes.skip(other, voice=voice, reason="TOO_HARD")
    wishes.report(prompt, voice=voice, reason="OFFENSIVE", words="It mocks cooks.")
    wishes.report(prompt, voice=worlds.voice_of(otto), reason="OFFENSIVE")
    answer = cleo_here.get(reverse("prompts"))
    page = answer.content.decode()

    assert [each["prompt"] for each in answer.context["hearings"]] == [prompt, other]
    assert answer.context["hearings"][0]["reports"] == [("It offends or degrades people", 2)]
    assert "It mocks cooks." in page
    assert "vera@" not in page


def test_what_cleo_stops_stays_stopped_when_the_data_files_are_loaded_again(cleo_here, voice, prompt):
    cleo_here.post(reverse("prompt-offering", args=[prompt.pk]), {"is_offered": "no", "reason": "It mocks cooks."})
    offered = catalogue.load_prompts()

    prompt.refresh_from_db()
    assert not prompt.is_offered
    assert offered == len(offering.written()) - 1
    assert prompt not in coverage.upcoming(voice, "en", at_most=500)
    assert "It mocks cooks." in cleo_here.get(reverse("prompts")).content.decode()


def test_what_cleo_offers_again_is_offered(cleo, prompt):
    offering.decide(prompt, is_offered=False, reason="too early", by=cleo)
    offering.decide(prompt, is_offered=True, reason="it was fine", by=cleo)
    catalogue.load_prompts()

    prompt.refresh_from_db()
    assert prompt.is_offered
    assert PromptDecision.objects.count() == 2
    assert set(AuditEvent.objects.filter(act__startswith="prompt.").values_list("act", flat=True)) == {
        "prompt.stopped",
        "prompt.offered",
    }


@pytest.mark.parametrize("reason", ["", "   "])
def test_a_decision_says_why(cleo_here, cleo, prompt, reason):
    cleo_here.post(reverse("prompt-offering", args=[prompt.pk]), {"is_offered": "no", "reason": reason})
    with pytest.raises(offering.NotDecidable):
        offering.decide(prompt, is_offered=False, reason=reason, by=cleo)

    prompt.refresh_from_db()
    assert prompt.is_offered


def test_a_sentence_that_left_the_data_files_is_not_offered_again(cleo, _stocked):
    old = Prompt.objects.create(id="en-old-anger", language="en", sentence="old", text="Old.", emotion="anger")
    catalogue.load_prompts()

    with pytest.raises(offering.NotDecidable):
        offering.decide(old, is_offered=True, reason="I liked it", by=cleo)
    old.refresh_from_db()
    assert not old.is_offered
