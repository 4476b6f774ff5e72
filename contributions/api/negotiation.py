"""In which form the API answers."""

from collections.abc import Iterable
from typing import Any

from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.request import Request


class AlwaysJSON(BaseContentNegotiation):
    """Answers in JSON whatever is asked for: a refusal that cannot be read helps nobody, and sound is what it is."""

    def select_parser(self, request: Request, parsers: Iterable[Any]) -> Any:
        """The first parser."""
        return next(iter(parsers))

    def select_renderer(self, request: Request, renderers: Iterable[Any], format_suffix: str | None = None) -> Any:
        """The first renderer."""
        first = next(iter(renderers))
        return first, first.media_type
