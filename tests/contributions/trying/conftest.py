"""An ear on a thread of the test, with a model of two layers."""

import threading
from contextlib import contextmanager

import pytest
import torch
from django.test import override_settings

from contributions.trying import asking
from contributions.trying.ear import Ear
from contributions.trying.model import Loaded
from contributions.trying.refusals import NotHeard
from contributions.trying.turns import Turns
from openempathic.registry.models import Checkpoint
from training.clara import Clara, ClaraConfig

FEELINGS = ("anger", "fear", "calm")
DIGEST = "ab" * 32


class OneModel:
    """A suggester that needs no database."""

    def __init__(self, clara, refusal=None):
        self.loaded, self.refusal = Loaded(Checkpoint(digest=DIGEST), clara), refusal

    def now(self):
        if self.refusal:
            raise self.refusal
        return self.loaded


@pytest.fixture(scope="session")
def clara():
    torch.manual_seed(0)
    labels = {emotion: [f"a voice of {emotion}"] for emotion in FEELINGS}
    return Clara(ClaraConfig.preset("nano", emotions=FEELINGS), labels=labels)


@pytest.fixture(autouse=True)
def _own_socket(request, settings, tmp_path):
    """A door of one's own, unless the module's ear is asked for."""
    settings.VAR = request.getfixturevalue("ear") if "ear" in request.fixturenames else tmp_path


@contextmanager
def listening(clara, *, an_hour=100, refusal=None):
    """The ear, and when this is left its end."""
    ear = Ear(suggester=OneModel(clara, refusal), turns=Turns(an_hour=an_hour))
    stopping, failed = threading.Event(), []

    def listen():
        try:
            ear.listen_until(stopping)
        except BaseException as fault:
            failed.append(fault)

    thread = threading.Thread(target=listen)
    thread.start()
    try:
        until_it_answers(failed)
        yield ear
    finally:
        stopping.set()
        thread.join()


def until_it_answers(failed):
    """The thread has opened its door, or said why it cannot."""
    while not failed:
        try:
            return asking.knock(visitor="the test itself")
        except NotHeard as refusal:
            if refusal.code != "away":
                return None
    raise failed[0]


@pytest.fixture(scope="module")
def ear(clara, tmp_path_factory):
    """The folder of an ear that listens to all the module's tests: each new one would load its decoder anew."""
    folder = tmp_path_factory.mktemp("ear")
    with override_settings(VAR=folder), listening(clara):
        yield folder
