"""The dashboards: right numbers, nobody's clip in them, and open to nobody but those whose languages they are of."""

import csv
import io
import uuid
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from contributions.listening import agreement, assistance, figures, queue
from contributions.models import (
    Clip,
    ClipLabel,
    CoverageCount,
    Examination,
    Figure,
    ListeningNeed,
    Rating,
    RatingVoid,
    Suggestion,
    Verdict,
)
from contributions.views import figure_opinions, figure_tables
from openempathic.accounts.models import Role
from openempathic.registry.models import Checkpoint
from tests import worlds

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
SURE = {"alpha": 0.81, "low": 0.7, "high": 0.9, "clips": 40, "ratings": 130}
UNSURE = {"alpha": 0.31, "low": -0.1, "high": 0.5, "clips": 12, "ratings": 36}
NOTHING = {"alpha": None, "low": None, "high": None, "clips": 0, "ratings": 0}
AGREEMENT = {
    "overall": SURE,
    "by_emotion": {"anger": SURE, "fear": UNSURE, "pensive": NOTHING},
    "by_background": {"native": {"declared": SURE}, "gender": {"=cmd()": UNSURE}, "age_band": {}},
    "by_dimension": {"intensity": SURE, "valence": NOTHING, "arousal": UNSURE, "dominance": NOTHING},
}
SHARE = {"count": 9, "of": 12, "share": 0.75, "low": 0.46, "high": 0.91}
NO_SHARE = {"count": 0, "of": 0, "share": None, "low": None, "high": None}
ASSISTANCE = {
    "enough": 3,
    "accuracy": SHARE,
    "emotions": [{"emotion": "anger", **SHARE}],
    "bias": {"shown": SHARE, "hidden": NO_SHARE, "raters": 3, "difference": None, "low": None, "high": None},
}


def clips(many: int, *, asked: str = "anger", heard: str = "anger", language: str = "en", status: str = "ACCEPTED"):
    """Clips of a voice of its own, with a label; none of them needs anybody."""
    voice = worlds.guest()
    made = [
        Clip(
            id=uuid.uuid4(),
            contributor=voice,
            language=language,
            intended_emotion=asked,
            sha256="0" * 64,
            byte_count=1,
            media_type="audio/wav",
            status=status,
        )
        for _n in range(many)
    ]
    Clip.objects.bulk_create(made)
    ClipLabel.objects.bulk_create(
        ClipLabel(clip=clip, method="counts-1", emotion=heard, rating_count=3, made_at=timezone.now()) for clip in made
    )
    return made


def needing(clip: Clip, *, priority: int = queue.REST, age: timedelta = timedelta(), is_open: bool = True):
    """The clip wants another listener, since so long."""
    columns = {"clip": clip, "language": clip.language, "priority": priority, "wanted": 3, "is_open": is_open}
    need = ListeningNeed.objects.create(**columns)
    ListeningNeed.objects.filter(pk=need.pk).update(opened_at=timezone.now() - age)


def answered(clip: Clip, *, at=None, **facts) -> Rating:
    """Somebody's answer, at the moment."""
    facts = {"phase": Rating.Phase.BLIND, "is_usable": True, "emotion": "anger"} | facts
    rating = Rating.objects.create(clip=clip, **facts)
    if at:
        Rating.objects.filter(pk=rating.pk).update(rated_at=at)
    return rating


def reckoned(name: str, language: str = "") -> dict:
    return Figure.objects.get(name=name, language=language).content


def reckon() -> None:
    now = timezone.now()
    figures.reckon_soon(at=now)
    figures.reckon_later(at=now)


@pytest.fixture
def pole(_stocked):
    """Mona, who moderates Polish alone."""
    mona = worlds.person("mona", Role.MODERATOR)
    mona.moderated_languages = ["pl"]
    mona.save(update_fields=["moderated_languages"])
    return mona


@pytest.fixture
def drawn(_stocked):
    """A site with something in every figure."""
    for asked, heard in (("anger", "anger"), ("anger", "fear"), ("fear", "fear"), ("sadness", "pensive")):
        clips(6, asked=asked, heard=heard)
    clips(2, status="DISPUTED")
    for clip in clips(3, status="IN_REVIEW"):
        needing(clip, priority=queue.UNSETTLED, age=2 * HOUR)
        answered(clip)
    reckon()
    for language in ("en", "pl"):
        Figure.objects.create(name="agreement", language=language, content=AGREEMENT, reckoned_at=timezone.now())
    for language in ("", "en"):
        Figure.objects.create(name="assistance", language=language, content=ASSISTANCE, reckoned_at=timezone.now())


