"""Every role at every door: who is let in, who is sent to sign in, and from whom a thing is hidden."""

import base64
import hashlib
import json
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.db import transaction
from django.http import HttpResponseBase
from django.test import Client, override_settings
from django.urls import URLPattern, URLResolver, get_resolver, resolve, reverse
from django.utils import timezone

from contributions import news, self_reports
from contributions.consenting import guests
from contributions.listening import figures, gold, queue, tutorial
from contributions.models import Clip, Contributor, RatingTurn, Suggestion
from contributions.permissions import DECIDABLE
from openempathic import storage
from openempathic.accounts import invitations, tokens
from openempathic.accounts.models import Role, Scope, User
from openempathic.registry.models import Checkpoint
from tests import worlds
from tests.contributions.releasing import published
from tests.house import headers
from tests.house.clip_doors import CLIP_DOORS, STATUS_DOORS
from tests.house.doors import ASKED, DOORS, SENT, rows
from training import schedule
from training.models import TrainingRun

pytestmark = pytest.mark.django_db
PEOPLE = ("anon", "gina", "otto", "vera", "milo", "mona", "cleo")
GONE = (Clip.Status.WITHDRAWN, Clip.Status.PURGED)
LIVE = [status for status in Clip.Status if status not in GONE]
# The words of the tables for several statuses at once.
STATUSES = {
    "any": list(Clip.Status),
    "gone": list(GONE),
    "live": LIVE,
    "set-aside": list(DECIDABLE),
    "under-way": [status for status in LIVE if status not in DECIDABLE],
}
SOUND = worlds.ANGER.read_bytes()
OWNERS = ("vera's-clip", "milo's-clip", "gina's-clip")
# The door of every cell that was tried: one person, one thing, one status, one method.
TRIED: list[str] = []


@dataclass(frozen=True)
class World:
    """The people, and what each subject of the tables is in an address."""

    people: dict[str, User | Contributor | AnonymousUser]
    subjects: dict[str, dict[str, Any]]


