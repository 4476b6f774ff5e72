"""What to do when a browser gives us no sound: for each way it fails, the steps, by browser.

The words that browsers use for their own settings were taken from their versions of 2026, and change.
"""

from dataclasses import dataclass, field

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

Words = str | Promise

COMPUTERS = ("chrome", "firefox", "safari")
ANDROIDS = ("chrome-android", "firefox-android", "samsung")
PHONES = (*ANDROIDS, "safari-ios")

BROWSERS: dict[str, Words] = {
    "chrome": _("Chrome or Edge on a computer"),
    "chrome-android": _("Chrome on Android"),
    "firefox": _("Firefox on a computer"),
    "firefox-android": _("Firefox on Android"),
    "safari": _("Safari on a Mac"),
    "safari-ios": _("iPhone or iPad"),
    "samsung": _("Samsung Internet"),
}


@dataclass(frozen=True)
class Problem:
    """One way to have no sound: its name in the address, what it is, what to do first, and the steps by browser."""

    name: str
    title: Words
    text: Words
    steps: dict[str, list[Words]] = field(repr=False)


RELOAD = _("Go back to the studio, load it again, and press “Turn on the microphone”.")
TRY_AGAIN = _("Go back to the studio and press “Try again”.")
ALLOW_BESIDE = _("Beside “Microphone”, choose “Allow”.")
ANDROID_APP = _("Open Android's Settings › Apps › your browser › Permissions › Microphone, and allow it.")
ANDROID_SWITCH = _("Open Android's Settings › Privacy: “Microphone access” must be on.")
IOS_APP = _("Open the Settings of the device › Apps › your browser, and allow the microphone.")
WINDOWS = _("On Windows: Settings › Privacy & security › Microphone. Switch access on, for desktop apps too.")
MAC = _("On a Mac: System Settings › Privacy & Security › Microphone. Switch your browser on, then start it again.")
LINUX = _("On Linux: a browser from Snap or Flatpak needs the permission to record, in your software centre.")
SYSTEM_INPUT = _("Open the sound settings of the computer, “Input”: speak, and see whether the bar moves there.")
VOLUME = _("Turn the volume of the input up, and choose another input if the bar does not move.")
RESTART = _("Restart the browser, then the device.")
OTHER_DEVICE = _("Nothing helps? Open the studio on another device, a phone for instance.")
TYPE_BLUETOOTH = _("Switch Bluetooth off: the device then uses its own microphone.")


def steps(common: list[Words], *, last: list[Words] | None = None, **by_kind: list[Words]) -> dict[str, list[Words]]:
    """The steps for every browser: what is common, what its kind needs, what comes last."""
    kinds = {"computers": COMPUTERS, "phones": PHONES, "androids": ANDROIDS}
    found: dict[str, list[Words]] = {browser: list(common) for browser in BROWSERS}
    for kind, words in by_kind.items():
        for browser in kinds.get(kind, (kind.replace("_", "-"),)):
            found[browser] += words
    return {browser: [*words, *(last or [])] for browser, words in found.items()}


