"""The pages in plain words promise what this very site does, and say of themselves what they are."""

import html
import re

import pytest
from django.conf import settings as site
from django.urls import reverse
from django.utils import translation

from contributions.consenting import retention
from contributions.trying import turns
from openempathic.registry.models import Checkpoint

PAGES = ("privacy", "terms", "retention", "machine-notice")
REVIEWED = {
    "en": "It needs local legal review",
    "es": "Necesita una revisión jurídica local",
    "ar": "ويحتاج إلى مراجعة قانونية محلية",
    "de": "Er muss vor Ort rechtlich geprüft werden",
    "fr": "Il doit être vérifié par des juristes du lieu",
    "pl": "Wymaga miejscowej kontroli prawnej",
    "hi": "इसकी स्थानीय कानूनी जाँच ज़रूरी है",
    "sw": "Yanahitaji kupitiwa na wanasheria wa eneo husika",
}
PERIODS = {
    "es": "5 años (1825 días)",
    "ar": "5 سنوات (1825 يومًا)",
    "de": "noch 5 Jahre (1825 Tage)",
    "fr": "restent 5 ans (1825 jours)",
    "pl": "przez 5 lat (1825 dni)",
    "hi": "5 साल (1825 दिन)",
    "sw": "kwa miaka 5 (siku 1825)",
}
FIGURES = {
    "emotions": ["anger", "neutral", "grief beyond words"],
    "chance": 0.5,
    "zero_shot": {"uar": 0.625, "interval": {"low": 0.5, "high": 0.75}},
    "by_language": {
        "pl": {"uar": 0.6, "interval": {"low": 0.4, "high": 0.7}},
        "xx": {"uar": 0.55, "interval": {"low": 0.3, "high": 0.8}},
    },
}


def told(client, name, language="en"):
    """The words of a page, without its markup and its import map."""
    answer = client.get(reverse(name), headers={"Accept-Language": language})
    assert answer.status_code == 200
    words = re.sub(r"<script.*?</script>|<[^>]+>", "", answer.content.decode(), flags=re.DOTALL)
    return html.unescape(re.sub(r"\s+", " ", words))


@pytest.fixture
def champion(db):
    return Checkpoint.objects.create(
        digest="c" * 64,
        status="CHAMPION",
        preset="nano",
        release_digest="b" * 64,
        run_id="0" * 32,
        files={},
        evaluation=FIGURES,
    )


@pytest.mark.parametrize("language", dict(site.LANGUAGES))
@pytest.mark.parametrize("name", PAGES)
def test_every_legal_page_says_that_it_needs_review_and_leaves_nothing_to_fill_in(client, champion, name, language):
    page = told(client, name, language)

    assert REVIEWED[language] in page
    assert not re.search(r"[{}]|\*\*", page)


@pytest.mark.parametrize("name", ["home", *PAGES])
def test_the_foot_of_every_page_leads_to_all_of_them(client, db, name):
    page = client.get(reverse(name)).content.decode()

    assert all(f'href="{reverse(each)}"' in page for each in PAGES)


def test_the_retention_page_tells_the_periods_that_the_site_keeps(client, db):
    page = told(client, "retention")

    for said in (
        "stay for 5 years (1825 days) after your last visit",
        f"{retention.WARNED_AHEAD.days} days ahead",
        "Within 24 hours",
        "expire within 30 days",
        "forgotten after 1 day",
        "signed out after 14 days",
        "with its address, after 14 days",
        "for at most 14 days",
    ):
        assert said in page


def test_other_settings_are_other_periods_everywhere(client, db, settings):
    settings.RETENTION_DAYS, settings.LOG_DAYS, settings.SESSION_COOKIE_AGE = 400, 1, 3 * 24 * 3600

    page = told(client, "retention")
    assert "stay for 400 days after" in page
    assert "for at most 1 day." in page
    assert "signed out after 3 days" in page
    assert "have not visited for 400 days" in told(client, "privacy")


@pytest.mark.parametrize(("language", "said"), PERIODS.items())
def test_periods_are_told_in_the_readers_language(client, db, language, said):
    assert said in told(client, "retention", language)


@pytest.mark.parametrize("language", dict(site.LANGUAGES))
def test_downloads_and_tries_are_told_of_in_every_language(client, db, language):
    with translation.override(language):
        trying = translation.gettext("Try CLARA")

    kept, period = (client.get(reverse(name), headers={"Accept-Language": language}) for name in PAGES[0:3:2])

    # Nine things are kept, then the tries; two headings more than before on the other page.
    assert trying in told(client, "privacy", language)
    assert (kept.content.count(b"<h2"), period.content.count(b"<h2")) == (7, 8)


def test_of_downloads_it_is_told_what_why_how_long_and_how_mail_ends(client, db):
    privacy, retention_page = told(client, "privacy"), told(client, "retention")

    for said in ("which files you took and when", "a copy has to follow", "at most once a day", "with one click"):
        assert said in privacy
    assert "not from where you came" in privacy
    assert "as long as you have an account" in retention_page
    assert "with your account all of it is deleted" in retention_page


def test_of_tries_it_is_told_that_nothing_is_kept(client, db):
    privacy = told(client, "privacy")

    for said in ("keeps nothing", "held in memory", "no file, no entry in the database and no line in a log"):
        assert said in privacy
    assert "counted in memory for an hour" in privacy
    assert turns.HOUR_SECONDS == 3600


# How a machine listens


def test_the_notice_tells_which_model_listens_and_how_well(client, champion):
    page = told(client, "machine-notice")

    assert champion.version in page
    assert "It knows these feelings: anger, neutral." in page
    assert "By chance it would be 0.500." in page
    assert "All languages 0.625 0.500 – 0.750" in page
    assert "Polish 0.600 0.400 – 0.700" in page
    assert "xx 0.550 0.300 – 0.800" in page


def test_a_model_without_figures_is_not_praised(client, champion):
    Checkpoint.objects.update(evaluation={})

    assert "It has not been measured." in told(client, "machine-notice")


def test_without_a_champion_nobody_claims_that_a_machine_listens_now(client, db):
    page = told(client, "machine-notice")

    assert "No model is in use on this site yet" in page
    assert "listens on this site now" not in page


def test_the_notice_says_what_the_law_wants_and_how_to_refuse(client, db):
    page = told(client, "machine-notice")

    for said in ("Art. 50(3)", "decides nothing", "No voiceprint", "never shown before the blind answer", "take back"):
        assert said in page


@pytest.mark.parametrize("name", ["consent", "studio", "my-clips"])
def test_the_speaker_is_told_where_they_decide_record_and_look(client, vera, name):
    client.force_login(vera)
    client.post(reverse("choose-language"), {"language": "en"})
    page = client.get(reverse(name)).content.decode()

    main = page[page.index("<main") : page.index("</main>")]
    assert "A machine listens too" in main
    assert f'href="{reverse("machine-notice")}"' in main


def test_in_the_studio_it_stands_before_the_recorder(client, vera):
    client.force_login(vera)
    client.post(reverse("choose-language"), {"language": "en"})
    page = client.get(reverse("studio")).content.decode()

    assert page.index("A machine listens too") < page.index("<take-recorder")


def test_a_guest_is_told_as_well(client, _stocked):
    client.post(reverse("take-part"))
    page = client.get(reverse("consent"))

    assert page.status_code == 200
    assert "A machine listens too" in page.content.decode()