def test_the_queue_is_told_by_reason_and_age_in_every_language(_stocked):
    english, polish = clips(3, status="IN_REVIEW"), clips(2, language="pl", status="IN_REVIEW")
    needing(english[0], priority=queue.TEST_SIDE, age=HOUR / 2)
    needing(english[1], age=2 * DAY)
    needing(english[2], age=40 * DAY, is_open=False)
    needing(polish[0], age=40 * DAY)
    needing(polish[1], age=5 * HOUR)
    reckon()

    assert reckoned("queue", "en")["needs"] == {"0": [1, 0, 0, 0, 0, 0], "50": [0, 0, 1, 0, 0, 0]}
    assert reckoned("queue", "pl")["needs"] == {"50": [0, 1, 0, 0, 0, 1]}
    assert reckoned("queue")["needs"] == {"0": [1, 0, 0, 0, 0, 0], "50": [0, 1, 1, 0, 0, 1]}


def test_what_waits_for_a_moderator_is_told_by_status_and_age(_stocked):
    for status, language, age in (("DISPUTED", "en", 2 * DAY), ("UNUSABLE", "pl", HOUR / 2), ("ACCEPTED", "en", DAY)):
        (clip,) = clips(1, language=language, status=status)
        Clip.objects.filter(pk=clip.pk).update(stored_at=timezone.now() - age)
    clips(1, status="QUARANTINED")[0].contributor.current_consents.update(is_given=False)
    reckon()

    assert reckoned("queue", "en")["set_aside"] == {"DISPUTED": [0, 0, 1, 0, 0, 0]}
    assert set(reckoned("queue")["set_aside"]) == {"DISPUTED", "UNUSABLE"}


def test_a_language_in_which_nothing_waits_any_more_says_so(_stocked):
    (clip,) = clips(1, language="pl", status="IN_REVIEW")
    needing(clip)
    figures.reckon_soon(at=timezone.now() - HOUR)
    ListeningNeed.objects.all().delete()
    reckon()

    assert not Figure.objects.filter(name="queue", language="pl").exists()
    assert reckoned("queue")["needs"] == {}


def test_each_day_has_its_answers_screenings_and_verdicts(milo):
    (clip,) = clips(1)
    now = timezone.now()
    answered(clip)
    answered(clip, at=now - DAY)
    answered(clip, at=now - 40 * DAY, round=1)
    answered(clip, phase=Rating.Phase.INFORMED)
    RatingVoid.objects.create(rating=answered(clip, round=2), reason="UNDONE")
    Verdict.objects.create(clip=clip, from_status="DISPUTED", to_status="ACCEPTED", reason="fine", decided_by=milo)
    Verdict.objects.create(
        clip=clip, from_status="DISPUTED", to_status="ACCEPTED", reason="fine", decided_by=milo, is_proposal=True
    )
    reckon()

    found = reckoned("throughput", "en")
    assert len(found["days"]) == 30
    assert found["days"][-1] == timezone.localdate(now).isoformat()
    assert (found["ratings"][-2:], sum(found["ratings"])) == ([1, 1], 2)
    assert (found["verdicts"][-1], sum(found["verdicts"])) == (1, 1)
    assert sum(found["screenings"]) == 0


@pytest.mark.parametrize("old", [0, 1, 7, 40])
def test_the_first_screening_of_the_month_is_found_however_many_came_before(_stocked, old):
    (clip,) = clips(1)
    now = timezone.now()
    for fence in range(old + 5):
        made = Examination.objects.create(clip=clip, agent="screening", version="1", fence=fence, is_usable=True)
        Examination.objects.filter(pk=made.pk).update(examined_at=now - (35 * DAY if fence < old else DAY))
    reckon()

    assert reckoned("throughput")["screenings"][-2] == 5
    assert sum(reckoned("throughput")["screenings"]) == 5


def test_what_was_asked_for_is_held_against_what_was_heard(_stocked):
    clips(15, asked="anger", heard="anger")
    clips(5, asked="anger", heard="fear")
    clips(6, asked="anger", heard="anger", language="pl")
    reckon()

    assert reckoned("confusion", "en")["cells"] == {
        "anger": {"anger": {"clips": 15, "share": 0.75}, "fear": {"clips": 5, "share": 0.25}}
    }
    assert reckoned("confusion")["cells"]["anger"]["anger"]["clips"] == 21


