"""What Vera is asked next comes from what is missing, and from what she gave, skipped and does not want."""

import random
from collections import Counter
from itertools import groupby

import pytest
from django.utils import timezone

from contributions.asking import coverage, wishes
from contributions.asking.coverage import Mode
from contributions.consenting import guests
from contributions.leaving import withdrawal
from contributions.models import Clip, Contributor, CoverageCount, Prompt, PromptSkip
from contributions.releasing import splits
from tests import worlds

CORE = {"anger", "disgust", "fear", "happiness", "neutral", "sadness", "surprise"}


@pytest.fixture
def voice(vera):
    return worlds.voice_of(vera)


@pytest.fixture
def chance():
    return random.Random(4)


def acted(**wanted):
    return Prompt.objects.filter(language="en", kind="ACTED", **wanted).order_by("pk")


def keep_only(prompts):
    """A site that offers only these."""
    kept = [prompt.pk for prompt in prompts]
    Prompt.objects.exclude(pk__in=kept).update(is_offered=False)


def give(someone, *prompts):
    return [worlds.stored_clip(someone, prompt=prompt) for prompt in prompts]


def counted():
    coverage.count(at=timezone.now())


def asked(voice, chance, times, *, mode=Mode.ACTED, given=True):
    """What the voice is asked for one after the other, each spoken unless it is said otherwise."""
    prompts = []
    for _ in range(times):
        prompt = coverage.next_prompt(voice, "en", mode=mode, chance=chance)
        prompts.append(prompt)
        if given:
            give(voice, prompt)
    return prompts


# Sentences that are kept for the test


@pytest.mark.parametrize(("side", "of_the_test"), [("test", True), ("train", False), ("dev", False)])
def test_a_voice_is_asked_for_sentences_that_a_release_can_hold_of_it(voice, chance, side, of_the_test):
    Contributor.objects.filter(pk=voice.pk).update(split=side)
    voice.refresh_from_db()
    kept = splits.sentences_of_the_test("en", acted().values_list("sentence", flat=True))

    cells = {coverage.cell_of(prompt) for prompt in acted() if (prompt.sentence in kept) is of_the_test}
    prompts = [prompt for prompt in asked(voice, chance, 8) if coverage.cell_of(prompt) in cells]

    assert kept
    assert {prompt.sentence in kept for prompt in prompts} == {of_the_test}


# The gaps


def test_the_cell_with_the_fewest_voices_comes_first(vera, voice, chance):
    keep_only([acted(emotion=emotion, intensity=2)[0] for emotion in CORE])
    others = [worlds.volunteer(name) for name in ("anna", "bert")]
    for other in others:
        give(other, *Prompt.objects.filter(is_offered=True).exclude(emotion="fear"))
    give(others[0], acted(emotion="fear", intensity=2)[0])
    counted()

    assert coverage.next_prompt(voice, "en", chance=chance).emotion == "fear"


def test_many_clips_of_one_voice_fill_a_gap_less_than_one_clip_of_many(vera, voice, chance):
    fear, anger = acted(emotion="fear", intensity=2)[0], acted(emotion="anger", intensity=2)[0]
    keep_only([fear, anger])
    give(worlds.volunteer("anna"), fear, fear, fear, anger)
    give(worlds.volunteer("bert"), anger)
    counted()

    assert coverage.next_prompt(voice, "en", chance=chance) == fear


def test_a_cell_is_an_emotion_at_an_intensity(vera, voice, chance):
    slight, strong = acted(emotion="fear", intensity=1)[0], acted(emotion="fear", intensity=3)[0]
    keep_only([slight, strong])
    give(worlds.volunteer("anna"), slight)
    counted()

    assert coverage.next_prompt(voice, "en", chance=chance) == strong


def test_clips_that_were_withdrawn_or_unusable_leave_the_gap_open(vera, voice, chance):
    fear, anger = acted(emotion="fear", intensity=2)[0], acted(emotion="anger", intensity=2)[0]
    keep_only([fear, anger])
    anna, bert = worlds.volunteer("anna"), worlds.volunteer("bert")
    withdrawn, unusable, _kept = *give(anna, fear), *give(bert, fear), *give(anna, anger)
    withdrawal.withdraw(withdrawn, by=anna)
    Clip.objects.filter(pk=unusable.pk).update(status=Clip.Status.UNUSABLE)
    counted()

    assert coverage.next_prompt(voice, "en", chance=chance) == fear


def test_one_evening_of_vera_covers_every_feeling_at_every_intensity(vera, voice, chance):
    evening = asked(voice, chance, 21)

    assert len({(prompt.emotion, prompt.intensity) for prompt in evening}) == 21


