"""What the gate found, in the reader's language: a fault or a note is a code with its numbers, and a sentence here."""

from collections.abc import Mapping
from typing import Any

from django.utils.formats import number_format
from django.utils.translation import gettext_lazy as _

SENTENCES = {
    "nothing_compared": _("The child left no comparison, so nothing can be judged."),
    "nothing_to_judge": _(
        "Two test speakers and two emotions are the least to judge by. Test clips: %(clips)s, speakers: %(speakers)s."
    ),
    "not_better": _(
        "It is not better than the champion beyond doubt: the difference is %(value)s points and may be as low as "
        "%(low)s."
    ),
    "worse": _("It is credibly worse at one thing (%(what)s): by %(value)s points, at best by %(high)s."),
    "not_above_chance": _(
        "It is not above chance beyond doubt: it may be as low as %(low)s, and chance is %(chance)s."
    ),
    "not_above_log_mel": _(
        "It is not above a regression that knows nothing of speech beyond doubt: the difference may be as low as "
        "%(low)s points."
    ),
    "no_leak_probes": _("Nobody looked for leaks between training and test."),
    "leak_speakers": _("Speakers on both sides of the split: %(count)s."),
    "leak_copies": _("Test clips that are copies of training clips: %(count)s."),
    "leak_voices": _("Test voices that training seems to know under another name: %(count)s."),
    "leak_labels": _("A probe on shuffled labels is above chance (%(chance)s): at least %(low)s. Something leaks."),
    "reloads_otherwise": _("The exported files do not give the same model again."),
    "nothing_shared": _("It shares fewer than two emotions with the champion, so it was judged as a first one is."),
    "champion_not_heard": _(
        "The champion could not be loaded, so the candidate was judged as a first one is: %(reason)s"
    ),
    "candidate_only": _("Emotions that it knows and the champion does not: %(emotions)s."),
    "champion_only": _("Emotions that the champion knows and it does not: %(emotions)s."),
    "champion_knows_voices": _("Test clips left out, since the champion was trained on their speakers: %(clips)s."),
    "few_speakers": _(
        "With so few test speakers (%(speakers)s), what is told here says little about how other voices would fare."
    ),
    "worn": _("These test speakers were looked at often (this is look %(looks)s): new ones are wanted."),
    "unjudged": _("Too few to judge: %(what)s. Clips: %(clips)s, speakers: %(speakers)s."),
}

KINDS = {
    "language": _("the language"),
    "gender": _("gender"),
    "age": _("age"),
    "language and gender": _("language and gender"),
    "worst language": _("the worst language"),
    "worst gender": _("the worst gender"),
    "worst age": _("the worst age"),
    "worst language and gender": _("the worst language and gender"),
    "robustness": _("disturbed sound"),
    "calibration": _("how sure it is"),
}
NAMES = {
    "snr_20_db": _("little noise"),
    "snr_10_db": _("noise"),
    "telephone": _("telephone"),
    "opus_16_kbps": _("voice call"),
    "one_second": _("one second"),
}


def said(found: Mapping[str, Any]) -> str:
    """A fault or note as a sentence."""
    numbers = {name: value if isinstance(value, str) else shown(value) for name, value in found.items()}
    if "kind" in found:
        numbers["what"] = what(found)
    return str(SENTENCES[found["code"]]) % numbers


def what(guard: Mapping[str, Any]) -> str:
    """Which guard it is: its kind, and of which group or disturbance."""
    kind, name = str(KINDS.get(guard["kind"], guard["kind"])), guard["name"]
    return f"{kind}: {NAMES.get(name, name)}" if name else kind


def shown(value: Any) -> str:
    """A number as people read it: shares as points of a hundred, lists by commas, and a dash for what nobody knows."""
    if value is None:
        return "–"
    if isinstance(value, list):
        return ", ".join(map(str, value))
    if isinstance(value, float):
        return str(number_format(round(100 * value, 1), decimal_pos=1))
    return str(value)
