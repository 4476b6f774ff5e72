"""How a language becomes active: Milo, who grew up with Polish, reads every sentence, confirms it or puts it right."""

import pytest
from django.urls import reverse

from contributions import taxonomy
from contributions.asking import catalogue, gaps, languages, sentences
from contributions.models import LanguageDecision, NativeSpeaker, Prompt, SentenceConfirmation, SentenceRepair
from contributions.models.consent import Immutable
from openempathic.accounts.models import Role
from openempathic.audit.models import AuditEvent
from tests import worlds

POLISH = "pl"
PAGE = reverse("language", args=[POLISH])


@pytest.fixture
def milo_from_poland(milo):
    languages.declare(milo, POLISH, is_native=True)
    return milo


@pytest.fixture
def here(milo_from_poland, client):
    client.force_login(milo_from_poland)
    return client


def polish():
    return sentences.of(POLISH)


def confirm_all(person, *, but=()):
    for sentence in polish():
        if sentence.name not in but and not sentence.is_confirmed:
            languages.confirm(POLISH, sentence.name, seen=sentence.content_sha256, by=person)


def acts():
    return list(AuditEvent.objects.order_by("pk").values_list("act", flat=True))


# What is needed


def test_every_pilot_needs_its_sentences_confirmed_and_nothing_else(_stocked):
    for tag, standing in languages.standings().items():
        assert (standing.status, standing.confirmed, standing.is_ready) == ("pilot", 0, False), tag
        assert (standing.neutral_lacking, standing.scenes_lacking) == (0, 0), tag
        assert standing.has_interface, tag
        assert standing.has_consent_texts, tag
        assert standing == languages.standing(tag)


def test_what_is_missing_is_counted_and_shown_to_everybody(_stocked, client, settings, monkeypatch):
    settings.LANGUAGES = [("en", "English")]
    monkeypatch.setattr(taxonomy, "consent_languages", lambda: ("en",))
    Prompt.objects.filter(language=POLISH, scene__gt="").exclude(pk="pl-my-things-anger").update(is_offered=False)
    standing = languages.standing(POLISH)
    page = client.get(reverse("coverage")).content.decode()

    assert (standing.neutral_lacking, standing.scenes_lacking) == (40, 19)
    assert not standing.has_interface
    assert not standing.has_consent_texts
    for said in (
        "A translation of these pages.",
        "40 more sentences",
        "19 more scenes",
        "A translation of what people",
    ):
        assert said in page


def test_asking_for_all_languages_takes_as_many_queries_however_many_there_are(_stocked, django_assert_num_queries):
    with django_assert_num_queries(4):
        languages.standings()
    with django_assert_num_queries(5):
        gaps.picture()


def test_a_language_that_nobody_wrote_for_has_no_standing(_stocked):
    with pytest.raises(taxonomy.UnknownLanguage):
        languages.standing("it")


# Who may


def test_only_who_says_that_they_grew_up_with_it_confirms_it(milo, vera):
    first = polish()[0]
    languages.declare(vera, POLISH, is_native=True)

    for person in (milo, vera):
        with pytest.raises(languages.NotConfirmable):
            languages.confirm(POLISH, first.name, seen=first.content_sha256, by=person)
        with pytest.raises(languages.NotConfirmable):
            languages.repair(POLISH, first.name, seen=first.content_sha256, text="Inaczej.", scenes={}, by=person)
        with pytest.raises(languages.NotConfirmable):
            languages.decide(POLISH, is_active=True, reason="I like it", by=person)
    assert not SentenceConfirmation.objects.exists()


def test_milo_says_so_once_and_may_take_it_back_and_the_log_knows(client, milo):
    client.force_login(milo)
    speaker = reverse("language-speaker", args=[POLISH])
    assert "It is right" not in client.get(PAGE).content.decode()
    for _ in range(2):
        client.post(speaker, {"is_native": "yes"})
    assert "It is right" in client.get(PAGE).content.decode()
    assert "You grew up with it." in client.get(reverse("languages")).content.decode()
    client.post(speaker, {"is_native": "no"})

    assert not NativeSpeaker.objects.exists()
    assert acts() == ["person.declared_language", "person.undeclared_language"]


