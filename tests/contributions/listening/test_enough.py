"""Three listeners, then five, then seven, while they do not agree."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contributions.listening import enough

votes_of = st.lists(st.sampled_from(["anger", "sadness", "fear", "neutral"]), max_size=12)
leasts = st.sampled_from([3, 5])


@pytest.mark.parametrize(
    ("votes", "wanted"),
    [
        ("", 3),
        ("a", 3),
        ("aa", 3),
        ("aaa", 3),
        ("aab", 5),
        ("abc", 5),
        ("aaab", 4),
        ("aabb", 5),
        ("aaabc", 5),
        ("aaabb", 7),
        ("aabbc", 7),
        ("aabbca", 7),
        ("aabbcab", 7),
        ("aabbcabc", 8),
    ],
)
def test_few_are_asked_while_they_agree_and_more_while_they_do_not(votes, wanted):
    assert enough.wanted(votes) == wanted


@pytest.mark.parametrize(("votes", "wanted"), [("aaa", 5), ("aaaa", 5), ("aaaaa", 5), ("aaabb", 7)])
def test_where_models_are_measured_five_are_asked_at_least(votes, wanted):
    assert enough.wanted(votes, at_least=5) == wanted


@given(votes_of, leasts)
def test_no_more_than_seven_are_ever_waited_for_and_no_fewer_than_the_least(votes, least):
    wanted = enough.wanted(votes, at_least=least)

    assert wanted >= least
    assert wanted <= max(7, len(votes))
    assert wanted >= len(votes)


@given(votes_of, leasts, st.randoms())
def test_it_does_not_matter_who_answered_first(votes, least, chance):
    shuffled = list(votes)
    chance.shuffle(shuffled)

    assert enough.wanted(shuffled, at_least=least) == enough.wanted(votes, at_least=least)


@given(st.lists(st.sampled_from(["anger", "sadness", "fear"]), min_size=7, max_size=7), leasts)
def test_whoever_asks_on_while_it_wants_more_comes_to_an_end(votes, least):
    heard = []
    while enough.wanted(heard, at_least=least) > len(heard):
        heard.append(votes[len(heard)])

    assert least <= len(heard) <= 7
    assert len(heard) == 7 or enough.is_agreed(heard)
