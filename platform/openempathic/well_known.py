"""The keys that everything signed here is checked with, where anybody finds them."""

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_safe

from openempathic import signatures
from openempathic.registry import signing


@require_safe
def public_key(request: HttpRequest) -> JsonResponse:
    """This site's public key, as a JSON Web Key Set."""
    return JsonResponse(signatures.public_keys())


@require_safe
def model_key(request: HttpRequest, name: str | None = None) -> HttpResponse:
    """The public key of checkpoints as a PEM file: the one in use, or the one that a signature names."""
    keys = signing.known_keys()
    key = keys.get(name) if name else next(iter(keys.values()))
    if key is None:
        raise Http404
    answer = HttpResponse(signing.pem(key), content_type="application/x-pem-file")
    answer.headers["Content-Disposition"] = 'attachment; filename="open-empathic-models.pem"'
    return answer
