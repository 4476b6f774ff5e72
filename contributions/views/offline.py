"""The studio on a device: what lets a browser install it, and open it where there is no connection."""

import hashlib
import json
import re
from pathlib import Path

from csp.constants import NONE, SELF
from csp.decorators import csp
from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.templatetags.static import static
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language, get_language_bidi
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from contributions.asking import coverage, pacing
from contributions.models import Contributor, Prompt
from contributions.views.contributing import SPOKEN_LANGUAGE, may_record, mode_of, shown
from contributions.views.doors import speaking, voice_required
from openempathic.version import app_version

# An evening's worth: the browser keeps these sentences in hand.
PROMPTS_IN_HAND = 20
# What belongs to pages that need the site to be there, and the pictures that only installing needs.
NOT_OFFLINE = (
    *("ahead", "any-", "api", "clip-player", "code-field", "curation", "guest_code", "keyboard-shortcuts", "maskable-"),
    *("heard", "listen", "loudness", "rating", "receipt", "run-progress", "word-help"),
)
PARTS = {"Sending": "js/audio/sending.js", "begin": "js/worker.js"}
INDENTATION = re.compile(r"\s*\n\s*")
NO_ID = "00000000-0000-0000-0000-000000000000"


@csp({"default-src": [NONE], "script-src": [SELF], "connect-src": [SELF]})
@never_cache
@require_safe
def worker(request: HttpRequest) -> HttpResponse:
    """The service worker: from the site's root, so that every page is within its reach; new with every new file."""
    files = files_offline()
    facts = {
        "version": hashlib.sha256("\n".join([app_version(), *files]).encode()).hexdigest()[:12],
        "files": files,
        "addresses": {
            "files": settings.STATIC_URL,
            "studio": reverse("studio"),
            "offline": reverse("offline"),
            "me": reverse("api:me"),
            "clip": reverse("api:clip", args=[NO_ID]),
            "leaving": [reverse(name) for name in ("account_logout", "guest-leave", "delete-account")],
        },
    }
    # Addresses that nobody types in: a worker has no import map, so its modules are named in full.
    imports = [f'import * as {name} from "{static(f"js/audio/{name}.js")}";' for name in ("offline", "takes", "upload")]
    imports += [f'import {{ {name} }} from "{static(path)}";' for name, path in PARTS.items()]
    begins = f"begin({{ takes, upload, offline, Sending, ...{json.dumps(facts)} }});"
    return HttpResponse("\n".join([*imports, begins, ""]), content_type="text/javascript")


def files_offline() -> list[str]:
    """The addresses of the scripts, styles and pictures that the studio and the pages around it are made of."""
    folder = Path(settings.STATICFILES_DIRS[0])
    found = (path.relative_to(folder) for path in sorted(folder.rglob("*.*")) if path.is_file())
    return [static(path.as_posix()) for path in found if not path.stem.startswith(NOT_OFFLINE)]


@require_safe
def manifest(request: HttpRequest) -> JsonResponse:
    """What the studio is called and looks like among the apps of a device."""
    icons = [
        {"src": static("icon.svg"), "sizes": "any", "type": "image/svg+xml", "purpose": "any"},
        *(icon(size, "any") for size in (192, 512)),
        icon(512, "maskable"),
    ]
    facts = {
        "id": "/",
        "name": "Open Empathic",
        "short_name": "Empathic",
        "description": _("Give your voice, in your own language, to research that listens for feeling."),
        "lang": get_language(),
        "dir": "rtl" if get_language_bidi() else "ltr",
        "start_url": reverse("studio"),
        "scope": "/",
        "display": "standalone",
        # Of tokens.css: the light ground, and the plum of the first button.
        "background_color": "#faf6f6",
        "theme_color": "#6d2a5f",
        "icons": icons,
    }
    return JsonResponse(facts, content_type="application/manifest+json", json_dumps_params={"ensure_ascii": False})


def icon(size: int, purpose: str) -> dict[str, str]:
    """One of our pictures for a device's home screen."""
    name = f"icons/{purpose}-{size}.png"
    return {"src": static(name), "sizes": f"{size}x{size}", "type": "image/png", "purpose": purpose}


@require_safe
def page(request: HttpRequest) -> HttpResponse:
    """What a device shows in place of a page it cannot fetch; nobody in particular reads it."""
    return render(request, "offline/page.html")


@voice_required
@never_cache
@require_safe
def prompts(request: HttpRequest) -> JsonResponse:
    """The sentences that come next for this voice, each as the card that the studio shows."""
    voice, language = speaking(request), request.session.get(SPOKEN_LANGUAGE)
    chosen = upcoming(voice, language, mode_of(request)) if language and may_record(voice) else []
    in_hand = [{"prompt": each.pk, "card": card(request, each)} for each in chosen]
    return JsonResponse({"voice": str(voice.pk), "prompts": in_hand})


def card(request: HttpRequest, prompt: Prompt) -> str:
    """The prompt as the studio shows it, without the template's own indentation: twenty of them travel as they are."""
    return INDENTATION.sub("\n", render_to_string("contribute/prompt.html", shown(prompt), request=request))


def upcoming(voice: Contributor, language: str, mode: coverage.Mode) -> list[Prompt]:
    """The prompts that the studio would offer one after the other, as far as the day has room for them."""
    room = min(PROMPTS_IN_HAND, pacing.left_today(voice, now=timezone.now()))
    wanted = coverage.upcoming(voice, language, at_most=room, mode=mode)
    return wanted or coverage.upcoming(voice, language, at_most=room)
