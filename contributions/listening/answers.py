"""What a listener may say of a clip, and whether they have said it whole."""

from dataclasses import asdict, dataclass
from typing import Any

from contributions import taxonomy
from contributions.listening.refusals import IncompleteAnswer, OutOfRange, TooManyWords
from contributions.models import Rating
from contributions.models.rating import SCALE
from contributions.taxonomy import reasons, styles

# What may be answered beside the emotions we know: something else in the listener's own words, or nothing certain.
OTHER, CANNOT_TELL = "other", "cannot_tell"
OTHER_ANSWERS = (OTHER, CANNOT_TELL)
INTENSITIES = (0, 3)
WORD_LETTERS_MAX, DESCRIPTION_LETTERS_MAX = 60, 2_000


@dataclass(frozen=True)
class Answer:
    """What one listener said; None and empty mean that nothing was said."""

    is_usable: bool
    unusable_reason: str = ""
    emotion: str = ""
    secondary_emotions: tuple[str, ...] = ()
    other_word: str = ""
    # From 0 to 3; valence, arousal and dominance from 1 to 7.
    intensity: int | None = None
    valence: int | None = None
    arousal: int | None = None
    dominance: int | None = None
    styles: tuple[str, ...] = ()
    description: str = ""


def check_complete(answer: Answer) -> None:
    """Raise unless a usable clip has an emotion that we know, an unusable one a reason, and every value its place."""
    if not answer.is_usable:
        if answer.unusable_reason not in {reason.code for reason in reasons.LISTENING}:
            raise IncompleteAnswer
    elif not {answer.emotion, *answer.secondary_emotions} <= answerable() or not set(answer.styles) <= styles.names():
        raise IncompleteAnswer
    check_within(answer)


def check_within(answer: Answer) -> None:
    """Raise where a value lies outside its scale, or the words are too many."""
    scales = [(answer.intensity, INTENSITIES), *((said, SCALE) for said in dimensions(answer))]
    if any(said is not None and not low <= said <= high for said, (low, high) in scales):
        raise OutOfRange
    if len(answer.other_word) > WORD_LETTERS_MAX or len(answer.description) > DESCRIPTION_LETTERS_MAX:
        raise TooManyWords


def dimensions(answer: Answer) -> tuple[int | None, ...]:
    """Valence, arousal and dominance."""
    return answer.valence, answer.arousal, answer.dominance


def answerable() -> set[str]:
    """Every emotion that a listener may answer with."""
    return {emotion.name for emotion in taxonomy.emotions()} | set(OTHER_ANSWERS)


def columns(answer: Answer) -> dict[str, Any]:
    """The answer as a Rating keeps it: an unusable clip has no emotion, and a usable one no reason against it."""
    if not answer.is_usable:
        return {"is_usable": False, "unusable_reason": answer.unusable_reason, "description": answer.description}
    said = asdict(answer) | {"unusable_reason": "", "styles": list(answer.styles)}
    secondary = [each for each in dict.fromkeys(answer.secondary_emotions) if each != answer.emotion]
    # A word of their own belongs to `other`, as first or second; said beside anything else it would name nothing.
    word = answer.other_word if OTHER in {answer.emotion, *secondary} else ""
    return said | {"secondary_emotions": secondary, "other_word": word}


def answer_of(rating: Rating) -> Answer:
    """What was said, as the form can be filled in with it again."""
    said = {name: getattr(rating, name) for name in Answer.__dataclass_fields__}
    return Answer(**said | {"secondary_emotions": tuple(rating.secondary_emotions), "styles": tuple(rating.styles)})
