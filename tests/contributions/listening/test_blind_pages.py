"""Blindness, everywhere: until a listener's answer is kept, nothing that the site sends them tells what others heard.

What must not be told is planted in the clip's rows: where any of it stands in a body or a header of an answer, from any
address of the site that can be asked with GET, the marker is found.
"""

import re
import uuid

import pytest
from django.db import transaction
from django.test import Client
from django.urls import get_resolver, reverse
from django.urls.exceptions import NoReverseMatch
from django.utils import timezone

from contributions import self_reports
from contributions.listening import ratings
from contributions.models import (
    Annotation,
    Arm,
    Clip,
    ClipLabel,
    ListenerPass,
    ListeningNeed,
    Prompt,
    Rating,
    RatingTurn,
    Suggestion,
)
from openempathic.registry.models import Checkpoint
from tests import listeners, worlds
from tests.house.test_doors import names

# Words that no page of ours would say by itself, one for each thing that is kept from a listener.
SECRETS = {
    "the emotion that was asked for": "qxintended",
    "the manner that was asked for": "qxmanner",
    "the scene": "qxscene",
    "the prompt": "qxprompt",
    "what its speaker felt": "qxfelt",
    "how its speaker described it": "qxtold",
    "what the model suggests": "qxsuggested",
    "which model": "qxversion",
    "what another heard": "qxheard",
    "how another described it": "qxwords",
    "another's own word for it": "qxownword",
    "what listeners make of it together": "qxlabel",
    "what its corpus says": "qxcorpus",
}
# No group of letters in an id is as long.
VOTES = 31977


@pytest.fixture
def clip(vera):
    """Vera's clip, which others have heard and a champion too, with a marker in everything that must stay unknown."""
    known = Prompt.objects.filter(language="en", kind="ACTED")[0]
    marked = Prompt.objects.create(
        id="qxprompt",
        kind="ACTED",
        language="en",
        sentence=known.sentence,
        text=known.text,
        emotion="qxintended",
        scene="qxscene",
        # What one is asked to say is told to everybody who speaks; which of it a clip says is not.
        is_offered=False,
    )
    clip = listeners.waiting(vera, prompt=marked)
    Clip.objects.filter(pk=clip.pk).update(intended_emotion="qxintended", intended_style="qxmanner")
    said = self_reports.Said(emotion="fear", description="qxtold")
    self_reports.say(clip, said, report_id=uuid.uuid4(), by=vera)
    clip.self_reports.update(emotion="qxfelt")
    heard_by_others(clip)
    return clip


def heard_by_others(clip: Clip) -> None:
    """Answers, a label, a corpus's word and an earlier checkpoint's suggestion, each with its marker."""
    Rating.objects.create(
        clip=clip,
        rater=worlds.person("other"),
        phase=Rating.Phase.BLIND,
        is_usable=True,
        emotion="qxheard",
        other_word="qxownword",
        description="qxwords",
    )
    ClipLabel.objects.create(
        clip=clip,
        method="dawid-skene-1",
        emotion="qxlabel",
        probabilities={"qxlabel": 1.0},
        rating_count=VOTES,
        made_at=timezone.now(),
    )
    Annotation.objects.create(clip=clip, source=Annotation.Source.CORPUS, emotion="qxcorpus")
    ListeningNeed.objects.filter(clip=clip).update(given=VOTES)
    earlier = Checkpoint.objects.create(
        digest="qxversion" + "0" * 55,
        # Of what was published the public pages tell everybody its version.
        status="CANDIDATE",
        preset="nano",
        release_digest="0" * 64,
        run_id=uuid.uuid4(),
        files={},
    )
    Suggestion.objects.create(
        clip=clip, checkpoint=earlier, scores={"qxsuggested": 0.97}, emotion="qxsuggested", made_at=timezone.now()
    )


@pytest.fixture(params=["a listener", "a moderator"])
def turn(request, client, clip, milo):
    """The turn of somebody who has not answered yet."""
    person = milo if request.param == "a moderator" else listeners.listener("lena")
    client.force_login(person)
    # So that the step after the answer would show everything.
    RatingTurn.objects.filter(rater=person).update(arm=Arm.SHOWN)
    return listeners.turn_on_the_page(client, person)


def addresses(turn: RatingTurn) -> list[str]:
    """Every address of the site, about the clip, the turn and the person wherever it is about something."""
    clip, rater = turn.clip, turn.rater
    other = Rating.objects.get(clip=clip)
    about = {
        "clip_id": clip.pk,
        "turn_id": turn.pk,
        "rating_id": other.pk,
        "answer_id": other.pk,
        "report_id": other.pk,
        "run_id": uuid.uuid4(),
        "release_id": uuid.uuid4(),
        "rater_id": rater.pk,
        "person_id": rater.pk,
        "user_id": rater.pk,
        "prompt_id": Prompt.objects.filter(is_offered=True)[0].pk,
        "language": clip.language,
        "tag": clip.language,
        "sentence": clip.prompt.sentence,
        "problem": "denied",
        "style": "whisper",
        "day": clip.stored_at.date().isoformat(),
        "purpose": "TRAIN_MODELS",
        "name": "confusion",
        "way": "clips",
        "word": "none",
        "token": "none",
        "token_id": uuid.uuid4(),
        "key": "none",
        "uidb36": "1",
        "digest": "0" * 64,
        "version": "0" * 12,
        "path": "manifest.json",
        "plot_name": "confusion",
        "slug": "none",
        "pk": clip.pk,
    }
    return [address for name in sorted(set(names(get_resolver()))) if (address := address_of(name, about))]


