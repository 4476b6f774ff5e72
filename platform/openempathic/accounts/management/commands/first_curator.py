"""manage.py first_curator: a one-time link that lets the first curator in."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand
from django.urls import reverse

from openempathic.accounts.invitations import sign_in_word
from openempathic.accounts.models import Role, User

FIRST = "curator@localhost"


class Command(BaseCommand):
    help = "Print a one-time sign-in link for the first curator, until somebody has used one."

    def handle(self, *args: Any, **options: Any) -> None:
        """Say nothing once a curator has signed in: from then on curators invite each other."""
        if User.objects.filter(role=Role.CURATOR, last_login__isnull=False).exists():
            return
        curator = User.objects.filter(role=Role.CURATOR).first() or User.objects.create_user(FIRST, role=Role.CURATOR)
        path = reverse("sign-in", args=[sign_in_word(curator)])
        self.stdout.write(f"Sign in once as the first curator: {settings.SITE_URL}{path}")
