"""What the foot of every page shows: who answers for this site, and where it leads."""

from django.conf import settings
from django.http import HttpRequest


def operator(request: HttpRequest) -> dict[str, str | bool]:
    """The operator's name and address, empty where they have not said; and whether there is a page to try CLARA on."""
    return {"operator": settings.OPERATOR, "is_try_page": settings.TRY_PAGE}
