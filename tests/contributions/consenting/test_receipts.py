"""A contributor can prove what they allowed, in which words; and new words are asked about again."""

import hashlib
import json
from datetime import timedelta
from io import StringIO

import pytest
from django.core import mail
from django.core.management import CommandError, call_command
from django.urls import reverse
from django.utils import timezone

from contributions.consenting import consent, receipts
from contributions.models import ConsentEvent, ConsentText, CurrentConsent, Purpose
from openempathic import signatures
from tests import worlds

TRAINING = Purpose.TRAIN_MODELS
REVIEW = Purpose.STORE_AND_REVIEW
# What Vera allows.
ALLOWED = {str(purpose): purpose in (REVIEW, TRAINING) for purpose in Purpose}


@pytest.fixture
def voice(vera):
    return consent.contributor_for(vera)


@pytest.fixture
def vera_here(client, vera):
    client.force_login(vera)
    client.post(reverse("choose-language"), {"language": "en"})
    return client


def given_receipt(voice):
    return receipts.receipt(voice, at=timezone.now())


def new_text(purpose=TRAINING, *, version="2.0", language="en", is_material=True, in_days=0):
    """New words for the purpose, in force from that many days from now."""
    body = f"# New words {version}\n\nThey ask for something else."
    return ConsentText.objects.create(
        purpose=purpose,
        language=language,
        version=version,
        body=body,
        sha256=hashlib.sha256(body.encode()).hexdigest(),
        valid_from=timezone.now().date() + timedelta(days=in_days),
        is_material_change=is_material,
    )


def answered(client, **ticked):
    """Post the consent page as it is now, with these boxes ticked."""
    form = client.get(reverse("consent")).context["form"]
    shown = {name: field.initial for name, field in form.fields.items() if name.startswith("shown_")}
    return client.post(reverse("consent"), shown | {name: "on" for name, tick in ticked.items() if tick})


# What a receipt says


def test_a_receipt_tells_each_answer_with_the_words_as_they_were_shown(voice, settings):
    settings.OPERATOR = "Example Foundation, hello@example.org"
    content = signatures.verify(given_receipt(voice))

    assert [(each["purpose"], each["is_given"]) for each in content["processing"]] == list(ALLOWED.items())
    for each, shown in zip(content["processing"], consent.texts("en"), strict=True):
        assert each["text"]["id"] == shown.pk
        assert each["text"]["version"] == shown.version
        assert each["text"]["sha256"] == hashlib.sha256(each["text"]["words"].encode()).hexdigest()
        assert each["withdrawal_method"]["url"].endswith(reverse("consent"))
    assert content["parties"][0]["name_and_address"] == settings.OPERATOR
    assert content["header"]["pii_principal_id"] == str(voice.pk)


def test_a_receipt_carries_the_events_of_the_chain(voice):
    content = signatures.verify(given_receipt(voice))
    events = list(voice.consent_events.exclude(kind="REQUESTED"))

    assert [event["sha256"] for event in content["events"]] == [event.sha256 for event in events]
    assert {event["locale"] for event in content["events"]} == {"en"}
    assert content["header"]["record_sha256"] == events[-1].sha256


def test_a_later_answer_is_on_the_next_receipt(voice, vera):
    consent.decide(voice, given={REVIEW}, shown=consent.texts("en"), locale="en", is_adult=True, by=vera)

    answers = {each["purpose"]: each["is_given"] for each in signatures.verify(given_receipt(voice))["processing"]}
    assert answers == ALLOWED | {TRAINING: False}


def test_a_receipt_names_nobody(voice, vera):
    assert vera.email not in receipts.as_json(given_receipt(voice))


def test_there_is_no_receipt_before_an_answer(_stocked):
    with pytest.raises(receipts.NoConsentYet):
        given_receipt(consent.contributor_for(worlds.person("otto")))


# Its pages


def test_the_page_and_the_file_say_the_same(vera_here, voice):
    page = vera_here.get(reverse("receipt")).content.decode()
    file = vera_here.get(reverse("receipt-json"))

    content = receipts.verify(file.content.decode())
    assert "attachment" in file.headers["Content-Disposition"]
    for each in content["processing"]:
        assert each["text"]["sha256"] in page
    assert str(voice.pk) in page


# Its mail


def test_whoever_decides_gets_the_receipt_by_mail(vera_here, vera, voice):
    answer = answered(vera_here, is_adult=True, given_STORE_AND_REVIEW=True)

    assert answer.status_code == 302
    (sent,) = mail.outbox
    assert sent.to == [vera.email]
    (name, words, kind) = sent.attachments[0]
    assert (name, kind) == (receipts.FILE_NAME, "application/json")
    answers = {each["purpose"]: each["is_given"] for each in receipts.verify(words)["processing"]}
    assert answers == ALLOWED | {TRAINING: False}


@pytest.mark.parametrize("fault", [OSError("no route"), RuntimeError("broken backend")])
def test_a_mail_server_that_fails_loses_no_consent(vera_here, voice, monkeypatch, fault, caplog):
    def refuse(*_args, **_options):
        raise fault

    monkeypatch.setattr("django.core.mail.EmailMessage.send", refuse)
    answer = answered(vera_here, is_adult=True, given_STORE_AND_REVIEW=True)

    assert answer.url == reverse("studio")
    assert not consent.covers(voice, TRAINING)
    assert "could not be mailed" in vera_here.get(reverse("consent")).content.decode()
    assert "vera@" not in caplog.text


