"""Where codes are typed: allauth's forms, with our words and our limits."""

import logging
from typing import Any

from allauth.account.models import EmailAddress
from allauth.core import context
from allauth.mfa.base import forms as base
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.forms import ActivateTOTPForm
from allauth.mfa.totp.internal.auth import SECRET_SESSION_KEY
from django import forms
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from openempathic import audit
from openempathic.accounts.second_factor import codes
from openempathic.accounts.second_factor.adapter import SEALED, NotReadable, opened, seal

log = logging.getLogger(__name__)
CODE = {"autocomplete": "one-time-code", "spellcheck": "false", "autocapitalize": "off", "dir": "ltr"}


class SetUpForm(ActivateTOTPForm):
    """The first code of a new app. Its secret waits sealed in the session's row until the code is right."""

    code = forms.CharField(
        label=gettext_lazy("The six digits that the app shows"), widget=forms.TextInput(CODE | {"inputmode": "numeric"})
    )

    secret: str

    def __init__(self, *args: Any, **named: Any) -> None:
        super().__init__(*args, **named)
        if self.secret.startswith(SEALED):
            self.secret = opened(self.secret)
        else:  # it was made this moment
            context.request.session[SECRET_SESSION_KEY] = seal(self.secret)

    def clean_code(self) -> str:
        """Somebody who is not invited confirms their address first: nobody locks another out of theirs."""
        if not self.user.is_moderator and EmailAddress.objects.filter(user=self.user, verified=False).exists():
            raise ValidationError(_("Please confirm your e-mail address first: we sent you a link."))
        code: str = super().clean_code()
        return code


class CodeForm(forms.Form):
    """A code of the app, or one of the codes for the day when it is lost."""

    code = forms.CharField(label=gettext_lazy("Code from your app, or a recovery code"), widget=forms.TextInput(CODE))
    user: Any
    authenticator: Authenticator

    def clean_code(self) -> str:
        """The code, used up; raises what the person reads where it opens nothing."""
        try:
            codes.count_try(self.user, at=timezone.now())
            code = self.used_up()
        except codes.TooManyTries:
            raise ValidationError(_("Too many wrong codes. Please wait some minutes, then try again.")) from None
        except codes.UsedBefore:
            raise ValidationError(_("This code was used already. Please wait for the next one.")) from None
        except NotReadable:
            log.error("The second factor of user %s was sealed with another signing key", self.user.pk)
            raise ValidationError(
                _("This site cannot read your second factor any more. Its operator can help.")
            ) from None
        codes.forget_tries(self.user)
        return code

    def used_up(self) -> str:
        """A code of the app is spent, a recovery code is gone and its use recorded, in the transaction of the check."""
        with transaction.atomic():
            try:
                code: str = super().clean_code()  # type: ignore[misc]  # of the form of allauth beside this one
            except ValidationError as refusal:
                # Not through the transaction's door: what was recorded of a wrong code must stay.
                refused: ValidationError | None = refusal
            else:
                refused = None
                self.note(code)
        if refused is not None:
            raise refused
        return code

    def note(self, code: str) -> None:
        """What was typed opens nothing a second time."""
        if self.authenticator.type == Authenticator.Type.TOTP:
            codes.spend(self.authenticator, code)
        else:
            audit.record("second_factor.recovery_code_used", subject=self.authenticator, by=self.user)


class SignInForm(CodeForm, base.AuthenticateForm):
    """When signing in."""


class ConfirmForm(CodeForm, base.ReauthenticateForm):
    """Before something that must not happen at a screen that was left unlocked."""