# Confirming


def test_what_is_confirmed_leaves_the_list_and_can_be_taken_back(here):
    first = here.get(PAGE).context["waiting"][0]["sentence"]
    address = reverse("sentence-confirmation", args=[POLISH, first.name])
    here.post(address, {"seen": first.content_sha256, "is_right": "yes"})
    told = here.get(PAGE).context
    assert [each["sentence"].name for each in told["confirmed"]] == [first.name]
    assert told["standing"].confirmed == 1

    here.post(address, {"seen": first.content_sha256, "is_right": "no"})
    assert languages.standing(POLISH).confirmed == 0
    assert acts()[1:] == ["sentence.confirmed", "sentence.doubted"]


def test_words_that_changed_meanwhile_are_read_again(here):
    first = polish()[0]
    Prompt.objects.filter(language=POLISH, sentence=first.name).update(text="Coś innego.")
    answer = here.post(
        reverse("sentence-confirmation", args=[POLISH, first.name]),
        {"seen": first.content_sha256, "is_right": "yes"},
        follow=True,
    )

    assert "The words changed while this page was open." in answer.content.decode()
    assert not SentenceConfirmation.objects.exists()


def test_new_words_of_a_confirmed_sentence_wait_again(milo_from_poland):
    first = polish()[0]
    languages.confirm(POLISH, first.name, seen=first.content_sha256, by=milo_from_poland)
    Prompt.objects.filter(language=POLISH, sentence=first.name).update(scene="Inna scena.")

    assert languages.standing(POLISH).confirmed == 0


def test_the_last_confirmation_makes_it_active_for_everybody_to_see(here, milo_from_poland):
    last = polish()[-1]
    confirm_all(milo_from_poland, but=[last.name])
    assert languages.standing(POLISH).status == "pilot"

    address = reverse("sentence-confirmation", args=[POLISH, last.name])
    answer = here.post(address, {"seen": last.content_sha256, "is_right": "yes"}, follow=True)

    assert "the language is active now" in answer.content.decode()
    assert languages.standing(POLISH).status == "active"
    assert {tongue.tag for tongue in gaps.picture().tongues if tongue.standing.status == "active"} == {POLISH}
    assert acts()[-1] == "language.activated"
    catalogue.load_prompts()
    assert languages.standing(POLISH).status == "active"


def test_a_language_that_lacks_something_else_stays_a_pilot(milo_from_poland, monkeypatch):
    monkeypatch.setattr(taxonomy, "consent_languages", lambda: ("en",))
    confirm_all(milo_from_poland)

    assert languages.standing(POLISH).unconfirmed == 0
    assert languages.standing(POLISH).status == "pilot"
    with pytest.raises(languages.NotConfirmable):
        languages.decide(POLISH, is_active=True, reason="I like it", by=milo_from_poland)


def test_what_is_active_becomes_a_pilot_again_with_a_reason_and_active_once_more(here, milo_from_poland):
    confirm_all(milo_from_poland)
    state = reverse("language-state", args=[POLISH])
    here.post(state, {"is_active": "no", "reason": "  "})
    assert languages.standing(POLISH).status == "active"

    here.post(state, {"is_active": "no", "reason": "Half of it is dialect."})
    assert languages.standing(POLISH).status == "pilot"
    assert "Half of it is dialect." in here.get(PAGE).content.decode()
    here.post(state, {"is_active": "yes", "reason": "It is not."})
    assert languages.standing(POLISH).status == "active"
    assert acts()[-3:] == ["language.activated", "language.paused", "language.activated"]
    with pytest.raises(Immutable):
        LanguageDecision.objects.first().save()


# Repairing


