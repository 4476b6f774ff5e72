"""About me: Vera tells about herself only while she allows it, as much as she likes, and it goes when she says so."""

import tempfile
from pathlib import Path

import pytest
from django.urls import reverse

from contributions.consenting import consent, facts
from contributions.models import Clip, Contributor, Purpose
from contributions.releasing import scrubbing, selection
from contributions.releasing.draft import Draft
from openempathic.audit.models import AuditEvent
from tests import worlds

FACTS = Purpose.DEMOGRAPHICS
REVIEW = Purpose.STORE_AND_REVIEW
PAGE = reverse("about-me")
SAID = {"age_band": "30-44", "gender": "female", "own_word": "", "accent": "from the coast"}
KEPT = facts.Facts(gender="female", age_band="30-44", accent="from the coast")


@pytest.fixture
def vera_who_tells(client, _stocked):
    vera = worlds.volunteer("vera", purposes=(REVIEW, FACTS))
    client.force_login(vera)
    return vera


def told(person):
    return facts.told(Contributor.objects.get(user=person))


# The page


def test_nothing_is_preset_and_all_may_stay_empty(client, vera_who_tells):
    form = client.get(PAGE).context["form"]

    assert set(form.initial.values()) == {""}
    assert client.post(PAGE, {}).url == reverse("my-clips")
    assert told(vera_who_tells) == facts.Facts()


def test_what_she_tells_is_kept_and_shown_to_her_again(client, vera_who_tells):
    answer = client.post(PAGE, SAID)

    assert answer.url == reverse("my-clips")
    assert told(vera_who_tells) == KEPT
    assert client.get(PAGE).context["form"].initial == SAID


def test_her_own_word_is_kept_as_she_wrote_it(client, vera_who_tells):
    client.post(PAGE, {"own_word": " agender "})

    assert told(vera_who_tells).gender == "agender"
    assert client.get(PAGE).context["form"].initial["own_word"] == "agender"


@pytest.mark.parametrize(
    "said",
    [
        {"gender": "female", "own_word": "agender"},
        {"gender": "something"},
        {"age_band": "17"},
        {"own_word": "w" * 21},
        {"accent": "a" * 121},
    ],
)
def test_what_cannot_be_kept_is_asked_again_and_changes_nothing(client, vera_who_tells, said):
    client.post(PAGE, SAID)

    answer = client.post(PAGE, said)
    assert answer.status_code == 200
    assert answer.context["form"].errors
    assert told(vera_who_tells) == KEPT


def test_emptying_the_page_empties_what_is_kept(client, vera_who_tells):
    client.post(PAGE, SAID)
    client.post(PAGE, {})

    assert told(vera_who_tells) == facts.Facts()


def test_the_log_says_which_facts_were_told_and_not_what_they_say(client, vera_who_tells):
    client.post(PAGE, SAID | {"age_band": ""})

    event = AuditEvent.objects.get(act="contributor.described")
    assert (event.actor, event.facts) == (vera_who_tells, {"told": ["gender", "accent"]})


def test_without_her_leave_the_page_asks_nothing_and_keeps_nothing(client, vera):
    client.force_login(vera)
    text = client.get(PAGE).content.decode()

    assert 'name="age_band"' not in text
    assert f'href="{reverse("consent")}"' in text
    assert client.post(PAGE, SAID).status_code == 403
    assert told(vera) == facts.Facts()


def test_the_act_itself_asks_for_her_leave(vera):
    with pytest.raises(facts.NotAllowed):
        facts.tell(consent.contributor_for(vera), KEPT, by=vera)


def test_taking_the_permission_back_erases_it_and_closes_the_page(client, vera_who_tells):
    client.post(PAGE, SAID)
    way = reverse("purpose-withdrawal", args=[FACTS])
    assert f'href="{way}"' in client.get(PAGE).content.decode()
    assert "is erased" in client.get(way).content.decode()

    client.post(way)
    assert told(vera_who_tells) == facts.Facts()
    assert 'name="age_band"' not in client.get(PAGE).content.decode()


def test_my_voice_and_the_consent_page_lead_there(client, vera_who_tells):
    for page in ("my-clips", "consent"):
        assert f'href="{PAGE}"' in client.get(reverse(page)).content.decode()


def test_the_consent_page_leads_there_only_once_it_is_allowed(client, vera):
    client.force_login(vera)

    assert f'href="{PAGE}"' not in client.get(reverse("consent")).content.decode()


# What a release tells


def voices_that_say(**said):
    """For each name a volunteer with that gender, a clip, and leave to keep both."""
    for name, gender in said.items():
        someone = worlds.volunteer(name, purposes=(REVIEW, FACTS))
        voice = consent.contributor_for(someone)
        facts.tell(voice, facts.Facts(gender=gender), by=someone)
        worlds.stored_clip(someone, name.encode())


def genders():
    """What a release of all clips would tell, sorted."""
    with tempfile.TemporaryDirectory() as folder, Draft(Path(folder) / "draft") as draft:
        selection.gather(draft, Clip.objects.all(), REVIEW, frozenset())
        draft.database.execute("UPDATE clips SET left_out = NULL")
        scrubbing.scrub(draft)
        return sorted(gender for (gender,) in draft.ask("SELECT gender FROM voices WHERE gender IS NOT NULL"))


@pytest.mark.usefixtures("_stocked")
def test_a_gender_is_told_only_where_enough_speakers_share_it():
    voices_that_say(ada="female", bea="female", cia="female", dea="female", max="male", zoe="agender")
    assert genders() == []

    voices_that_say(eve="female")
    assert genders() == ["female"] * 5


@pytest.mark.usefixtures("_stocked")
def test_who_did_not_allow_it_hides_nobody():
    voices_that_say(ada="female", bea="female", cia="female", dea="female", eve="female")
    someone = Contributor.objects.exclude(user=None).first()
    consent.withdraw(someone, FACTS, by=someone.user, locale="en")
    Contributor.objects.filter(pk=someone.pk).update(gender="female")

    assert genders() == []
