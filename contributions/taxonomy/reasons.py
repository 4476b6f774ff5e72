"""Why a clip cannot be used, in words: by a machine's measure or by a listener's ear.

A text states the fault, a tip says what to do about it. Neither ever blames an accent or a way of feeling.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


@dataclass(frozen=True)
class UnusableReason:
    """A reason by its stored code, with what its contributor reads."""

    code: str
    text: str | Promise
    tip: str | Promise


SCREENING = (
    UnusableReason(
        "EMPTY",
        _("The recording is empty."),
        _("Wait until the meter moves before you speak, and record again."),
    ),
    UnusableReason(
        "NOT_AUDIO",
        _("This is not a sound file that we can read."),
        _("Record on this page, or send a WAV, FLAC, MP3, OGG, WebM or M4A file."),
    ),
    UnusableReason(
        "DAMAGED",
        _("The recording is damaged: parts of it are missing."),
        _("Please record it again. If it happens twice, reload the page or try another browser."),
    ),
    UnusableReason(
        "TOO_LONG",
        _("The recording is too long."),
        _("Say only the sentence, and stop soon after it."),
    ),
    UnusableReason(
        "TOO_COSTLY",
        _("The file is built in a way that we cannot open safely."),
        _("Record on this page, or save the sound as a plain WAV file and send that."),
    ),
    UnusableReason(
        "SILENT",
        _("We hear nothing: the recording is silent."),
        _("Check that the right microphone is chosen and not muted. The meter should move when you speak."),
    ),
    UnusableReason(
        "NO_SPEECH",
        _("We hear no speech."),
        _("Come closer to the microphone and say the whole sentence. Quiet and whispered voices are welcome."),
    ),
    UnusableReason(
        "CLIPPED",
        _("The sound is distorted: it was too loud for the microphone."),
        _("Move back a little or turn the microphone down. You may be just as loud yourself."),
    ),
)

# The clip is kept and heard all the same; the next one may be better.
WARNINGS = (
    UnusableReason(
        "QUIET",
        _("The recording is very quiet."),
        _("If you meant it to be, all is well. Otherwise come closer to the microphone."),
    ),
    UnusableReason(
        "SLIGHTLY_CLIPPED",
        _("The loudest moments are a little distorted."),
        _("Move back a little or turn the microphone down. You may be just as loud yourself."),
    ),
    UnusableReason(
        "NOISY",
        _("There is noise beside your voice."),
        _("Choose a quieter place, close the window, and come closer to the microphone."),
    ),
    UnusableReason(
        "NO_VOICE",
        _("A second look finds no voice in it: perhaps a hum, a tone or a noise."),
        _("Listen to it. If your voice is there, all is well, also where you whispered."),
    ),
    UnusableReason(
        "TELEPHONE",
        _("The sound is as narrow as on a telephone."),
        _("A headset often does this while it is joined without a cable. Try the microphone of the device itself."),
    ),
    UnusableReason(
        "HUM",
        _("There is a hum, as of the electric mains."),
        _("Move the microphone away from chargers and lamps, or unplug the charger while you record."),
    ),
    UnusableReason(
        "TONE",
        _("There is a steady tone beside your voice."),
        _("Look for a fan, a screen or a machine that whistles, and move away from it."),
    ),
)

# For moderators: nothing that a speaker could do better.
NOTES = (
    UnusableReason(
        "UPSAMPLED",
        _("The file promises higher tones than the sound has."),
        _("It was probably recorded or sent at a lower rate before."),
    ),
    UnusableReason(
        "OFF_CENTRE",
        _("The sound does not lie around the zero line."),
        _("A sign of a cheap sound card; a voice can be heard all the same."),
    ),
    UnusableReason(
        "POOR_SOUND",
        _("A model guesses that listeners would not like the sound."),
        _("Advice only: it dislikes acted and emotional voices too."),
    ),
)

# A moderator looks at it first: nothing is deleted in silence.
SET_ASIDE = (
    UnusableReason(
        "DUPLICATE_BYTES",
        _("This very file is here already."),
        _("A person will look at it. Please speak each take anew."),
    ),
    UnusableReason(
        "DUPLICATE_PCM",
        _("The same sound is here already, in another file."),
        _("A person will look at it. Please speak each take anew."),
    ),
    UnusableReason(
        "DUPLICATE_SOUND",
        _("It sounds the same as a recording that is here already."),
        _("A person will look at it. Please speak each take anew."),
    ),
    UnusableReason(
        "ATTEMPTS_FAILED",
        _("We could not check this recording."),
        _("A person will look at it. You need do nothing."),
    ),
    UnusableReason(
        "REPORTED",
        _("Somebody who heard it reported it."),
        _("A person will listen to it and decide. You need do nothing."),
    ),
    UnusableReason(
        "RULES_CHANGED",
        _("The rules have changed, so this recording is checked again."),
        _("You need do nothing."),
    ),
)

LISTENING = (
    UnusableReason(
        "NO_SPEECH",
        _("Nobody speaks."),
        _("Say the whole sentence, and listen to it before you send it."),
    ),
    UnusableReason(
        "MORE_THAN_ONE_PERSON",
        _("More than one person speaks."),
        _("Record where nobody else can be heard, with radio and television off."),
    ),
    UnusableReason(
        "NOT_THIS_LANGUAGE",
        _("This is not the language it was given as."),
        _("Choose the language that you speak before you record."),
    ),
    UnusableReason(
        "TEXT_NOT_READ",
        _("Other words were said than those on the screen."),
        _("Say the sentence as it is written; how you say it is up to you."),
    ),
    UnusableReason(
        "PERSONAL_DATA",
        _("A name, an address or something else that tells who somebody is can be heard."),
        _("Leave out whatever could tell who you or others are."),
    ),
    UnusableReason(
        "MINOR",
        _("The speaker seems to be under 18."),
        _("Only adults may take part. If you are one, write to us and we will look at it again."),
    ),
    UnusableReason(
        "OFFENSIVE",
        _("What is said is hateful or degrading."),
        _("Anger is welcome here; insults against people or groups are not."),
    ),
    UnusableReason(
        "TOO_NOISY",
        _("The voice can hardly be heard over the noise."),
        _("Find a quieter place, close the window, and come closer to the microphone."),
    ),
    UnusableReason(
        "OTHER",
        _("There is another reason."),
        _("Please read the reviewer's note."),
    ),
)

MACHINES = (*SCREENING, *WARNINGS, *NOTES, *SET_ASIDE)


def screening_reason(code: str) -> UnusableReason:
    """The machine's reason of this code, whatever follows from it: a curator may change that. Raises LookupError."""
    return _of(code, MACHINES)


def listening_reason(code: str) -> UnusableReason:
    """The listener's reason of this code; raises LookupError."""
    return _of(code, LISTENING)


def _of(code: str, reasons: tuple[UnusableReason, ...]) -> UnusableReason:
    for reason in reasons:
        if reason.code == code:
            return reason
    raise LookupError(code)
