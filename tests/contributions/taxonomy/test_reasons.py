"""What Vera is told when a clip cannot be used."""

import pytest
from django.utils import translation

from contributions.audio.decode import Reason
from contributions.taxonomy import reasons, screening


def test_every_reason_of_the_decoder_and_of_screening_has_a_text_and_a_tip():
    codes = {reason.code for reason in reasons.SCREENING}

    assert codes == {*Reason, "SILENT", "NO_SPEECH", "CLIPPED"}


@pytest.mark.parametrize("rule", screening.rules(), ids=lambda rule: rule.name)
def test_every_rule_has_words_for_whoever_breaks_it(rule):
    assert reasons.screening_reason(rule.reason).code == rule.reason


def test_every_reason_of_a_listener_is_there():
    assert [reason.code for reason in reasons.LISTENING] == [
        *("NO_SPEECH", "MORE_THAN_ONE_PERSON", "NOT_THIS_LANGUAGE", "TEXT_NOT_READ", "PERSONAL_DATA"),
        *("MINOR", "OFFENSIVE", "TOO_NOISY", "OTHER"),
    ]


@pytest.mark.parametrize("reason", [*reasons.MACHINES, *reasons.LISTENING], ids=lambda reason: reason.code)
def test_a_reason_is_a_sentence_and_so_is_its_tip(reason):
    with translation.override("en"):
        assert str(reason.text).endswith(".")
        assert str(reason.tip).endswith(".")
        assert "accent" not in f"{reason.text} {reason.tip}"


def test_a_reason_is_found_by_its_code():
    assert reasons.screening_reason("CLIPPED").code == "CLIPPED"
    assert reasons.listening_reason("MINOR").code == "MINOR"
    with pytest.raises(LookupError):
        reasons.screening_reason("MINOR")
    with pytest.raises(LookupError):
        reasons.listening_reason("CLIPPED")
