"""The web process's door: gunicorn openempathic.wsgi."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "openempathic.settings")
application = get_wsgi_application()
