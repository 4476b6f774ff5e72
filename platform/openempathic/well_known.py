"""The key that everything signed here is checked with, where anybody finds it."""

from django.http import HttpRequest, JsonResponse
from django.views.decorators.http import require_safe

from openempathic import signatures


@require_safe
def public_key(request: HttpRequest) -> JsonResponse:
    """This site's public key, as a JSON Web Key Set."""
    return JsonResponse(signatures.public_keys())