def test_among_equals_chance_decides_and_the_same_chance_decides_the_same(vera, voice):
    first = {coverage.next_prompt(voice, "en", chance=random.Random(seed)).pk for seed in range(12)}

    assert len(first) > 6
    assert coverage.next_prompt(voice, "en", chance=random.Random(1)) == coverage.next_prompt(
        voice, "en", chance=random.Random(1)
    )


def test_without_any_count_something_is_asked_all_the_same(vera, voice, chance):
    assert not CoverageCount.objects.exists()
    assert coverage.next_prompt(voice, "en", chance=chance) is not None


# The person


def test_no_sentence_comes_twice_while_others_remain_and_all_come(vera, voice, chance):
    keep_only(acted()[:9])

    assert len(set(asked(voice, chance, 9))) == 9


def test_when_all_is_said_the_rarest_comes_again(vera, voice, chance):
    one, other = acted()[:2]
    keep_only([one, other])
    give(vera, one, one, other)

    assert coverage.next_prompt(voice, "en", chance=chance) == other


def test_what_gina_said_as_a_guest_she_is_not_asked_again_when_she_signs_up(chance, _stocked):
    one, other = acted(emotion="anger")[:2]
    gina = worlds.guest()
    keep_only([one, other])
    give(gina, one)
    account = worlds.volunteer("gina")
    guests.claim(gina, by=account)

    assert coverage.next_prompt(worlds.voice_of(account), "en", chance=chance) == other


def test_a_take_that_is_still_on_its_way_counts_as_said(vera, voice, chance):
    one, other = acted(emotion="anger")[:2]
    keep_only([one, other])

    assert coverage.next_prompt(voice, "en", besides=[one.pk], chance=chance) == other


def test_the_last_sentence_left_is_asked_again_rather_than_nothing(vera, voice, chance):
    only = acted()[0]
    keep_only([only])

    assert coverage.next_prompt(voice, "en", besides=[only.pk], chance=chance) == only


def test_no_feeling_is_asked_for_three_times_running(vera, voice, chance):
    keep_only([*acted(emotion="sadness")[:6], *acted(emotion="anger")[:3]])
    give(worlds.volunteer("anna"), *acted(emotion="anger", is_offered=True))
    counted()
    emotions = [prompt.emotion for prompt in asked(voice, chance, 8)]

    assert max(Counter(emotions).values()) <= 6
    assert not any(len(set(emotions[at : at + 3])) == 1 for at in range(len(emotions) - 2))


def test_one_take_told_twice_is_not_two_takes_running(vera, voice, chance):
    sad = list(acted(emotion="sadness", intensity=2)[:2])
    happy = acted(emotion="happiness", intensity=2)[0]
    keep_only([*sad, happy])
    give(worlds.volunteer("anna"), happy)
    counted()
    give(vera, sad[0])

    # The page names the sentence that was just spoken, which may have arrived meanwhile.
    found = coverage.situation(voice, "en", kind=Prompt.Kind.ACTED)

    assert coverage.running(found, [sad[0].pk]) is None


def test_a_feeling_that_vera_does_not_want_is_never_asked_for(vera, voice, chance):
    wishes.avoid(voice, ["fear", "disgust"], by=vera)

    assert {prompt.emotion for prompt in asked(voice, chance, 40, given=False)} == CORE - {"fear", "disgust"}
    assert {
        prompt.emotion for prompt in coverage.upcoming(voice, "en", at_most=200, mode=Mode.OWN_WORDS, chance=chance)
    } == CORE - {"fear", "disgust"}


def test_a_stopped_sentence_is_asked_of_nobody(vera, voice, chance):
    Prompt.objects.filter(language="en").update(is_offered=False)

    assert coverage.next_prompt(voice, "en", chance=chance) is None


# Skips


@pytest.mark.parametrize("reason", ["UPSETTING", "NOT_UNDERSTOOD", "NOT_MY_DIALECT"])
def test_words_that_vera_cannot_or_will_not_say_never_come_again_in_any_feeling(vera, voice, chance, reason):
    ways = list(acted(sentence="our-dinner"))
    wishes.skip(ways[0], voice=voice, reason=reason)

    assert len(ways) > 1
    assert not set(ways) & set(coverage.upcoming(voice, "en", at_most=500, chance=chance))


@pytest.mark.parametrize("reason", ["TOO_HARD", "OTHER", "NOT_SAID"])
def test_words_that_vera_put_off_come_after_all_the_others(vera, voice, chance, reason):
    hard, *rest = acted(emotion="anger")[:4]
    keep_only([hard, *rest])
    wishes.skip(hard, voice=voice, reason=reason)

    assert asked(voice, chance, 4)[-1] == hard


