"""How Vera speaks a language: asked once, kept while she allows it, and told to others only in the words of several."""

import json
import zipfile

import pytest
from django.urls import reverse
from django.utils import timezone

from contributions import taxonomy
from contributions.consenting import consent, facts, varieties
from contributions.leaving import exports, farewell, homecoming
from contributions.models import Clip, Contributor, Purpose, Variety
from contributions.taxonomy.varieties import seeds
from openempathic.audit.models import AuditEvent
from tests import harvest, worlds
from tests.contributions.leaving.test_exports import emptied, files_of

ALLOWED = (Purpose.STORE_AND_REVIEW, Purpose.DEMOGRAPHICS)
PAGE, STUDIO, ABOUT_ME = reverse("variety"), reverse("studio"), reverse("about-me")


@pytest.fixture
def vera_who_tells(_stocked):
    return worlds.volunteer("vera", purposes=ALLOWED)


@pytest.fixture
def here(vera_who_tells, client):
    """Her browser, where she has chosen English."""
    client.force_login(vera_who_tells)
    client.post(reverse("choose-language"), {"language": "EN"})
    return client


def said(person):
    return varieties.told(worlds.voice_of(person))


def several(words, *names, language="en"):
    """People of these names who say so of the language, each with an accepted clip."""
    for name in names:
        harvest.contributed(name, emotions=["anger"], purposes=ALLOWED)
        voice = Contributor.objects.get(user__email=f"{name}@example.org")
        Clip.objects.filter(contributor=voice).update(language=language)
        varieties.tell(voice, {language: words}, by=voice.user)


# Being asked


def test_she_is_asked_once_before_the_studio_opens_with_nothing_preset(here):
    assert here.get(STUDIO).url == PAGE
    page = here.get(PAGE)

    assert "checked" not in page.content.decode()
    assert page.context["form"]["words"].value() in (None, "")
    assert here.post(PAGE, {"words": "from the coast"}).url == STUDIO
    assert here.get(STUDIO).status_code == 200


def test_whoever_would_rather_not_say_is_not_asked_again(here, vera_who_tells):
    assert here.post(PAGE, {"skip": "yes", "words": "half a word"}).url == STUDIO

    assert here.get(STUDIO).status_code == 200
    assert said(vera_who_tells) == {}


def test_she_is_asked_anew_in_another_language(here):
    here.post(PAGE, {"skip": "yes"})
    here.post(reverse("choose-language"), {"language": "de"})

    assert here.get(STUDIO).url == PAGE
    assert "Schwäbisch" in here.get(PAGE).content.decode()


def test_without_her_leave_she_is_not_asked_and_nothing_is_kept(vera, client):
    client.force_login(vera)
    client.post(reverse("choose-language"), {"language": "en"})

    assert client.get(STUDIO).status_code == 200
    assert client.post(PAGE, {"words": "from the coast"}).url == STUDIO
    with pytest.raises(facts.NotAllowed):
        varieties.tell(worlds.voice_of(vera), {"en": "from the coast"}, by=vera)
    assert not Variety.objects.exists()


def test_a_suggestion_or_ones_own_words_but_not_both(here, vera_who_tells):
    assert here.post(PAGE, {"suggested": "Scottish", "words": "of Leith"}).status_code == 422
    assert here.post(PAGE, {"suggested": "Martian"}).status_code == 422
    here.post(PAGE, {"suggested": "Scottish"})

    assert said(vera_who_tells) == {"en": "Scottish"}


# About me


def test_about_me_asks_for_each_language_that_she_speaks_here(here, vera_who_tells):
    here.post(PAGE, {"words": "from the coast"})
    here.post(reverse("choose-language"), {"language": "de"})
    form = here.get(ABOUT_ME).context["form"]

    assert {"variety-de", "variety-en"} < set(form.fields)
    assert "accent" not in form.fields
    assert form["variety-en"].value() == "from the coast"
    here.post(ABOUT_ME, {"variety-en": "", "variety-de": " Hochdeutsch "})
    assert said(vera_who_tells) == {"de": "Hochdeutsch"}


def test_an_accent_of_before_stays_hers_to_change(here, vera_who_tells):
    voice = worlds.voice_of(vera_who_tells)
    facts.tell(voice, facts.Facts(accent="from the hills"), by=vera_who_tells)

    assert here.get(ABOUT_ME).context["form"]["accent"].value() == "from the hills"
    here.post(ABOUT_ME, {"accent": "", "variety-en": "from the coast"})
    voice.refresh_from_db()
    assert (voice.accent, said(vera_who_tells)) == ("", {"en": "from the coast"})


def test_the_log_names_the_languages_and_not_the_words(here):
    here.post(PAGE, {"words": "from the coast"})

    assert AuditEvent.objects.get(act="contributor.described").facts == {"varieties": ["en"]}


@pytest.mark.parametrize("language", ["tlh", "x", "EN-"])
def test_what_is_no_language_of_ours_is_not_kept(vera_who_tells, language):
    with pytest.raises((ValueError, taxonomy.UnknownLanguage)):
        varieties.tell(worlds.voice_of(vera_who_tells), {language: "so"}, by=vera_who_tells)


