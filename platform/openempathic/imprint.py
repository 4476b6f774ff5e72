"""Who answers for this site: shown at the foot of every page."""

from django.conf import settings
from django.http import HttpRequest


def operator(request: HttpRequest) -> dict[str, str]:
    """The operator's name and address for the templates; empty where the operator has not said."""
    return {"operator": settings.OPERATOR}