def test_no_cell_tells_of_so_few_clips_that_a_listener_would_know_them(_stocked):
    clips(8, asked="anger", heard="anger")
    clips(4, asked="anger", heard="fear")
    clips(4, asked="fear", heard="fear")
    reckon()

    assert reckoned("confusion", "en")["cells"] == {"anger": {"anger": {"clips": 8, "share": 0.6667}}}


def test_a_clip_that_somebody_may_still_be_asked_about_is_in_no_figure_of_what_was_asked_for(_stocked):
    settled = clips(6)
    for clip in settled:
        needing(clip, is_open=clip is settled[0])
    clips(6, asked="fear", heard="fear", status="IN_REVIEW")
    clips(6, asked="", heard="fear")
    reckon()

    # Five are left of the six, which is enough; of what is in review, and of what nobody asked for, nothing is.
    assert reckoned("confusion", "en")["cells"] == {"anger": {"anger": {"clips": 5, "share": 1.0}}}


def test_coverage_is_told_against_what_is_wanted_and_of_few_voices_only_that_they_are_few(_stocked, settings):
    settings.VOICES_WANTED = 12
    for emotion, voices in (("anger", 9), ("fear", 3)):
        CoverageCount.objects.create(
            part=f"pl/{emotion}",
            language="pl",
            emotion=emotion,
            voices=30,
            clips=30,
            accepted_voices=voices,
            accepted_clips=30,
            counted_at=timezone.now(),
        )
    reckon()

    found = reckoned("coverage", "pl")
    assert (found["wanted"], found["given"]["pl"]["anger"], found["given"]["pl"]["fear"]) == (12, 9, None)
    assert found["given"]["pl"]["sadness"] == 0
    assert set(reckoned("coverage")["given"]) >= {"pl", "en", "ar"}


def test_reckoning_asks_as_often_however_much_there_is(
    _stocked, django_assert_num_queries, django_assert_max_num_queries
):
    clips(10)
    with django_assert_max_num_queries(40) as few:
        reckon()
    for language in ("pl", "de"):
        for clip in clips(30, asked="fear", language=language):
            needing(clip)

    with django_assert_num_queries(len(few)):
        reckon()


def test_the_page_shows_every_figure_with_its_table(client, cleo, drawn):
    client.force_login(cleo)
    page = client.get(reverse("figures")).content.decode()

    for name in ("queue", "throughput", "agreement", "confusion", "coverage", "assistance"):
        assert f'id="{name}"' in page
        assert reverse("figure-table", args=["all", name]) in page
    assert page.count("<table>") == 6
    assert page.count("<picture>") == 11


def test_a_site_on_which_nothing_happened_says_what_is_missing(client, milo):
    client.force_login(milo)
    before = client.get(reverse("figures")).content.decode()
    reckon()
    after = client.get(reverse("figures")).content.decode()

    assert before.count("There is nothing to reckon yet.") == 6
    assert "No clip waits for a listener." in after
    assert "Nothing was done in the last 30 days." in after
    assert "There are not yet enough settled clips" in after


@pytest.mark.parametrize("language", ["all", "en"])
def test_every_plot_and_table_of_the_page_is_there(client, cleo, drawn, language):
    client.force_login(cleo)
    page = client.get(reverse("figures"), {"language": language}).content.decode()
    addresses = {part.split('"')[0] for part in page.split('src="/moderate')[1:] + page.split('href="/moderate')[1:]}
    files = sorted(f"/moderate{each}" for each in addresses if each.endswith((".svg", ".csv")))

    assert len(files) > 12
    for address in files:
        answer = client.get(address)
        assert (answer.status_code, answer.headers["Cache-Control"]) == (200, "private, no-cache")
        assert client.get(address, headers={"If-None-Match": answer.headers["ETag"]}).status_code == 304


