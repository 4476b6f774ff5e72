"""Somebody who rules the database edits, removes and reorders events: whatever they do to the past is found."""

from contextlib import contextmanager
from datetime import timedelta

from django.db import transaction
from hypothesis import strategies as st
from hypothesis.stateful import rule

from contributions.consenting import consent, records
from contributions.models import ConsentEvent, ConsentText, Contributor, CurrentConsent
from openempathic.audit import sealing
from openempathic.audit.models import AuditEvent, AuditSeal
from tests.soak.stage import Stage, picks

HOUR = timedelta(hours=1)
EDITS_OF_CONSENT = {
    "kind": lambda event: "REFUSED" if event.kind == "GIVEN" else "GIVEN",
    "purpose": lambda event: "CONTACT" if event.purpose != "CONTACT" else "TRAIN_MODELS",
    "at": lambda event: event.at - HOUR,
    "locale": lambda event: f"{event.locale}-x",
    "app_version": lambda event: f"{event.app_version}+1",
    "age_band_attested": lambda _event: "minor",
    "text_sha256": lambda event: event.text_sha256[::-1],
    "text": lambda event: ConsentText.objects.exclude(sha256=event.text_sha256).first(),
    "position": lambda event: event.position + 1000,
    "previous_sha256": lambda event: event.previous_sha256[::-1] or "0" * 64,
    "sha256": lambda event: event.sha256[::-1],
}
EDITS_OF_LOG = {
    "at": lambda event: event.at + HOUR,
    "act": lambda event: f"{event.act}ed",
    "subject_id": lambda event: f"{event.subject_id[::-1]}0",
    "subject_type": lambda event: f"{event.subject_type}s",
    "actor_id": lambda event: (event.actor_id or 0) + 1,
    "agent": lambda event: f"{event.agent}!",
    "facts": lambda event: {**event.facts, "forged": 1},
}


def edited(event, chance):
    """One column of one event."""
    column = chance.choice(sorted(EDITS_OF_CONSENT))
    ConsentEvent.objects.filter(pk=event.pk).update(**{column: EDITS_OF_CONSENT[column](event)})


def removed(event, _chance):
    """One event."""
    remove(event)


def cut(event, _chance):
    """One event and all after it, and what stands now with them."""
    for later in event.contributor.consent_events.filter(position__gte=event.position):
        remove(later)
    fold_anew(event.contributor)


def rewritten(event, chance):
    """One column, and then every digest and what stands now, by somebody who knows how a chain is made."""
    column = chance.choice(["kind", "at", "locale"])
    ConsentEvent.objects.filter(pk=event.pk).update(**{column: EDITS_OF_CONSENT[column](event)})
    chain_anew(event.contributor)
    fold_anew(event.contributor)


def reordered(event, chance):
    """Two events of one chain, each in the other's place."""
    others = list(event.contributor.consent_events.exclude(pk=event.pk))
    second = chance.choice(others)
    for one, place in ((event, 1000), (second, event.position), (event, second.position)):
        ConsentEvent.objects.filter(pk=one.pk).update(position=place)


def given_away(event, chance):
    """One event, at the end of another's chain."""
    taker = chance.choice(Contributor.objects.exclude(pk=event.contributor_id).order_by("pk"))
    place = taker.consent_events.count()
    ConsentEvent.objects.filter(pk=event.pk).update(contributor=taker, position=place)


def folded_wrongly(event, _chance):
    """What stands now, past every event."""
    standing = event.contributor.current_consents.first()
    CurrentConsent.objects.filter(pk=standing.pk).update(is_given=not standing.is_given)


def reworded(event, _chance):
    """The words that were agreed to."""
    ConsentText.objects.filter(pk=event.text_id).update(body="You allow us everything.")


OF_CONSENTS = (edited, removed, cut, rewritten, reordered, given_away, folded_wrongly, reworded)


def act_edited(event, chance):
    """One column of one act."""
    column = chance.choice(sorted(EDITS_OF_LOG))
    AuditEvent.objects.filter(pk=event.pk).update(**{column: EDITS_OF_LOG[column](event)})


def act_reordered(event, chance):
    """Two acts, each in the other's place."""
    second = chance.choice(sealed().exclude(pk=event.pk))
    for one, place in ((event.pk, -1), (second.pk, event.pk), (-1, second.pk)):
        AuditEvent.objects.filter(pk=one).update(id=place)


def act_added(event, _chance):
    """An act that nobody did, in the place of one that is gone."""
    remove(event)
    AuditEvent.objects.create(id=event.pk, act="clip.accepted", subject_type="contributions.clip", subject_id="0")


def seal_removed(_event, chance):
    """A seal, but for the last: that this cannot be known without its digest, sealing.py says itself."""
    seals = list(AuditSeal.objects.all())
    remove(chance.choice(seals[:-1] or seals))


OF_THE_LOG = (act_edited, removed, act_reordered, act_added, seal_removed)


class Forgery(Stage):
    """Each forgery is made in a savepoint, and undone once it is found."""

    @rule(forge=st.sampled_from(OF_CONSENTS), pick=picks)
    def a_forgery_of_consents_is_found(self, forge, pick):
        event = self.one_of(ConsentEvent.objects.order_by("contributor", "position"), pick)
        with forged():
            forge(event, self.scene.fate.chance)
            assert any(records.broken_records())

    @rule(forge=st.sampled_from(OF_THE_LOG), pick=picks)
    def a_forgery_of_the_log_is_found(self, forge, pick):
        event = self.one_of(sealed(), pick)
        with forged():
            forge(event, self.scene.fate.chance)
            assert any(sealing.broken_seals())


@contextmanager
def forged():
    """What is written in the block is never kept."""
    kept = transaction.savepoint()
    try:
        yield
    finally:
        transaction.savepoint_rollback(kept)


def sealed():
    """The acts under a seal, the latest first: those are of this history."""
    return AuditEvent.objects.filter(pk__lte=AuditSeal.objects.last().last_event).order_by("-pk")


def remove(row) -> None:
    """Past every guard of ours."""
    type(row)._base_manager.filter(pk=row.pk)._raw_delete("default")


def chain_anew(contributor) -> None:
    """Make the chain whole again."""
    previous = ""
    for event in contributor.consent_events.all():
        event.previous_sha256 = previous
        event.sha256 = previous = event.digest()
        ConsentEvent.objects.filter(pk=event.pk).update(previous_sha256=event.previous_sha256, sha256=event.sha256)


def fold_anew(contributor) -> None:
    """Make what stands now what the events say."""
    CurrentConsent.objects.filter(contributor=contributor).delete()
    for purpose, event in consent.deciding_events(contributor).items():
        is_given = event.kind == ConsentEvent.Kind.GIVEN
        CurrentConsent.objects.create(contributor=contributor, purpose=purpose, is_given=is_given, event=event)
