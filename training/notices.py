"""Telling the curators, by mail, what waits for nobody's look at a page: a run that has failed for good."""

import logging

from django.conf import settings
from django.core.mail import EmailMessage
from django.urls import reverse
from django.utils.translation import gettext as _

from openempathic.accounts.models import Role, User
from training.models import TrainingRun

log = logging.getLogger(__name__)


def tell_of_failure(run: TrainingRun) -> int:
    """Mail every curator with an address that the run failed, and why; how many. A mail that is refused stops nothing.

    Each gets a mail of their own: nobody reads another's address.
    """
    told = 0
    for person in User.objects.filter(role=Role.CURATOR, is_active=True).exclude(email=""):
        try:
            failure_mail(run, address=person.email).send()
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
