"""An example of a sentence: chosen by Cleo, heard by who asks, never by its own speaker, and gone with its clip."""

import json

import pytest
from django.urls import reverse
from django.utils import timezone

from contributions import states
from contributions.asking import examples
from contributions.consenting import consent
from contributions.leaving import exports, withdrawal
from contributions.models import Clip, ExampleHeard, Prompt, PromptExample, Purpose
from openempathic import storage
from openempathic.audit.models import AuditEvent
from tests import worlds
from tests.contributions.leaving.test_exports import files_of

PUBLISHED = (Purpose.STORE_AND_REVIEW, Purpose.RELEASE_DATASET)


@pytest.fixture
def ada(_stocked):
    return worlds.volunteer("ada", purposes=PUBLISHED)


@pytest.fixture
def clip(ada):
    return accepted(ada)


@pytest.fixture
def chosen(clip, cleo):
    examples.choose(clip.prompt, clip.pk, by=cleo)
    return clip


@pytest.fixture
def vera_here(vera, client):
    client.force_login(vera)
    client.post(reverse("choose-language"), {"language": "en"})
    return client


def accepted(someone):
    """A clip of theirs as listeners leave it, without the seconds that decoding takes."""
    clip = worlds.stored_clip(someone)
    storage.put(clip.archive, b"fLaC" + bytes(1000))
    for status in (Clip.Status.IN_REVIEW, Clip.Status.ACCEPTED):
        states.move(clip, to=status, by="worker:screening")
    return clip


def heard(client, clip):
    return client.get(reverse("prompt-example", args=[clip.prompt_id]))


def offers(client, clip):
    """Whether the card of the clip's sentence offers an example."""
    Prompt.objects.exclude(pk=clip.prompt_id).update(is_offered=False)
    return b"Hear an example" in client.get(reverse("studio"), {"prompt": "next"}).content


def test_vera_may_hear_it_when_she_asks_and_nothing_plays_by_itself(vera_here, chosen):
    assert offers(vera_here, chosen)
    card = vera_here.get(reverse("studio"), {"prompt": "next"}).content.decode()
    assert 'preload="none"' in card
    assert "autoplay" not in card
    assert not ExampleHeard.objects.exists()

    assert b"".join(heard(vera_here, chosen).streaming_content).startswith(b"fLaC")
    assert ExampleHeard.objects.count() == 1


def test_her_clips_say_that_she_heard_it_and_only_those_that_came_after(vera_here, vera, otto, chosen):
    before = worlds.stored_clip(vera, prompt=chosen.prompt)
    heard(vera_here, chosen)
    heard(vera_here, chosen)
    after, other = worlds.stored_clip(vera, prompt=chosen.prompt), worlds.stored_clip(otto, prompt=chosen.prompt)

    assert [Clip.objects.get(pk=each.pk).has_heard_example for each in (before, after, other)] == [False, True, False]


def test_its_own_speaker_is_offered_none(client, ada, chosen):
    client.force_login(ada)
    client.post(reverse("choose-language"), {"language": "en"})

    assert not offers(client, chosen)
    assert heard(client, chosen).status_code == 404


def test_a_stranger_hears_nothing(client, chosen):
    assert heard(client, chosen).status_code == 302


def test_with_the_clip_the_example_is_gone_at_once(vera_here, ada, chosen):
    withdrawal.withdraw(chosen, by=ada)

    assert heard(vera_here, chosen).status_code == 404
    assert not offers(vera_here, chosen)


def test_with_the_permission_to_publish_it_is_gone_at_once(vera_here, ada, chosen):
    consent.withdraw(worlds.voice_of(ada), Purpose.RELEASE_DATASET, by=ada, locale="en")

    assert heard(vera_here, chosen).status_code == 404
    assert not offers(vera_here, chosen)


def test_a_clip_that_is_doubted_again_is_no_example(vera_here, chosen):
    states.move(chosen, to=Clip.Status.DISPUTED, by="ratings")

    assert heard(vera_here, chosen).status_code == 404


def test_only_an_accepted_clip_of_the_sentence_that_may_be_published_can_be_chosen(cleo, ada, vera, clip):
    private, waiting = accepted(vera), worlds.stored_clip(ada)
    other = Prompt.objects.filter(language="en").exclude(pk=clip.prompt_id).first()

    for prompt, unfit in ((clip.prompt, private), (clip.prompt, waiting), (other, clip)):
        with pytest.raises(examples.NotAnExample):
            examples.choose(prompt, unfit.pk, by=cleo)
    assert not PromptExample.objects.exists()


def test_cleo_chooses_on_a_page_and_takes_it_away_and_the_log_knows(client, cleo, clip):
    client.force_login(cleo)
    page = reverse("prompt-example-choice", args=[clip.prompt_id])
    assert str(clip.pk) in client.get(page).content.decode()
    for wrong in ("", "no id"):
        assert "Only an accepted clip" in client.post(page, {"clip": wrong}, follow=True).content.decode()
    client.post(page, {"clip": str(clip.pk)})
    assert "Take the example away" in client.get(page).content.decode()
    for _ in range(2):
        client.post(page, {"remove": "yes"})

    assert not PromptExample.objects.exists()
    acts = AuditEvent.objects.filter(act__startswith="prompt.example").values_list("act", flat=True)
    assert list(acts) == ["prompt.example_chosen", "prompt.example_removed"]


def test_her_archive_says_which_of_her_clips_came_after_an_example(vera_here, vera, chosen, tmp_path):
    heard(vera_here, chosen)
    clip = worlds.stored_clip(vera, prompt=chosen.prompt)
    with (tmp_path / "voice.zip").open("wb") as file:
        exports.write(worlds.voice_of(vera), file, at=timezone.now())

    assert json.loads(files_of(tmp_path / "voice.zip")[f"{clip.prefix}/clip.json"])["has_heard_example"] is True
