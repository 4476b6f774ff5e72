"""What the log and the owner are told of a second factor: set up, switched off, refused; never a secret or a code."""

from typing import Any

from allauth.account.internal.flows.login import record_authentication
from allauth.core import context
from allauth.mfa.models import Authenticator
from allauth.mfa.signals import authentication_failed
from django.conf import settings
from django.core.mail import send_mail
from django.db import transaction
from django.db.models.signals import post_delete, post_save
from django.dispatch import receiver
from django.urls import reverse
from django.utils.translation import gettext as _

from openempathic import audit
from openempathic.accounts.second_factor import METHOD, OPERATOR

TOTP = Authenticator.Type.TOTP


@receiver(post_save, sender=Authenticator)
def set_up(instance: Authenticator, created: bool, **_named: Any) -> None:
    """Record a new app or new codes, and write to the owner of a new app."""
    if not created:
        return
    with transaction.atomic():
        audit.record("second_factor.set_up", subject=instance, by=actor(), kind=instance.type)
    if instance.type == TOTP:
        remember_shown(instance)
        tell(
            instance.user.email,
            _("A second factor protects your account now"),
            _("From now on signing in also asks for a code from your app. If this was not you, change your password:"),
        )


@receiver(post_delete, sender=Authenticator)
def switched_off(instance: Authenticator, origin: Any, **_named: Any) -> None:
    """Record that it went, and write to its owner; not where the whole account goes."""
    with transaction.atomic():
        audit.record("second_factor.switched_off", subject=instance, by=actor(), kind=instance.type)
    if instance.type == TOTP and getattr(origin, "model", type(origin)) is Authenticator:
        tell(
            instance.user.email,
            _("Your second factor was switched off"),
            _("Your password alone opens your account now. If this was not you, change your password:"),
        )


@receiver(authentication_failed)
def refused(authenticator: Authenticator, reauthentication: bool = False, **_named: Any) -> None:
    """Record a wrong code: somebody knows the password who may not be its owner."""
    with transaction.atomic():
        act = "CONFIRMING" if reauthentication else "SIGNING_IN"
        audit.record("second_factor.refused", subject=authenticator, by="somebody with the password", when=act)


def remember_shown(app: Authenticator) -> None:
    """Who has just typed the first code of an app has shown it."""
    if actor() == app.user:
        facts = {"id": app.pk, "type": app.type, "reauthenticated": True}
        record_authentication(context.request, app.user, METHOD, **facts)


def actor() -> Any:
    """Whose request it is; the operator's, where there is none."""
    person = getattr(context.request, "user", None)
    return person if person is not None and person.is_authenticated else OPERATOR


def tell(address: str, subject: str, what: str) -> None:
    """Write to the owner once it is so; mail that cannot be sent stops nothing."""
    message = f"{what}\n\n{settings.SITE_URL}{reverse('account_change_password')}\n"
    transaction.on_commit(lambda: send_mail(subject, message, None, [address], fail_silently=True))