def test_what_is_reckoned_elsewhere_is_drawn_as_it_is(client, cleo):
    champion = Checkpoint.objects.create(
        digest="a" * 64, status="CHAMPION", preset="nano", release_digest="b" * 64, run_id=uuid.uuid4(), files={}
    )
    earlier, listeners = timezone.now() - HOUR, [worlds.person(name) for name in ("ada", "bea", "carl")]
    for number, clip in enumerate(clips(8)):
        Suggestion.objects.create(
            clip=clip, checkpoint=champion, scores={"anger": 1.0}, emotion="anger", made_at=earlier
        )
        for listener in listeners:
            answered(clip, rater=listener, emotion="anger" if number % 2 else "cannot_tell", intensity=2, valence=3)
    agreement.recompute("en", at=timezone.now())
    assistance.reckon_all()
    client.force_login(cleo)

    for language in ("en", "all"):
        page = client.get(reverse("figures"), {"language": language}).content.decode()
        assert "No clip" not in page.partition('id="agreement"')[2].partition("</section>")[0]
        for name in ("agreement", "assistance-accuracy"):
            assert client.get(reverse("figure-plot", args=[language, name])).status_code == 200


def test_a_plot_lets_its_own_style_in_and_nothing_else(client, cleo, drawn):
    client.force_login(cleo)
    answer = client.get(reverse("figure-plot", args=["all", "confusion"]))

    address = reverse("figure-plot", args=["all", "confusion"])
    again = client.get(address, headers={"If-None-Match": answer.headers["ETag"]})
    policy = answer.headers["Content-Security-Policy"]
    assert (again.status_code, again.headers["Content-Security-Policy"]) == (304, policy)
    assert answer.headers["Content-Type"] == "image/svg+xml"
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert "unsafe" not in policy


def test_another_language_of_the_reader_is_another_file(client, cleo, drawn):
    client.force_login(cleo)
    address = reverse("figure-plot", args=["all", "confusion"])
    english = client.get(address)
    arabic = client.get(address, headers={"Accept-Language": "ar", "If-None-Match": english.headers["ETag"]})

    assert (arabic.status_code, 'direction="rtl"' in arabic.content.decode()) == (200, True)
    assert {"Cookie", "Accept-Language"} <= {each.strip() for each in arabic.headers["Vary"].split(",")}


def test_mona_sees_polish_alone(client, pole, drawn):
    client.force_login(pole)

    assert 'value="pl" selected' in client.get(reverse("figures")).content.decode()
    assert client.get(reverse("figures"), {"language": "pl"}).status_code == 200
    for language in ("en", "all", "tlh", ""):
        asked = client.get(reverse("figures"), {"language": language})
        assert asked.status_code == (404 if language else 200), language
    for door, name in (("figure-plot", "coverage"), ("figure-table", "coverage")):
        assert client.get(reverse(door, args=["pl", name])).status_code == 200
        for language in ("en", "all"):
            assert client.get(reverse(door, args=[language, name])).status_code == 404


def test_not_modified_is_told_to_nobody_who_may_not_see_it(client, cleo, pole, drawn):
    client.force_login(cleo)
    address = reverse("figure-plot", args=["en", "confusion"])
    etag = client.get(address).headers["ETag"]
    client.force_login(pole)

    assert client.get(address, headers={"If-None-Match": etag}).status_code == 404


def test_a_table_is_numbers_for_programs_and_no_formula_for_a_spreadsheet(client, cleo, drawn):
    client.force_login(cleo)
    answer = client.get(reverse("figure-table", args=["en", "agreement"]))
    rows = list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"))))

    assert rows[0] == ["Of what", "Alpha", "From", "To", "Clips", "Answers"]
    assert rows[1] == ["All feelings", "0.81", "0.7", "0.9", "40", "130"]
    assert ["'=cmd()", "0.31", "-0.1", "0.5", "12", "36"] in rows
    assert 'filename="agreement-en.csv"' in answer.headers["Content-Disposition"]


def test_what_nobody_heard_twice_has_no_plot(client, cleo, drawn):
    Figure.objects.filter(name="agreement").delete()
    client.force_login(cleo)

    assert client.get(reverse("figure-plot", args=["en", "agreement"])).status_code == 404
    assert client.get(reverse("figure-table", args=["en", "agreement"])).status_code == 404


def test_the_line_below_which_nothing_holds_is_drawn_where_agreement_draws_it():
    assert figure_opinions.DEPENDABLE == agreement.DEPENDABLE


@pytest.mark.parametrize(("number", "told"), [(0.6666, "0.67"), (-0.001, "0.00"), (1, "1.00"), (-0.5, "\u200e-0.50")])
def test_a_number_is_rounded_and_not_cut(number, told):
    assert figure_tables.fraction(number) == told
