"""Why an answer could not be kept, or a clip not be offered: each with a text for the listener."""

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop


class NotRateable(Exception):
    """The answer could not be kept; the message is for the listener."""

    text = gettext_noop("This clip cannot be rated.")

    @property
    def message(self) -> str:
        """Why, in the listener's language."""
        return _(self.text)


class MayNotListen(NotRateable):
    text = gettext_noop("Listening is for those who passed the short tutorial of a language, and for moderators.")


class OtherLanguage(NotRateable):
    text = gettext_noop("This clip is in a language that you do not listen to here.")


class NotYourTurn(NotRateable):
    text = gettext_noop("This turn belongs to somebody else.")


class EnoughToday(NotRateable):
    text = gettext_noop("That was enough listening for one day. Thank you: please come again tomorrow.")


class NotHeard(NotRateable):
    text = gettext_noop("Please listen to the clip to its end first. What you filled in is still here.")


class HeardTooSoon(NotHeard):
    text = gettext_noop("The clip cannot have been played to its end yet. Please listen to all of it.")


class TurnExpired(NotRateable):
    text = gettext_noop("Your turn on this clip ran out and somebody else is listening to it now. Here is another.")


class OwnClip(NotRateable):
    text = gettext_noop("This is your own voice: somebody else has to judge it.")


class AlreadyRated(NotRateable):
    text = gettext_noop("You have rated this clip already.")


class NoLongerRateable(NotRateable):
    text = gettext_noop("This clip is no longer in review. Your answer was not needed any more; here is another.")


class IncompleteAnswer(NotRateable):
    text = gettext_noop("Please say whether the clip is usable, and then which emotion you heard or why it is not.")


class OutOfRange(NotRateable):
    text = gettext_noop("One of the values lies outside its scale. Please set it again.")


class TooManyWords(NotRateable):
    text = gettext_noop("Your words are longer than we can keep. Please shorten them.")


class NothingToUndo(NotRateable):
    text = gettext_noop("There is nothing to undo: only your last ten answers can be taken back.")
