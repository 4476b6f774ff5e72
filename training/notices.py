"""Telling the curators, by mail, what waits for nobody's look at a page: a run that has failed, or waits for them.

Only the trainer tells, and only what is committed: where it dies in between nobody is mailed, and the page says it.
"""

import logging
from collections.abc import Callable

from django.conf import settings
from django.core.mail import EmailMessage
from django.urls import reverse
from django.utils.translation import gettext as _

from openempathic.accounts.models import Role, User
from training.models import TrainingRun

log = logging.getLogger(__name__)


def tell_of_failure(run: TrainingRun) -> int:
    """Mail every curator with an address that the run failed, and why; returns how many."""
    return tell_curators(run, lambda address: failure_mail(run, address=address))


def tell_of_candidate(run: TrainingRun) -> int:
    """Mail every curator with an address that the run's candidate waits for one of them; returns how many."""
    return tell_curators(run, lambda address: candidate_mail(run, address=address))


def tell_curators(run: TrainingRun, mail_to: Callable[[str], EmailMessage]) -> int:
    """A mail for each, so that nobody reads another's address; one that is refused stops nothing."""
    told = 0
    for person in User.objects.filter(role=Role.CURATOR, is_active=True).exclude(email=""):
        try:
            mail_to(person.email).send()
            told += 1
        except Exception as refusal:
            # The address stays out of the log.
            log.warning("A curator could not be mailed of run %s: %s", run.pk, type(refusal).__name__)
    return told


def failure_mail(run: TrainingRun, *, address: str) -> EmailMessage:
    """The words, in the site's own language, since we do not know the curator's."""
    return EmailMessage(
        subject=_("Open Empathic: a training run has failed"),
        body=_(
            "It was tried %(attempts)s times, and the last reason was:\n%(reason)s\n\n"
            "What was published before stays in use. The run, step by step:\n%(page)s\n"
        )
        % {
            "attempts": run.attempts,
            "reason": run.status_reason,
            "page": settings.SITE_URL + reverse("run", args=[run.pk]),
        },
        to=[address],
    )


def candidate_mail(run: TrainingRun, *, address: str) -> EmailMessage:
    """The words, in the site's own language as above."""
    return EmailMessage(
        subject=_("Open Empathic: a candidate waits for your approval"),
        body=_(
            "It passed the gate, and is published only once a curator approves of it. What the gate found, and where "
            "you approve or refuse:\n%(page)s\n\nUntil then what was published before stays in use, and no other run "
            "begins.\n"
        )
        % {"page": settings.SITE_URL + reverse("run", args=[run.pk])},
        to=[address],
    )