def test_better_words_are_offered_at_once_confirmed_and_stay_when_files_are_loaded(here):
    found = next(each for each in polish() if len(each.ways) > 1 and each.ways[0].scene)
    way = found.ways[0]
    said = {"seen": found.content_sha256, "text": " Lepsze słowa. ", f"scene-{way.pk}": "Lepsza scena."}
    here.post(reverse("sentence-repair", args=[POLISH, found.name]), said)
    catalogue.load_prompts()
    again = next(each for each in polish() if each.name == found.name)

    assert {each.text for each in again.ways} == {"Lepsze słowa."}
    assert again.ways[0].scene == "Lepsza scena."
    assert [each.scene for each in again.ways[1:]] == [each.scene for each in found.ways[1:]]
    assert (again.is_confirmed, again.is_repaired) == (True, True)
    assert acts()[-2:] == ["sentence.repaired", "sentence.confirmed"]


def test_a_second_repair_replaces_the_first(milo_from_poland):
    for words in ("Pierwsze.", "Drugie."):
        first = polish()[0]
        languages.repair(POLISH, first.name, seen=first.content_sha256, text=words, scenes={}, by=milo_from_poland)
    catalogue.load_prompts()

    assert polish()[0].text == "Drugie."


def test_once_the_data_file_itself_is_changed_it_has_the_last_word(milo_from_poland, monkeypatch):
    first = polish()[0]
    languages.repair(POLISH, first.name, seen=first.content_sha256, text="Lepiej.", scenes={}, by=milo_from_poland)
    row = SentenceRepair.objects.get()
    SentenceRepair.objects.filter(pk=row.pk).update(file_sha256="0" * 64)
    catalogue.load_prompts()

    assert polish()[0].text == first.text
    assert not polish()[0].is_confirmed


def test_a_clip_keeps_the_words_that_were_said(milo, vera):
    languages.declare(milo, "en", is_native=True)
    clip = worlds.stored_clip(vera)
    said = next(each for each in sentences.of("en") if each.name == clip.prompt.sentence)
    languages.repair("en", said.name, seen=said.content_sha256, text="Better words.", scenes={}, by=milo)

    clip.refresh_from_db()
    assert (clip.prompt.text, clip.transcript) == ("Better words.", said.text)


@pytest.mark.parametrize(
    ("text", "scenes"),
    [
        ("", {}),
        ("  ", {}),
        ("x" * 501, {}),
        ("Dobrze.", {"pl-my-things-anger": " "}),
        ("Dobrze.", {"pl-my-things-anger": "x" * 301}),
        ("Dobrze.", {"pl-not-home-anger": "Scena."}),
    ],
)
def test_what_is_no_repair_is_refused_and_nothing_changes(here, milo_from_poland, text, scenes):
    found = next(each for each in polish() if each.name == "my-things")
    with pytest.raises(languages.NotConfirmable):
        languages.repair(POLISH, found.name, seen=found.content_sha256, text=text, scenes=scenes, by=milo_from_poland)
    said = {"seen": found.content_sha256, "text": text} | {f"scene-{way}": scene for way, scene in scenes.items()}
    answer = here.post(reverse("sentence-repair", args=[POLISH, found.name]), said, follow=True)

    assert 'data-tone="error"' in answer.content.decode()
    assert not SentenceRepair.objects.exists()
    assert next(each for each in polish() if each.name == "my-things").text == found.text


def test_english_stands_beside_other_languages(here):
    answer = here.get(PAGE)
    first = answer.context["waiting"][0]
    english = next(each.text for each in sentences.of("en") if each.name == first["sentence"].name)

    assert first["beside"] == english
    assert english in answer.content.decode()


def test_cleo_may_confirm_too_and_who_leaves_leaves_their_word(cleo):
    languages.declare(cleo, POLISH, is_native=True)
    first = polish()[0]
    languages.confirm(POLISH, first.name, seen=first.content_sha256, by=cleo)
    worlds.person("cleopatra", Role.CURATOR)
    cleo.delete()

    assert languages.standing(POLISH).confirmed == 1
    assert SentenceConfirmation.objects.get().confirmed_by is None


def test_so_many_sentences_wait_on_one_page_as_somebody_reads(here):
    told = here.get(PAGE)

    assert len(told.context["waiting"]) == 20 < told.context["standing"].unconfirmed
    assert "More come as you go on." in told.content.decode()