@pytest.fixture(scope="module")
def world(django_db_setup: None, django_db_blocker: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """One world for every door, for making it takes longer than the doors: `told` undoes what each person did."""
    storage_url = (tmp_path_factory.mktemp("doors") / "storage").as_uri()
    with django_db_blocker.unblock(), override_settings(STORAGE_URL=storage_url), transaction.atomic():
        yield made_world()
        transaction.set_rollback(True)


@pytest.fixture(autouse=True)
def _own_storage() -> None:
    """The world's storage is everybody's here."""


def made_world() -> World:
    """Clips whose sound is stored, a turn, a rating with its suggestion, an invitation, and nothing else."""
    worlds.stocked()
    people = {
        "anon": AnonymousUser(),
        "gina": worlds.guest(),
        "otto": worlds.person("otto"),
        "vera": worlds.volunteer("vera"),
        "milo": moderating(worlds.volunteer("milo")),
        "mona": worlds.person("mona", role=Role.MODERATOR),
        "cleo": worlds.person("cleo", role=Role.CURATOR),
    }
    rated = reviewable(worlds.stored_clip(people["vera"]))
    rating = worlds.rated(rated, by=people["milo"])
    suggested(rated)
    veras, milos, ginas = (reviewable(worlds.stored_clip(people[name])) for name in ("vera", "milo", "gina"))
    turn = RatingTurn.objects.create(clip=veras, rater=people["milo"], lease_expires_at=timezone.now())
    for clip in (veras, milos, ginas):
        self_reports.say(clip, self_reports.Said(emotion="fear"), report_id=uuid.uuid4(), by=clip.contributor.actor)
    examples = gold_examples(worlds.volunteer("dora"), worlds.person("carla", role=Role.CURATOR))
    _invitation, word = invitations.invite("new@example.org", role=Role.MODERATOR, by=people["cleo"])
    token, _word = tokens.make(name="program", scopes=Scope.values, days=30, by=people["vera"])
    figures.reckon_soon(at=timezone.now())
    published.world(reader=people["vera"])
    run = learning_run(people["cleo"])
    return World(
        people,
        {
            "-": {},
            "vera's-clip": {"clip_id": veras.pk},
            "milo's-clip": {"clip_id": milos.pk},
            "gina's-clip": {"clip_id": ginas.pk},
            "milo's-turn": {"turn_id": turn.pk},
            "milo's-rating": {"rating_id": rating.pk},
            "milo's-answer": {"rater_id": people["milo"].pk, "rating_id": rating.pk},
            "listener-milo": {"rater_id": people["milo"].pk},
            "listener-otto": {"rater_id": people["otto"].pk},
            "a-run": {"run_id": run},
            "no-run": {"run_id": uuid.uuid4()},
            "a-curve": {"run_id": run, "name": "loss"},
            "no-curve": {"run_id": run, "name": "recall"},
            "good-word": {"token": word, "word": invitations.sign_in_word(people["cleo"])},
            "in-polish": {"language": "pl"},
            "in-english": {"language": "en"},
            "in-no-language": {"language": "tlh"},
            "an-example": {"clip_id": examples[0].pk},
            "otto's-answer": {"answer_id": learned(people["otto"])},
            "a-moderator": {"person_id": people["mona"].pk},
            "no-moderator": {"person_id": people["otto"].pk},
            "today": {"day": veras.stored_at.date().isoformat()},
            "vera's-token": {"token_id": token.pk},
            "vera's-mail": {"word": news.word_of(people["vera"].contributor)},
            "nowhere": {"way": "nowhere"},
            "a-prompt": {"prompt_id": veras.prompt_id},
            "no-prompt": {"prompt_id": "no-such-prompt"},
            "a-manner": {"style": "whisper"},
            "no-manner": {"style": "cry"},
            "polish": {"tag": "pl"},
            "no-language": {"tag": "tlh"},
            "a-sentence": {"tag": "pl", "sentence": "my-things"},
            "a-rule": {"name": "silent"},
            "no-rule": {"name": "no-such-rule"},
            "no-day": {"day": "tomorrow"},
            "a-figure": {"language": "en", "name": "coverage"},
            "no-figure": {"language": "en", "name": "weather"},
            "no-tongue": {"language": "tlh", "name": "coverage"},
            "training": {"purpose": "TRAIN_MODELS"},
            "no-purpose": {"purpose": "EVERYTHING"},
            "a-problem": {"problem": "denied"},
            "no-problem": {"problem": "tired"},
            "no-key": {"name": "0" * 64},
            "a-model": {"version": "0" * 12},
            "no-model": {"version": "f" * 12},
            "a-card": {"version": "0" * 12, "name": "README.md"},
            "no-card": {"version": "0" * 12, "name": "signing.key"},
            "bad-word": {"token": "not-a-word", "word": "not-a-word"},
            "bad-key": {"key": "not-a-key"},
            **published.subjects(reader=people["vera"]),
            "bad-reset": {"uidb36": "1", "key": "not-a-key"},
        },
    )


def moderating(person: User) -> User:
    """The volunteer, now a moderator too."""
    person.role = Role.MODERATOR
    person.save(update_fields=["role"])
    return person


def learning_run(curator: User) -> uuid.UUID:
    """A run with a first point of its curve."""
    run = schedule.open_run(by=curator)
    TrainingRun.objects.filter(pk=run.pk).update(progress={"steps": 20, "curve": [{"step": 10, "loss": 1.5}]})
    return run.pk


def gold_examples(speaker: User, curator: User) -> list[Clip]:
    """What the tutorial of English needs, and one more, each of which the curator chose."""
    clips = [reviewable(worlds.stored_clip(speaker)) for _ in range(tutorial.EXAMPLES + 1)]
    for clip in clips:
        with_status(clip.pk, Clip.Status.ACCEPTED)
        gold.choose(clip, by=curator, emotions=["anger"], explanation="loud", reader="en", is_for_tutorial=True)
    return clips


def learned(learner: User) -> uuid.UUID:
    """Their answer to the first example."""
    now = timezone.now()
    asked = tutorial.progress(learner, "en", now=now).example
    assert asked is not None
    return tutorial.answer(learner, "en", clip_id=asked.clip_id, emotion="anger", now=now).pk


def reviewable(clip: Clip) -> Clip:
    """The clip as screening leaves it, without the seconds that decoding takes."""
    storage.put(clip.archive, b"fLaC" + bytes(1000))
    storage.put(clip.peaks, b"[0.5]")
    storage.put(clip.spectrogram, b"PNG")
    with_status(clip.pk, Clip.Status.IN_REVIEW)
    clip.refresh_from_db()
    queue.follow(clip)
    return clip


def with_status(clip_id: uuid.UUID, status: str) -> None:
    """Set a status by force: here every one is looked at, however hard to reach by the acts."""
    Clip.objects.filter(pk=clip_id).update(status=status)


def suggested(clip: Clip) -> None:
    """What a champion heard in the clip."""
    told = {"preset": "nano", "release_digest": "0" * 64, "run_id": uuid.uuid4(), "files": {"README.md": "0" * 64}}
    champion = Checkpoint.objects.create(digest="0" * 64, number=1, status="CHAMPION", **told)
    storage.put(f"{champion.prefix}/README.md", b"# A card")
    Suggestion.objects.create(
        clip=clip, checkpoint=champion, scores={"anger": 0.9, "fear": 0.1}, emotion="anger", made_at=timezone.now()
    )


def names(resolver: URLResolver, namespace: str = "") -> Iterator[str]:
    """The name of every address under the resolver; one without a name is told by its pattern."""
    for pattern in resolver.url_patterns:
        if isinstance(pattern, URLPattern):
            yield namespace + (pattern.name or f"nameless {pattern.pattern}")
        else:
            yield from names(pattern, f"{namespace}{pattern.namespace}:" if pattern.namespace else namespace)


def test_every_address_of_the_site_is_in_the_tables_and_nothing_else_is():
    listed = {row["door"] for row in rows(DOORS) + rows(CLIP_DOORS)}

    assert set(names(get_resolver())) == listed


@pytest.mark.parametrize("row", rows(DOORS), ids=lambda row: "{door}-{subject}-{method}".format(**row))
def test_each_person_gets_the_answer_that_the_table_says(world, row):
    assert answers(world, row) == {name: row[name] for name in PEOPLE}


@pytest.mark.parametrize("row", rows(CLIP_DOORS), ids=lambda row: "{door}-{subject}-{status}-{method}".format(**row))
def test_a_clip_is_there_for_those_who_may_know_of_it_whatever_its_status(world, row):
    for status in clip_statuses(row):
        with transaction.atomic():
            with_status(world.subjects[row["subject"]]["clip_id"], status)
            found = answers(world, row)
            transaction.set_rollback(True)

        assert found == {name: row[name] for name in PEOPLE}, status


@pytest.mark.parametrize("row", rows(STATUS_DOORS), ids=lambda row: "{door}-{status}-{method}".format(**row))
def test_a_run_and_a_checkpoint_are_there_for_curators_and_a_model_for_all_in_each_status(world, row):
    model = TrainingRun if row["subject"] == "a-run" else Checkpoint
    rest = {"pk": world.subjects["a-run"]["run_id"]} if model is TrainingRun else {"digest": "0" * 64}
    for status in model.Status if row["status"] == "any" else row["status"].split(","):
        with transaction.atomic():
            assert model.objects.filter(**rest).update(status=status) == 1
            found = answers(world, row)
            transaction.set_rollback(True)

        assert found == {name: row[name] for name in PEOPLE}, status


def test_every_door_of_a_clip_is_tried_for_every_owner_in_every_status_once():
    tried: dict[tuple[str, str], list[tuple[str, str]]] = {}
    for row in rows(CLIP_DOORS):
        tried.setdefault((row["door"], row["method"]), []).extend((row["subject"], each) for each in clip_statuses(row))
    owners = {door: ["an-example"] if door[0].startswith("gold") else OWNERS for door in tried}
    wanted = {door: sorted((owner, each) for owner in owners[door] for each in Clip.Status) for door in tried}

    assert {door: sorted(cells) for door, cells in tried.items()} == wanted


def clip_statuses(row: dict[str, str]) -> list[str]:
    """The statuses that the row's words stand for."""
    return [str(status) for word in row["status"].split(",") for status in STATUSES.get(word, [word])]


@pytest.mark.parametrize(
    "row",
    [row for row in rows(DOORS) + rows(CLIP_DOORS) if row["method"] != "GET"],
    ids=lambda row: "{door}-{subject}-{method}".format(**row),
)
def test_no_other_site_can_make_a_persons_browser_act_here(world, row):
    wary = Client(enforce_csrf_checks=True)

    # The API asks a stranger for a token, which no browser adds by itself.
    refused = dict.fromkeys(PEOPLE, "403") | ({"anon": "401"} if row["door"].startswith("api:") else {})

    assert {name: told(world, row, name, browser=wary) for name in PEOPLE} == refused


def answers(world: World, row: dict[str, str]) -> dict[str, str]:
    """What each person is told at the door, each as if they came first."""
    return {name: told(world, row, name, browser=Client()) for name in PEOPLE}


def told(world: World, row: dict[str, str], name: str, *, browser: Client) -> str:
    """The answer to one person, in the tables' words; what they changed is undone."""
    with transaction.atomic():
        enter(browser, world.people[name])
        response = ask(world, row, browser)
        answer = in_words(response)
        transaction.set_rollback(True)
    assert headers.faults(response, is_somebody=name != "anon") == [], row
    TRIED.append(row["door"])
    browser.logout()
    return answer


def enter(browser: Client, person: User | Contributor | AnonymousUser) -> None:
    """Let the browser act as the person."""
    if isinstance(person, User):
        browser.force_login(person)
    elif isinstance(person, Contributor):
        session = browser.session
        guests.enter(session, person)
        session.save()
        browser.cookies[settings.SESSION_COOKIE_NAME] = session.session_key


def ask(world: World, row: dict[str, str], browser: Client) -> HttpResponseBase:
    """Knock with the row's method."""
    address = address_of(row["door"], world.subjects[row["subject"]])
    if row["method"] == "PUT" and row["door"] in SENT:
        return browser.put(address, SENT[row["door"]], content_type="application/json")
    if row["method"] == "PUT":
        return browser.put(address, SOUND, content_type="audio/wav", headers=announced())
    if row["method"] == "DELETE":
        return browser.delete(address, query_params=ASKED.get(row["door"], {}))
    if row["method"] == "POST":
        return browser.post(address, SENT.get(row["door"], {}))
    return browser.get(address)


def address_of(door: str, subject: dict[str, Any]) -> str:
    """The door's address, with those of the subject's values that it asks for."""
    wanted = {"invitation": ["token"], "unsubscribe": ["word"], "sign-in": ["word"]}.get(door, subject)
    return reverse(door, kwargs={key: subject[key] for key in wanted})


def announced() -> dict[str, str]:
    """The headers that a browser sends with the sound."""
    digest = base64.b64encode(hashlib.sha256(SOUND).digest()).decode()
    capture = base64.urlsafe_b64encode(json.dumps({}).encode()).decode()
    return {"Content-Digest": f"sha-256=:{digest}:", "X-Clip-Language": "en", "X-Clip-Capture": capture}


def in_words(response: HttpResponseBase) -> str:
    """A status as the tables write it, and where a redirect leads."""
    if response.status_code != 302:
        return str(response.status_code)
    path = urlsplit(response.headers["Location"]).path
    door = resolve(path).view_name
    return "sign-in" if door == "account_login" else f">{door}"


def test_how_many_cells_were_tried_is_told(capsys):
    with capsys.disabled():
        print(f"\ndoors: {len(TRIED)} cells tried at {len(set(TRIED))} doors, each as its table says")  # noqa: T201