def address_of(name: str, about: dict[str, object]) -> str:
    """The address of that name with what it asks for; empty where it is none that a browser could know."""
    if name.startswith("nameless"):
        return ""
    resolver = get_resolver()
    for part in name.split(":")[:-1]:
        resolver = resolver.namespace_dict[part][1]
    for _pattern, (possible, *_rest) in resolver.reverse_dict.items():
        if _pattern != name.split(":")[-1]:
            continue
        for _way, wanted in possible:
            try:
                return reverse(name, kwargs={key: about[key] for key in wanted})
            except NoReverseMatch:
                continue
    return ""


def told(browser: Client, address: str) -> str:
    """Everything of the answer, its headers and its body; what the asking changed is undone."""
    with transaction.atomic():
        answer = browser.get(address)
        body = b"".join(answer.streaming_content) if answer.streaming else answer.content
        transaction.set_rollback(True)
    return f"{answer.headers}{body.decode(errors='replace')}"


def found_in(text: str) -> set[str]:
    """What of the secrets stands in it."""
    return {what for what, marker in SECRETS.items() if marker in text} | ({"a count of votes"} & count_in(text))


def count_in(text: str) -> set[str]:
    """Whether the number of answers stands in it."""
    # Among letters it is a piece of some digest.
    return {"a count of votes"} if re.search(rf"(?<!\w){VOTES}(?!\w)", text) else set()


def test_no_answer_of_the_site_tells_a_listener_anything_before_theirs(client, turn):
    asked = addresses(turn)
    found = {address: secrets for address in asked if (secrets := found_in(told(client, address)))}

    assert len(asked) > 90
    assert {f"/listen/{turn.pk}/", f"/clips/{turn.clip_id}/peaks/"} <= set(asked)
    # A moderator may read the whole history instead of listening blindly: the next test.
    if turn.rater.is_moderator:
        found.pop(history_of(turn), None)
    assert found == {}


def history_of(turn: RatingTurn) -> str:
    """The one page that tells everything, to moderators."""
    return reverse("moderate-history", args=[turn.clip_id])


def test_who_reads_the_whole_history_gives_no_blind_answer_any_more(client, turn):
    if client.get(history_of(turn)).status_code == 200:
        assert turn.rater.is_moderator
        assert RatingTurn.objects.get(pk=turn.pk).revealed_at
        RatingTurn.objects.filter(pk=turn.pk).update(heard_at=timezone.now())
        listeners.answered(client, turn)

    assert not Rating.objects.filter(rater=turn.rater, phase=Rating.Phase.BLIND).exists()


def test_no_answer_to_an_act_of_listening_tells_anything_either(client, turn):
    acts = [
        ("listen-next", [], {}),
        ("listen-heard", [turn.pk], {}),
        ("listen-rating", [turn.pk], {"is_usable": "yes", "emotion": "anger", "valence": "9"}),
        ("listen-rating", [turn.pk], {"is_usable": "yes", "emotion": "anger"}),
        ("listen-undo", [], {}),
        ("listen", [], {"language": "en"}),
        ("listen-skip", [turn.pk], {}),
    ]
    texts = [client.post(reverse(name, args=args), said, follow=True).content.decode() for name, args, said in acts]

    assert not Rating.objects.filter(rater=turn.rater).exists()
    assert [found_in(text) for text in texts] == [set()] * len(acts)


def test_nor_do_the_files_that_are_fetched_ahead(client, clip, vera):
    ListenerPass.objects.create(person=(lena := worlds.person("lena")), language="en")
    client.force_login(lena)
    files = client.post(reverse("listen-next")).json()["files"]

    assert [found_in(told(client, file)) for file in files] == [set(), set()]


def test_the_markers_are_found_once_the_answer_is_kept(client, turn):
    worlds.heard(turn)
    RatingTurn.objects.filter(pk=turn.pk).update(arm=Arm.SHOWN)
    Suggestion.objects.update(scores={"fear": 0.97})
    step = listeners.answered(client, turn).url

    assert "which model" in found_in(client.get(step).content.decode())


def test_in_the_other_arm_they_stay_unknown_after_it_too(client, turn):
    worlds.heard(turn)
    RatingTurn.objects.filter(pk=turn.pk).update(arm=Arm.HIDDEN)
    Suggestion.objects.update(scores={"fear": 0.97})
    step = listeners.answered(client, turn).url

    assert found_in(told(client, step)) == set()
    assert ratings.step_after(Rating.objects.get(rater=turn.rater)).suggestion is None