def test_whoever_takes_a_purpose_back_gets_a_receipt_of_that_once(vera_here):
    for _time in range(2):
        vera_here.post(reverse("purpose-withdrawal", args=[TRAINING]))

    (sent,) = mail.outbox
    answers = {each["purpose"]: each["is_given"] for each in receipts.verify(sent.attachments[0][1])["processing"]}
    assert answers == ALLOWED | {TRAINING: False}


def test_an_answer_that_is_refused_sends_nothing(vera_here):
    answered(vera_here, is_adult=True)

    assert mail.outbox == []


# Checking it


def told_of(path):
    told = StringIO()
    call_command("verify_receipt", str(path), stdout=told)
    return told.getvalue()


def test_a_genuine_receipt_is_told_in_words(voice, tmp_path):
    path = tmp_path / "receipt.json"
    path.write_text(receipts.as_json(given_receipt(voice)))

    assert "TRAIN_MODELS: allowed, words 1.0" in told_of(path)


@pytest.mark.parametrize(
    "edit",
    [
        lambda content: content["processing"][1].update(is_given=False),
        lambda content: content["processing"].pop(),
        lambda content: content["events"].reverse(),
        lambda content: content["header"].update(issued_at="2020-01-01T00:00:00+00:00"),
        lambda content: content["processing"][0]["text"].update(words="You owe us nothing."),
    ],
)
def test_an_edited_receipt_is_refused_with_a_clear_message(voice, tmp_path, edit):
    document = given_receipt(voice)
    edit(document["content"])
    path = tmp_path / "receipt.json"
    path.write_text(receipts.as_json(document))

    with pytest.raises(CommandError, match="changed after it was signed"):
        told_of(path)


@pytest.mark.parametrize(
    ("words", "message"),
    [("", "not JSON"), ("{}", "not a signed document"), (b"\xff\xfe".decode("latin-1"), "not JSON")],
)
def test_what_is_no_receipt_at_all_is_refused(tmp_path, words, message):
    path = tmp_path / "receipt.json"
    path.write_text(words)

    with pytest.raises(CommandError, match=message):
        told_of(path)


def test_another_document_of_this_site_is_no_receipt():
    with pytest.raises(receipts.NotAReceipt, match="no receipt"):
        receipts.verify(json.dumps(signatures.sign({"tombstones": []})))


# New words


def test_a_material_change_asks_again_and_until_then_the_old_answer_holds(vera_here, voice):
    changed = new_text()

    assert consent.asks_again(voice, "en") == [changed]
    assert consent.covers(voice, TRAINING)
    answer = vera_here.get(reverse("studio"))
    assert answer.url == reverse("consent")
    assert "has changed" in vera_here.get(reverse("consent")).content.decode()


def test_the_changed_box_starts_unticked_and_the_other_one_stays(vera_here):
    new_text()

    form = vera_here.get(reverse("consent")).context["form"]
    assert form.fields["given_TRAIN_MODELS"].initial is False
    assert form.fields["given_STORE_AND_REVIEW"].initial is True


@pytest.mark.parametrize("agrees", [True, False])
def test_whoever_answered_the_new_words_is_not_asked_again(vera_here, voice, agrees):
    changed = new_text()

    answered(vera_here, is_adult=True, given_STORE_AND_REVIEW=True, given_TRAIN_MODELS=agrees)

    assert consent.asks_again(voice, "en") == []
    assert vera_here.get(reverse("studio")).status_code == 200
    assert consent.covers(voice, TRAINING) is agrees
    assert CurrentConsent.objects.get(contributor=voice, purpose=TRAINING).event.text == changed


def test_whoever_is_recording_finishes_under_the_old_words(vera_here):
    new_text()

    assert vera_here.get(reverse("studio"), {"prompt": "next"}).status_code == 200


def test_a_small_change_and_one_that_is_still_to_come_ask_nothing(voice):
    new_text(version="1.1", is_material=False)
    new_text(version="2.0", in_days=1)

    assert consent.asks_again(voice, "en") == []


def test_a_small_change_after_a_material_one_still_asks(voice):
    new_text(version="2.0")
    latest = new_text(version="2.1", is_material=False)

    assert consent.asks_again(voice, "en") == [latest]


def test_the_same_version_in_another_language_asks_nothing(voice):
    assert consent.asks_again(voice, "ar") == []


def test_where_the_new_words_are_not_translated_yet_nothing_is_asked(voice):
    new_text(language="en")

    assert consent.asks_again(voice, "ar") == []


def test_a_purpose_that_was_never_answered_is_no_change(_stocked):
    newcomer = consent.contributor_for(worlds.person("otto"))
    new_text()

    assert consent.asks_again(newcomer, "en") == []


def test_consent_to_words_that_are_no_longer_current_is_refused(voice, vera):
    old = consent.texts("en")
    new_text()
    events = ConsentEvent.objects.count()

    with pytest.raises(consent.NotConsented, match="words changed"):
        consent.decide(voice, given={REVIEW, TRAINING}, shown=old, locale="en", is_adult=True, by=vera)

    assert ConsentEvent.objects.count() == events


def test_a_form_that_was_open_while_the_words_changed_keeps_nothing(vera_here, voice):
    form = vera_here.get(reverse("consent")).context["form"]
    shown = {name: field.initial for name, field in form.fields.items() if name.startswith("shown_")}
    new_text()
    events = ConsentEvent.objects.count()

    ticked = {"is_adult": "on", "given_STORE_AND_REVIEW": "on", "given_TRAIN_MODELS": "on"}
    answer = vera_here.post(reverse("consent"), shown | ticked)

    assert "The words changed while this page was open" in answer.content.decode()
    assert ConsentEvent.objects.count() == events