PROBLEMS = (
    Problem(
        "denied",
        _("The browser does not let this page use the microphone."),
        _("Allow it in the browser's settings for this page, then try again."),
        steps(
            [],
            chrome=[
                _("Click the sign at the start of the address bar: two sliders, or a lock."),
                ALLOW_BESIDE,
            ],
            chrome_android=[
                _("Tap the sign at the start of the address bar, then “Permissions”, and switch the microphone on."),
            ],
            firefox=[
                _("Click the crossed-out microphone at the start of the address bar."),
                _("Remove the block beside “Use the microphone”: press its ×."),
            ],
            firefox_android=[
                _("Tap the sign at the start of the address bar, then “Microphone”, until it says “Allowed”.")
            ],
            safari=[_("In the menu at the top, choose Safari › Settings for this website."), ALLOW_BESIDE],
            safari_ios=[
                _("In Safari, tap the sign beside the address, then the settings of the website."),
                ALLOW_BESIDE,
                IOS_APP,
            ],
            samsung=[_("Tap the lock at the start of the address bar, then “Permissions”, and allow the microphone.")],
            androids=[ANDROID_APP],
            last=[RELOAD],
        ),
    ),
    Problem(
        "dismissed",
        _("The browser's question was closed without an answer."),
        _("Press “Try again”, and choose “Allow” when it asks."),
        steps(
            [TRY_AGAIN],
            chrome=[_("A question appears below the address bar. Choose “Allow while visiting the site”.")],
            firefox=[
                _("A question appears below the address bar. Choose the microphone, tick “Remember”, press “Allow”."),
            ],
            safari=[_("A question appears in the middle of the window. Choose “Allow”.")],
            safari_ios=[_("A question appears in the middle of the screen. Choose “Allow”.")],
            androids=[
                _("A question appears. Choose “Allow”. Android may then ask for the browser itself: allow that too."),
            ],
            last=[
                _("No question appears? Then the browser has kept an old answer: read the page on a denied microphone.")
            ],
        ),
    ),
    Problem(
        "system",
        _("Your device does not let the browser use the microphone."),
        _("Switch it on in the privacy settings of the device, then try again."),
        steps(
            [],
            chrome=[WINDOWS, MAC, LINUX],
            firefox=[WINDOWS, MAC, LINUX],
            safari=[MAC],
            safari_ios=[IOS_APP, _("Is the device managed by a school or an employer? They may have switched it off.")],
            androids=[ANDROID_SWITCH, ANDROID_APP],
            last=[RELOAD],
        ),
    ),
    Problem(
        "none",
        _("No microphone was found."),
        _("Plug one in, or switch on the one you have, then try again."),
        steps(
            [],
            computers=[
                _("Plug the microphone or headset into the computer itself, not into a hub or a screen."),
                _("Open the sound settings of the computer: it must be listed under “Input”, and be switched on."),
            ],
            chrome=[WINDOWS],
            firefox=[WINDOWS],
            phones=[TYPE_BLUETOOTH, RESTART],
            androids=[ANDROID_SWITCH],
            last=[OTHER_DEVICE, TRY_AGAIN],
        ),
    ),
    Problem(
        "busy",
        _("The microphone is there, but it cannot be read."),
        _("Another program may be using it, perhaps a call. Close that program, then try again."),
        steps(
            [_("End calls and meetings, and close voice messages, recorders, and other pages that record.")],
            computers=[_("Unplug the microphone, wait a moment, and plug it in again.")],
            chrome=[
                _("On Windows: sound settings › your microphone › Advanced. No program may have it to itself alone.")
            ],
            phones=[TYPE_BLUETOOTH],
            last=[RESTART, TRY_AGAIN],
        ),
    ),
    Problem(
        "insecure",
        _("This page was not opened over a secure connection."),
        _("Browsers lend the microphone to secure pages only: the address must begin with https."),
        steps(
            [
                _("Look at the address of the page. If it begins with http:, make that https: and load it."),
                _("If that does not work, tell those who run this site; who they are stands at the foot of each page."),
            ]
        ),
    ),
    Problem(
        "unsupported",
        _("This browser cannot record sound."),
        _("Please use a newer Firefox, Chrome, Edge or Safari."),
        steps(
            [_("Did you come from inside another app, a chat for instance? Open this page in your browser itself.")],
            chrome=[_("Update the browser: it must be version 111 or newer.")],
            chrome_android=[_("Update Chrome in the Play Store: it must be version 111 or newer.")],
            firefox=[_("Update Firefox: it must be version 113 or newer.")],
            firefox_android=[_("Update Firefox in the Play Store: it must be version 113 or newer.")],
            safari=[_("Update macOS: Safari must be version 17.4 or newer. Or use Firefox or Chrome.")],
            safari_ios=[_("Update the system of the device to 17.4 or newer: every browser there depends on it.")],
            samsung=[_("Update Samsung Internet in the Play Store: it must be version 22 or newer.")],
        ),
    ),
    Problem(
        "muted",
        _("The microphone is silent: something has muted it."),
        _("Look for a switch on it, end any call, and look at the sound settings of your device."),
        steps(
            [_("Look for a switch or a key: on the cable of the headset, on the microphone, on the keyboard.")],
            computers=[SYSTEM_INPUT, VOLUME],
            firefox=[_("Look at the address bar: a crossed-out microphone there mutes the page. Click it.")],
            safari=[_("Look at the address bar: a crossed-out microphone there mutes the page. Click it.")],
            safari_ios=[_("End any call. Then tap the microphone beside the address, and let it record again.")],
            androids=[_("End any call. Pull down the quick settings: “Microphone access” must be on.")],
            last=[TRY_AGAIN],
        ),
    ),
    Problem(
        "lost",
        _("The microphone was lost."),
        _("It was unplugged, switched off, or taken by another program. Connect it, then try again."),
        steps(
            [
                _("What you had recorded until then is kept: you find it in the studio."),
                _("Look at the plug, or at the battery of the headset, and come close to the device."),
                _("A headset that is paired with two devices goes over to the other one: unpair it there."),
            ],
            phones=[TYPE_BLUETOOTH],
            last=[TRY_AGAIN],
        ),
    ),
    Problem(
        "absent",
        _("The microphone you chose is not there."),
        _("Connect it, or try again with another one."),
        steps(
            [_("Connect it again, or switch it on; a headset may need to be paired once more.")],
            computers=[
                _("Open the sound settings of the computer: it must be listed under “Input”, and be switched on.")
            ],
            last=[_("Or go back to the studio, press “Try again”, and choose another microphone from the list.")],
        ),
    ),
    Problem(
        "other",
        _("The microphone could not be opened."),
        _("Below is what the browser says."),
        steps(
            [RESTART],
            computers=[_("Try another browser: Firefox, Chrome, Edge or Safari.")],
            last=[
                OTHER_DEVICE,
                _("Tell those who run this site what the browser said; who they are stands at the foot of each page."),
            ],
        ),
    ),
)


def browser_of(user_agent: str) -> str:
    """Which of our browsers it calls itself; most say that they are Chrome on a computer, and so do strangers here."""
    said = user_agent.lower()
    if "iphone" in said or "ipad" in said:
        return "safari-ios"
    if "samsungbrowser/" in said:
        return "samsung"
    is_android = "android" in said
    if "firefox/" in said:
        return "firefox-android" if is_android else "firefox"
    if "safari/" in said and "chrome/" not in said and "chromium/" not in said and not is_android:
        return "safari"
    return "chrome-android" if is_android else "chrome"
