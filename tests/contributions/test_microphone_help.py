"""The pages of help put the reader's own browser first, and say something for every browser."""

import html
import re

import pytest
from django.urls import reverse
from django.utils import translation

from contributions.microphone_help import BROWSERS, PROBLEMS, browser_of

AGENTS = {
    "chrome": "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/140.0.0.0 Safari/537.36",
    "chrome-android": "Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 Chrome/140.0.0.0 Mobile Safari/537.36",
    "firefox": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
    "firefox-android": "Mozilla/5.0 (Android 14; Mobile; rv:140.0) Gecko/140.0 Firefox/140.0",
    "safari": "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 Version/18.0 Safari/605.1.15",
    "safari-ios": "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Version/18.0 Mobile/15E148 Safari/604.1",
    "samsung": "Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 SamsungBrowser/26.0 Chrome/122.0 Mobile",
}
CHROME_ON_IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) CriOS/140.0 Mobile/15E148 Safari/604.1"
EDGE = AGENTS["chrome"] + " Edg/140.0.0.0"


@pytest.mark.parametrize(
    ("agent", "browser"),
    [
        *((agent, name) for name, agent in AGENTS.items()),
        (CHROME_ON_IPHONE, "safari-ios"),
        (EDGE, "chrome"),
        ("", "chrome"),
    ],
)
def test_a_browser_is_known_by_what_it_says_of_itself(agent, browser):
    assert browser_of(agent) == browser


@pytest.mark.parametrize("problem", PROBLEMS, ids=lambda problem: problem.name)
def test_every_problem_has_something_to_do_in_every_browser(problem):
    assert set(problem.steps) == set(BROWSERS)
    assert all(2 <= len(steps) <= 6 for steps in problem.steps.values())
    assert all(len(set(steps)) == len(steps) for steps in problem.steps.values())


@pytest.mark.parametrize("name", AGENTS)
def test_ones_own_browser_comes_first_and_the_others_are_folded(client, db, name):
    answer = client.get(reverse("help-microphone", args=["denied"]), headers={"User-Agent": AGENTS[name]})
    page = html.unescape(answer.content.decode())

    assert f'<h2 id="own">{BROWSERS[name]}</h2>' in page
    assert set(re.findall(r"<summary>(.*?)</summary>", page)) == {str(x) for x in BROWSERS.values()} - {
        str(BROWSERS[name])
    }
    assert "User-Agent" in answer.headers["Vary"]


def test_the_list_leads_to_every_page_and_an_unknown_one_is_not_there(client, db):
    page = client.get(reverse("help-microphones")).content.decode()

    assert all(f'href="{reverse("help-microphone", args=[each.name])}"' in page for each in PROBLEMS)
    assert client.get(reverse("help-microphone", args=["tired"])).status_code == 404


@pytest.mark.parametrize("language", ["es", "ar"])
def test_no_page_of_help_falls_back_to_english(client, db, language):
    for problem in PROBLEMS:
        address = reverse("help-microphone", args=[problem.name])
        page = client.get(address, headers={"Accept-Language": language}).content.decode()
        with translation.override("en"):
            english = {str(step) for steps in problem.steps.values() for step in steps} | {str(problem.title)}

        assert [sentence for sentence in english if html.escape(sentence) in page] == []
