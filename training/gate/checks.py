"""Refusing to go live with the gate open."""

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning, register


@register("training")
def gate_is_known(**_options: Any) -> list[CheckMessage]:
    """The setting is one of two words; open, it is said on every start outside development."""
    if settings.GATE not in ("closed", "open"):
        return [Error(f"OE_GATE is {settings.GATE!r}; it is 'closed' or 'open'.", id="training.E001")]
    if settings.GATE == "open" and not settings.DEBUG:
        return [Warning("The gate is open: checkpoints are published that may be worse (OE_GATE).", id="training.W001")]
    return []


@register("training", deploy=True)
def gate_is_closed(**_options: Any) -> list[CheckMessage]:
    """A site on the internet publishes nothing that was not judged."""
    if settings.GATE == "open":
        return [Error("The gate is open: set OE_GATE=closed before others rely on this site.", id="training.E002")]
    return []
