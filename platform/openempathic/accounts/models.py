"""People who sign in, and invitations to do more than contribute."""

import secrets
import uuid
from datetime import timedelta
from typing import Any

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class Role(models.TextChoices):
    """What a person may do; each role may do all that the ones before it may."""

    CONTRIBUTOR = "CONTRIBUTOR", _("Contributor")
    MODERATOR = "MODERATOR", _("Moderator")
    CURATOR = "CURATOR", _("Curator")


class People(BaseUserManager["User"]):
    """Makes accounts; the e-mail address is the name to sign in with."""

    def create_user(self, email: str, password: str | None = None, **columns: Any) -> "User":
        """An account with that address; without a password nobody can sign in to it but by a link."""
        person = self.model(email=self.normalize_email(email).lower(), **columns)
        person.set_password(password)
        person.save()
        return person

    def create_superuser(self, email: str, password: str | None = None, **columns: Any) -> "User":
        """A curator who may do everything."""
        return self.create_user(email, password, role=Role.CURATOR, is_superuser=True, **columns)


class User(AbstractBaseUser, PermissionsMixin):
    """An account. The voice belongs to a Contributor; this row holds the address and the role."""

    email = models.EmailField(_("e-mail address"), unique=True)
    role = models.CharField(max_length=12, choices=Role, default=Role.CONTRIBUTOR)
    is_active = models.BooleanField(default=True)
    joined_at = models.DateTimeField(auto_now_add=True)

    objects = People()
    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"

    def __str__(self) -> str:
        return f"user {self.pk}"

    @property
    def is_staff(self) -> bool:
        """Django's word for a curator."""
        return self.is_curator

    @property
    def is_moderator(self) -> bool:
        """Whether the person may judge clips."""
        return self.role in (Role.MODERATOR, Role.CURATOR)

    @property
    def is_curator(self) -> bool:
        """Whether the person may invite, release and retrain."""
        return self.role == Role.CURATOR


def new_token() -> str:
    """A word nobody can guess."""
    return secrets.token_urlsafe(24)


INVITATION_STANDS = timedelta(days=14)


def in_two_weeks() -> Any:
    """When an invitation made now runs out."""
    return timezone.now() + INVITATION_STANDS


class Invitation(models.Model):
    """A curator's word that whoever holds the link may take the role, once."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    email = models.EmailField(_("e-mail address"))
    role = models.CharField(max_length=12, choices=Role, default=Role.MODERATOR)
    # Only the digest is kept: a stolen database opens no door.
    token_sha256 = models.CharField(max_length=64, unique=True)
    invited_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    invited_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField(default=in_two_weeks)
    accepted_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    accepted_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"invitation {self.pk}"