def test_what_vera_reports_she_is_not_asked_again_and_others_are(vera, voice, otto, chance):
    only = acted()[0]
    keep_only([only])
    wishes.report(only, voice=voice, reason="OFFENSIVE")

    assert coverage.next_prompt(voice, "en", chance=chance) is None
    assert coverage.next_prompt(worlds.voice_of(otto), "en", chance=chance) == only


def test_every_reason_to_skip_is_either_for_good_or_for_now():
    assert set(coverage.FOR_GOOD) < set(PromptSkip.Reason)


# Modes


def test_own_words_invite_and_acted_sentences_are_said(vera, voice, chance):
    told = coverage.upcoming(voice, "en", at_most=100, mode=Mode.OWN_WORDS, chance=chance)
    said = coverage.upcoming(voice, "en", at_most=500, chance=chance)

    assert {prompt.kind for prompt in told} == {"OWN_WORDS"}
    assert {prompt.kind for prompt in said} == {"ACTED"}
    assert (len(told), len(said)) == (21, acted().count())


def test_after_a_take_the_same_words_come_with_another_feeling_until_all_are_said(vera, voice, chance):
    sentence = max(Counter(acted().values_list("sentence", flat=True)).items(), key=lambda pair: pair[1])[0]
    ways = list(acted(sentence=sentence))
    said = [ways[0]]
    give(vera, ways[0])
    while len(said) < len(ways):
        said.append(
            coverage.next_prompt(
                voice, "en", mode=Mode.CONTRAST, besides=[said[-1].pk], after=said[-1].pk, chance=chance
            )
        )
        give(vera, said[-1])

    assert set(said) == set(ways)
    other = coverage.next_prompt(
        voice, "en", mode=Mode.CONTRAST, besides=[said[-1].pk], after=said[-1].pk, chance=chance
    )
    assert other.sentence != sentence


def test_a_contrast_begins_with_words_that_were_said_in_one_way_only(vera, voice, chance):
    begun = acted(sentence="our-dinner")[0]
    give(vera, begun)
    prompt = coverage.next_prompt(voice, "en", mode=Mode.CONTRAST, chance=chance)

    assert (prompt.sentence, prompt == begun) == ("our-dinner", False)


def test_after_a_skip_no_other_way_to_say_the_same_words_comes(vera, voice):
    begun = acted(sentence="our-dinner")[0]

    for seed in range(10):
        chance = random.Random(seed)
        prompt = coverage.next_prompt(voice, "en", mode=Mode.CONTRAST, besides=[begun.pk], chance=chance)
        assert prompt.sentence != "our-dinner"


def test_every_sentence_of_a_contrast_has_another_way(vera, voice, chance):
    prompts = coverage.upcoming(voice, "en", at_most=30, mode=Mode.CONTRAST, chance=chance)
    groups = [list(group) for _sentence, group in groupby(prompts, key=lambda prompt: prompt.sentence)]

    # The evening may end in the middle of the last one.
    assert all(len({prompt.emotion for prompt in group}) == len(group) > 1 for group in groups[:-1])
    assert len({group[0].sentence for group in groups}) == len(groups)


# Counting


def test_counts_tell_voices_and_clips_of_volunteers_by_part(vera, otto):
    fear = acted(emotion="fear", intensity=2)[0]
    told = Prompt.objects.filter(language="en", kind="OWN_WORDS", emotion="fear").first()
    give(vera, fear, fear, told)
    give(otto, fear)
    counted()
    numbers = {row.part: (row.voices, row.clips, row.accepted_clips) for row in CoverageCount.objects.all()}

    assert numbers == {
        "en": (2, 4, 0),
        "en/fear": (2, 4, 0),
        "en/fear/ACTED/2": (2, 3, 0),
        "en/fear/OWN_WORDS/None": (1, 1, 0),
    }


def test_accepted_clips_are_counted_apart(vera, milo):
    clip = worlds.accepted_clip(vera, by=milo)
    give(vera, acted(emotion=clip.intended_emotion)[1])
    counted()
    whole = CoverageCount.objects.get(part="en")

    assert (whole.voices, whole.clips, whole.accepted_voices, whole.accepted_clips) == (1, 2, 1, 1)


def test_what_is_gone_is_counted_no_more(vera):
    give(vera, acted()[0])
    counted()
    withdrawal.withdraw_all(worlds.voice_of(vera), by=vera)
    counted()

    assert not CoverageCount.objects.exists()


def test_asking_takes_as_many_queries_however_much_was_given(vera, voice, chance, django_assert_num_queries):
    counted()
    with django_assert_num_queries(10):
        coverage.next_prompt(voice, "en", chance=chance)
    give(vera, *acted()[:10])
    give(worlds.volunteer("anna"), *acted()[:10])
    counted()
    with django_assert_num_queries(10):
        coverage.upcoming(voice, "en", at_most=20, chance=chance)
