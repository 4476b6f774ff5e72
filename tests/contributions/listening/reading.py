"""How the tests of the listening page read it: what stands on it, and whether anything that was said is lost."""

import re

from tests.contributions.test_pages import Boxes

EVERYTHING = {
    "is_usable": "yes",
    "emotion": "other",
    "other_word": "homesick",
    "secondary_emotions": ["sadness", "calm"],
    "intensity": "0",
    "valence": "2",
    "arousal": "7",
    "dominance": "1",
    "styles": ["whisper", "sigh"],
    "description": "She almost laughs, and then she does not.",
}


def main_of(answer):
    """The page's own part, without head and foot."""
    return answer.content.decode().partition("<main")[2].partition("</main>")[0]


def words_of(answer):
    """What stands there to be read."""
    return " ".join(re.sub(r"<[^>]+>", " ", main_of(answer)).split())


def chosen_on(page):
    """Name and value of every field that is ticked."""
    fields = (field for field in Boxes(page).found if "checked" in field and "name" in field)
    return {(field["name"], field["value"]) for field in fields}


def still_filled_in(answer):
    """Whether the form of the page holds everything again."""
    page = main_of(answer)
    wanted = {(name, each) for name, said in EVERYTHING.items() for each in ([said] if isinstance(said, str) else said)}
    typed = {("other_word", "homesick"), ("description", EVERYTHING["description"])}
    return wanted - typed <= chosen_on(page) and "homesick" in page and EVERYTHING["description"] in page


def still_told(answer):
    """Whether the page tells everything that was said, where the form can be of no use any more."""
    told = words_of(answer)
    return all(word in told for word in ("homesick", "sadness", "calm", "whispers", EVERYTHING["description"]))
