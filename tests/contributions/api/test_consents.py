"""Vera's program reads what she allows, checks the chain, takes a purpose back, keeps receipt and archive."""

import hashlib
import io
import json
import zipfile

import pytest
from django.core import mail

from contributions.consenting import consent, receipts
from contributions.models import Clip, Purpose
from tests import worlds
from tests.contributions.api.test_clips import Program


@pytest.fixture
def program(vera):
    return Program(vera)


def purposes(program):
    return {each["purpose"]: each for each in program.ask("GET", "consents").json()["purposes"]}


def test_where_vera_stands_comes_with_the_words_and_their_digests(program):
    told = purposes(program)

    assert set(told) == set(consent.ASKED)
    assert [purpose for purpose, each in told.items() if each["is_given"]] == ["STORE_AND_REVIEW", "TRAIN_MODELS"]
    assert [purpose for purpose, each in told.items() if each["is_required"]] == ["STORE_AND_REVIEW"]
    answered = told["TRAIN_MODELS"]["answered_text"]
    assert answered["sha256"] == consent.text_for(Purpose.TRAIN_MODELS, "en").sha256
    assert answered["words"]
    assert told["TRAIN_MODELS"]["text_in_force"] == answered
    assert told["TRAIN_MODELS"]["asks_again"] is False


def test_who_never_answered_stands_nowhere(_stocked):
    told = purposes(Program(worlds.person("nora")))

    assert set(told) == set(consent.ASKED)
    assert not any(each["is_given"] or each["answered_at"] for each in told.values())


def test_a_program_can_check_the_chain_by_itself(program):
    program.ask("DELETE", "consent", "TRAIN_MODELS")
    told = program.ask("GET", "consent-events").json()
    previous = ""
    for event in told["events"]:
        said = {name: value for name, value in event.items() if name != "sha256"}
        assert event["previous_sha256"] == previous
        assert hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest() == event["sha256"]
        previous = event["sha256"]

    assert told["is_whole"] is True
    assert (told["events"][-1]["kind"], told["events"][-1]["purpose"]) == ("WITHDRAWN", "TRAIN_MODELS")


def test_a_purpose_taken_back_twice_is_taken_back_once_and_mailed_once(program, vera):
    answers = [program.ask("DELETE", "consent", "TRAIN_MODELS").status_code for _ in range(2)]

    assert answers == [204, 204]
    assert vera.contributor.consent_events.filter(kind="WITHDRAWN").count() == 1
    assert len(mail.outbox) == 1
    assert not purposes(program)["TRAIN_MODELS"]["is_given"]
    assert purposes(program)["STORE_AND_REVIEW"]["is_given"]


def test_with_the_required_purpose_goes_everything(program, vera):
    worlds.stored_clip(vera)

    assert program.ask("DELETE", "consent", "STORE_AND_REVIEW").status_code == 204
    assert not Clip.objects.live().exists()
    assert not any(each["is_given"] for each in purposes(program).values())


def test_a_purpose_that_is_none_is_not_there(program):
    assert program.ask("DELETE", "consent", "EVERYTHING").status_code == 404


def test_the_receipt_is_the_one_that_the_page_gives(program):
    document = program.ask("GET", "receipt").content.decode()

    assert receipts.verify(document)["header"]["format"] == receipts.FORMAT
    with pytest.raises(receipts.NotAReceipt):
        receipts.verify(document.replace("TRAIN_MODELS", "RELEASE_DATASET"))


def test_there_is_no_receipt_before_an_answer(_stocked):
    refused = Program(worlds.person("nora")).ask("GET", "receipt")

    assert (refused.status_code, refused.json()["code"]) == (404, "no_consent_yet")


def test_the_archive_holds_the_clips_and_a_day_allows_only_so_many(program, vera, settings):
    settings.EXPORTS_PER_DAY = 1
    clip = worlds.stored_clip(vera)
    answer = program.ask("POST", "export", Accept="application/zip")
    archive = zipfile.ZipFile(io.BytesIO(b"".join(answer.streaming_content)))
    refused = program.ask("POST", "export")

    assert answer.headers["Content-Type"] == "application/zip"
    assert archive.read(f"clips/{clip.pk}/original") == worlds.ANGER.read_bytes()
    assert (refused.status_code, refused.json()["code"]) == (429, "too_many_exports")
