"""Why a clip was not heard: a word for programs, an HTTP status, and a sentence for people."""

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop


class NotHeard(Exception):
    """The clip could not be heard; nothing of it is kept."""

    code, status = "not_heard", 503
    text = gettext_noop("CLARA could not hear this clip. Please try again.")

    @property
    def message(self) -> str:
        """Why, in the reader's language."""
        return _(self.text)


class Away(NotHeard):
    code, status = "away", 503
    text = gettext_noop("CLARA is not listening at the moment. Please come back a little later.")


class Busy(NotHeard):
    code, status = "busy", 503
    text = gettext_noop("CLARA is listening to others just now. Please try again in a minute.")


class NoModel(NotHeard):
    code, status = "no_model", 503
    text = gettext_noop("This site has no model to listen with yet.")


class TooSlow(NotHeard):
    code, status = "too_slow", 503
    text = gettext_noop("Hearing this clip took too long. Please try a shorter one.")


class TooOften(NotHeard):
    code, status = "too_often", 429
    text = gettext_noop("You have tried as many clips as we hear in an hour. Please come back later.")


class TooLarge(NotHeard):
    code, status = "too_large", 413
    text = gettext_noop("This clip is larger than 32 MB. Please choose a smaller one.")


class NothingChosen(NotHeard):
    code, status = "nothing_chosen", 422
    text = gettext_noop("Please record something, or choose a sound file.")


class NoSound(NotHeard):
    code, status = "no_sound", 422
    text = gettext_noop("We found no sound in this file that we can read. Try WAV, FLAC, MP3, OGG, WebM or M4A.")


class TooLong(NotHeard):
    code, status = "too_long", 422
    text = gettext_noop("This clip is longer than we hear here. Please choose a shorter one.")


class NoVoice(NotHeard):
    code, status = "no_voice", 422
    text = gettext_noop("We heard no voice in this clip. Is the microphone on, and close enough?")


REFUSALS = {
    each.code: each
    for each in (Away, Busy, NoModel, TooSlow, TooOften, TooLarge, NothingChosen, NoSound, TooLong, NoVoice)
}
