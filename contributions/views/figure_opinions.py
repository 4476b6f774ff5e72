"""The dashboards' panels about judgement: how far listeners agree, and what the model's suggestions do."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from contributions import plots
from contributions.forms.contributing import AGE_BANDS, GENDERS
from contributions.plots import Bar, Cell, Frame
from contributions.views import words
from contributions.views.figure_tables import LRM, Panel, Plot, Table, Value, feelings_of, fraction, per_cent, whole

# Below it no conclusion holds, as contributions.listening.agreement says, which no web process may import.
DEPENDABLE = 0.667
GROUPS = {
    "declared": gettext_lazy("Grew up with the language"),
    "not_declared": gettext_lazy("Did not say so"),
    **{value: label for value, label in (*GENDERS, *AGE_BANDS) if value},
}
DIMENSIONS = {
    "intensity": gettext_lazy("Intensity"),
    "valence": gettext_lazy("Pleasant or unpleasant"),
    "arousal": gettext_lazy("Calm or excited"),
    "dominance": gettext_lazy("Weak or strong"),
}
COLUMNS = (
    gettext_lazy("Alpha"),
    gettext_lazy("From"),
    gettext_lazy("To"),
    gettext_lazy("Clips"),
    gettext_lazy("Answers"),
)


def agreement(content: dict[str, Any], at: datetime) -> Panel:
    """How far listeners of one language agree: on all feelings, on each, by background, and on the scales."""
    parts = [(_("All feelings"), content["overall"])]
    parts += [(words.feeling(name).label, content["by_emotion"][name]) for name in content["by_emotion"]]
    groups = [
        (str(GROUPS.get(name, name)), facts)
        for by_name in content["by_background"].values()
        for name, facts in by_name.items()
    ]
    scales = [(str(DIMENSIONS[name]), facts) for name, facts in content["by_dimension"].items() if name in DIMENSIONS]
    drawn = [Plot("agreement", _("By feeling"), told(), intervals(parts))]
    if groups:
        drawn.append(Plot("agreement-backgrounds", _("By the listeners' background"), told(), intervals(groups)))
    if any(facts["alpha"] is not None for _name, facts in scales):
        drawn.append(Plot("agreement-scales", _("On the scales"), told(), intervals(scales)))
    rows = tuple((name, *numbers(facts)) for name, facts in (*parts, *groups, *scales))
    return agreement_panel(
        tuple(drawn), Table((_("Of what"), *map(str, COLUMNS)), rows), at, content["overall"]["clips"]
    )


def agreement_everywhere(contents: dict[str, dict[str, Any]], at: datetime) -> Panel:
    """The same of every language: a heat map of languages and feelings."""
    rows: list[tuple[Value, ...]] = []
    cells, names = [], words.core_names()
    for tag, content in contents.items():
        by_emotion = content["by_emotion"]
        cells.append([agreed(content["overall"]), *(agreed(by_emotion.get(name)) for name in names)])
        rows.append((words.tongue(tag).label, _("All feelings"), *numbers(content["overall"])))
        seen = [name for name in feelings_of(list(by_emotion)) if name in by_emotion]
        rows += [(words.tongue(tag).label, words.feeling(name).label, *numbers(by_emotion[name])) for name in seen]
    tongues = [words.tongue(tag).label for tag in contents]
    columns = [_("All feelings"), *(words.feeling(name).label for name in names)]
    plot = Plot(
        "agreement",
        _("By language and feeling"),
        told(),
        lambda frame: plots.heat_map(tongues, columns, cells, frame),
        is_wide=True,
    )
    table = Table((_("Language"), _("Feeling"), *map(str, COLUMNS)), tuple(rows), heads=2)
    return agreement_panel((plot,), table, at, sum(content["overall"]["clips"] for content in contents.values()))


def agreement_panel(drawn: tuple[Plot, ...], table: Table, at: datetime, clips: int) -> Panel:
    """What is said of agreement, of one language or of all."""
    return Panel(
        "agreement",
        _("How far listeners agree"),
        _(
            "Krippendorff's alpha: 1 is full agreement, 0 is chance. "
            "Below %(bound)s, a broken line, it is the guideline that needs work and not the listeners."
        )
        % {"bound": fraction(DEPENDABLE, digits=3)},
        drawn,
        table,
        at,
        "" if clips else _("No clip has been heard by two listeners yet."),
    )


def told() -> str:
    """What is seen in a plot of agreement."""
    return _("Krippendorff's alpha, with its interval of 95 %")


def numbers(facts: dict[str, Any]) -> tuple[Value, ...]:
    """One alpha as a row of the table."""
    return facts["alpha"], facts["low"], facts["high"], facts["clips"], facts["ratings"]


def agreed(facts: dict[str, Any] | None) -> Cell:
    """One alpha as a cell; one on which nothing should be built has a broken edge."""
    if facts is None or facts["alpha"] is None:
        return Cell(None, "–")
    alpha = facts["alpha"]
    # On a phone without the nought before the point.
    brief = fraction(alpha).replace("0", "", 1) if abs(alpha) < 1 else whole(alpha)
    return Cell(max(0.0, alpha), fraction(alpha), brief=brief, is_doubted=alpha < DEPENDABLE)


def intervals(parts: list[tuple[str, dict[str, Any]]]) -> Callable[[Frame], bytes]:
    """A point with its interval for each, over nought to one, or as far below as any reaches."""
    bars = [
        Bar(name, facts["alpha"], with_bounds(facts), low=facts["low"], high=facts["high"]) for name, facts in parts
    ]
    lowest = min((facts["low"] for _name, facts in parts if facts["low"] is not None), default=0.0)
    least = 0.0 if lowest >= 0 else -0.5 if lowest >= -0.5 else -1.0
    signs = [least, 0.0, 0.5, 1.0] if least else [0.0, 0.25, 0.5, 0.75, 1.0]
    return lambda frame: plots.lying(
        bars, frame, span=(least, 1.0), signs=sorted({*signs}), written=fraction, bound=DEPENDABLE
    )


def with_bounds(facts: dict[str, Any]) -> str:
    """An alpha as one writes it."""
    if facts["alpha"] is None:
        return "–"
    # A dash beside a minus would be read as one.
    to = "–" if facts["low"] >= 0 else " – "
    return f"{fraction(facts['alpha'])} ({fraction(facts['low'])}{to}{fraction(facts['high'])})"


def assistance(content: dict[str, Any], at: datetime) -> Panel:
    """How often the model was right, and how far seeing its suggestion moves people."""
    accuracy, bias = content["accuracy"], content["bias"]
    right = [(_("All feelings"), accuracy)]
    right += [(words.feeling(each["emotion"]).label, each) for each in content["emotions"]]
    moved = [(_("Moved to it after seeing it"), bias["shown"]), (_("Moved to it without seeing it"), bias["hidden"])]
    drawn = []
    if accuracy["of"]:
        described = _("Per cent of clips whose first suggestion is what listeners agreed on later")
        drawn.append(Plot("assistance-accuracy", _("Suggestions that were right"), described, shares(right)))
    if bias["shown"]["of"] or bias["hidden"]["of"]:
        drawn.append(Plot("assistance-bias", _("Answers that moved to the suggestion"), in_short(bias), shares(moved)))
    rows = [(name, each["count"], each["of"], each["share"], each["low"], each["high"]) for name, each in right + moved]
    rows.append((_("Bias: the difference of these two"), None, None, bias["difference"], bias["low"], bias["high"]))
    columns = (_("Of what"), _("Count"), _("Out of"), _("Share"), _("From"), _("To"))
    told = _(
        "How often the first suggestion is what listeners agree on later, and how far seeing it moves them: "
        "some are asked again without it, and the difference is its pull. A pull near nought is good."
    )
    if content.get("has_seed"):
        told += " " + _("Some of the suggestions are the seed head's (CC BY-NC-SA 4.0: not for commercial use).")
    return Panel(
        "assistance",
        _("What the model's suggestions do"),
        told,
        tuple(drawn),
        Table(columns, tuple(rows)),
        at,
        "" if drawn else _("No clip with a suggestion has been agreed on yet."),
    )


def in_short(bias: dict[str, Any]) -> str:
    """The bias in one line."""
    if bias["difference"] is None:
        return _("Too few answers to tell the difference")
    return _("Difference in points: %(difference)s, at 95 %% between %(low)s and %(high)s") % {
        name: points(bias[name]) for name in ("difference", "low", "high")
    }


def points(share: float) -> str:
    """Points of a hundred, with their sign before them."""
    return f"{LRM if share < 0 else ''}{whole(100 * share)}"


def shares(parts: list[tuple[str, dict[str, Any]]]) -> Callable[[Frame], bytes]:
    """A point with its interval for each share, in hundredths."""
    bars = [Bar(name, each["share"], out_of(each), low=each["low"], high=each["high"]) for name, each in parts]
    return lambda frame: plots.lying(bars, frame, span=(0.0, 1.0), signs=[0.0, 0.25, 0.5, 0.75, 1.0], written=per_cent)


def out_of(facts: dict[str, Any]) -> str:
    """A share as one writes it, with what it is of."""
    if facts["share"] is None:
        return "–"
    return f"{per_cent(facts['share'])} % ({whole(facts['count'])}/{whole(facts['of'])})"
