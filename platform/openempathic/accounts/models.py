"""People who sign in, invitations to do more than contribute, and tokens for their programs."""

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
    # The languages that a moderator judges; empty for all of them.
    moderated_languages = models.JSONField(default=list, blank=True)
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
    moderated_languages = models.JSONField(default=list, blank=True)
    # Only the digest is kept: a stolen database opens no door.
    token_sha256 = models.CharField(max_length=64, unique=True)
    invited_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    invited_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField(default=in_two_weeks)
    accepted_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    accepted_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"invitation {self.pk}"


class Scope(models.TextChoices):
    """What a token may do; written as programs write it, since these words leave the house."""

    CLIPS_READ = "clips:read", _("See and hear your clips")
    CLIPS_WRITE = "clips:write", _("Give clips, and withdraw them")
    CONSENT_READ = "consent:read", _("See what you allow, and get your receipt")
    CONSENT_WRITE = "consent:write", _("Take back what you allow")
    FACTS = "facts", _("See and change what you tell about yourself")
    EXPORT = "export", _("Download everything of yours")
    RELEASES = "releases", _("Accept the terms of datasets, and download them")


class ApiToken(models.Model):
    """A person's word that whoever holds it may do these things in their name, until it ends."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    owner = models.ForeignKey(User, on_delete=models.CASCADE, related_name="tokens")
    name = models.CharField(max_length=80)
    scopes = models.JSONField()
    # Only the digest is kept: a stolen database opens no door.
    sha256 = models.CharField(max_length=64, unique=True)
    made_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField()
    # To the day: when exactly a person's programs run is not ours to know.
    last_used_date = models.DateField(null=True)
    revoked_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"token {self.pk}"

    def allows(self, scope: str) -> bool:
        """Whether its maker ticked that scope."""
        return scope in self.scopes

    def scope_labels(self) -> list[str]:
        """Its scopes in the reader's language."""
        return [str(Scope(scope).label) for scope in self.scopes]


class Allowance(models.Model):
    """How much of a limit somebody has spent; see limits.py. Whom it is of cannot be read from it."""

    key = models.CharField(max_length=64, unique=True)
    spent = models.PositiveIntegerField(default=0)
    # How many spent ones came right before it: it lasts longer for each.
    times = models.PositiveIntegerField(default=0)
    ends_at = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return f"allowance {self.pk}"