# By program


def put(client, **said):
    return client.put(reverse("api:facts"), data=said, content_type="application/json")


def test_a_program_of_hers_reads_and_changes_it(here, vera_who_tells):
    answer = put(here, age_band="30-44", varieties={"EN": "from the coast", "de_at": "aus Wien"})

    assert answer.status_code == 200
    told = {"age_band": "30-44", "gender": "", "accent": "", "varieties": {"de-AT": "aus Wien", "en": "from the coast"}}
    assert answer.json() == here.get(reverse("api:facts")).json() == told
    assert put(here).json()["varieties"] == said(vera_who_tells) == {}


@pytest.mark.parametrize(
    "wrong",
    [
        {"varieties": {"tlh": "so"}},
        {"varieties": {"english": "so"}},
        {"varieties": {"en": "so", "EN": "so"}},
        {"varieties": {"en": "w" * 121}},
        {"age_band": "17"},
        {"gender": "w" * 21},
    ],
)
def test_a_program_is_told_what_is_wrong_and_changes_nothing(here, vera_who_tells, wrong):
    put(here, varieties={"en": "from the coast"})
    answer = put(here, **wrong)

    assert (answer.status_code, answer.json()["code"]) == (400, "invalid")
    assert answer.json()["message"]
    assert said(vera_who_tells) == {"en": "from the coast"}


def test_without_her_leave_a_program_keeps_nothing(vera, client):
    client.force_login(vera)
    answer = put(client, varieties={"en": "from the coast"})

    assert (answer.status_code, answer.json()["code"]) == (403, "not_allowed")
    assert not Variety.objects.exists()


# Going


def test_taking_the_permission_back_erases_it_and_a_new_one_asks_anew(here, vera_who_tells):
    here.post(PAGE, {"words": "from the coast"})
    here.post(reverse("purpose-withdrawal", args=[Purpose.DEMOGRAPHICS]))

    assert not Variety.objects.exists()
    voice = worlds.voice_of(vera_who_tells)
    texts = consent.texts("en")
    consent.decide(voice, given=set(ALLOWED), shown=texts, locale="en", is_adult=True, by=vera_who_tells)
    assert here.get(STUDIO).url == PAGE


def test_it_goes_when_she_leaves(here, vera_who_tells):
    here.post(PAGE, {"words": "from the coast"})
    farewell.delete_account(vera_who_tells, locale="en")

    assert not Variety.objects.exists()


def test_it_is_in_her_archive_and_comes_home_with_it(here, vera_who_tells, tmp_path):
    here.post(PAGE, {"words": "from the coast"})
    path, voice = tmp_path / "voice.zip", worlds.voice_of(vera_who_tells)
    with path.open("wb") as file:
        exports.write(voice, file, at=timezone.now())
    before = list(Variety.objects.values("contributor", "language", "words", "alike", "said_at"))
    assert json.loads(files_of(path)["contributor.json"])["varieties"][0]["words"] == "from the coast"
    emptied()
    homecoming.import_export(path)

    assert list(Variety.objects.values("contributor", "language", "words", "alike", "said_at")) == before
    assert zipfile.ZipFile(path).testzip() is None


# Suggestions


def test_what_three_people_said_is_suggested_and_what_two_said_is_not(_stocked):
    several("Geordie", "ada", "bea")
    assert "Geordie" not in varieties.suggestions("en")

    several(" geordie", "cia")
    assert varieties.suggestions("en")[0].casefold() == "geordie"
    assert "Geordie" not in varieties.suggestions("de")


def test_people_without_an_accepted_clip_put_no_words_into_others_mouths(_stocked):
    for name in ("ada", "bea", "cia"):
        someone = worlds.volunteer(name, purposes=ALLOWED)
        varieties.tell(worlds.voice_of(someone), {"en": "Geordie"}, by=someone)

    assert "Geordie" not in varieties.suggestions("en")


def test_who_takes_it_back_is_counted_no_more(_stocked):
    several("Geordie", "ada", "bea", "cia")
    ada = Contributor.objects.get(user__email="ada@example.org")
    consent.withdraw(ada, Purpose.DEMOGRAPHICS, by=ada.user, locale="en")

    assert "Geordie" not in varieties.suggestions("en")


def test_a_suggestion_comes_once_and_the_list_stays_short(_stocked):
    several("scottish", "ada", "bea", "cia")
    suggested = varieties.suggestions("en")

    assert [words.casefold() for words in suggested].count("scottish") == 1
    assert len(suggested) <= varieties.SUGGESTED_MAX
    assert varieties.suggestions("en-GB")


@pytest.mark.parametrize("tag", taxonomy.prompt_languages())
def test_every_language_with_sentences_has_some_to_begin_with(tag):
    assert 5 <= len(set(map(varieties.alike, seeds(tag)))) == len(seeds(tag)) <= varieties.SUGGESTED_MAX
    assert all(len(words) <= varieties.WORDS_LETTERS_MAX for words in seeds(tag))
