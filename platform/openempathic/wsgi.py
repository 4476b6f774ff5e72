"""The web process's door: gunicorn openempathic.wsgi."""

import os

from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.urls import get_resolver
from django.utils.translation import trans_real

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "openempathic.settings")
application = get_wsgi_application()


def warm_up() -> None:
    """Read in every page and every language, before gunicorn parts: its processes share them, and no visitor waits."""
    list(get_resolver().url_patterns)
    for language, _name in settings.LANGUAGES:
        trans_real.translation(language)


warm_up()
