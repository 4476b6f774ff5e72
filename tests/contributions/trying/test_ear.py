"""The ear hears one clip after the other, refuses what it cannot hear in a word, and keeps nothing."""

import io
import logging
import socket
import stat
import time
import wave

import numpy as np
import pytest

from contributions.trying import asking, refusals, wire
from contributions.trying import ear as hearing
from contributions.trying.ear import Ear, Job
from tests import servers, worlds
from tests.contributions.trying.conftest import DIGEST, FEELINGS, OneModel, listening

ANGER = worlds.ANGER.read_bytes()
SENTENCES = [f"a voice of {emotion}" for emotion in FEELINGS]


def wav(samples, rate_hz=16_000):
    """The samples as a file."""
    file = io.BytesIO()
    with wave.open(file, "wb") as written:
        written.setnchannels(1)
        written.setsampwidth(2)
        written.setframerate(rate_hz)
        written.writeframes((np.asarray(samples) * 32_767).astype("<i2").tobytes())
    return file.getvalue()


def hear(sound=ANGER, queries=(), visitor="gina"):
    return asking.hear(sound, queries=list(queries), visitor=visitor)


@pytest.mark.usefixtures("ear")
def test_gina_hears_what_clara_hears_and_which_of_her_words_fits_best():
    heard = hear(queries=["an angry voice", "zmęczony głos"])

    assert {said.text for said in heard.emotions} == set(FEELINGS)
    assert sum(said.probability for said in heard.emotions) == pytest.approx(1)
    assert {said.text for said in heard.queries} == {"an angry voice", "zmęczony głos"}
    assert heard.queries[0].probability >= heard.queries[1].probability
    assert heard.version == DIGEST[:12]
    assert heard.sure in (None, heard.emotions[0].text)


def test_a_clip_leaves_no_file_and_no_line(ear, caplog):
    caplog.set_level(logging.DEBUG)
    before = sorted(ear.rglob("*"))

    hear(queries=["a secret wish", "another one"])
    with pytest.raises(refusals.NoSound):
        hear(b"a secret wish, and no sound", queries=["a secret wish"])

    assert sorted(ear.rglob("*")) == before
    assert "secret" not in caplog.text


@pytest.mark.parametrize(
    ("sound", "refusal"),
    [
        (b"no sound at all", refusals.NoSound),
        (ANGER[:60], refusals.NoSound),
        (wav(np.zeros(16_000)), refusals.NoVoice),
        (wav(np.zeros(16_000 * 22)), refusals.TooLong),
    ],
    ids=["letters", "a stump", "silence", "too long"],
)
@pytest.mark.usefixtures("ear")
def test_what_cannot_be_heard_is_refused_in_a_word_and_the_next_is_heard(sound, refusal):
    with pytest.raises(refusal):
        hear(sound)

    assert hear().emotions


def test_the_sockets_door_opens_to_our_own_account_only_and_goes_with_the_ear(clara, tmp_path):
    with listening(clara):
        mode = stat.S_IMODE((tmp_path / "ear.sock").stat().st_mode)

    assert mode == 0o600
    assert not (tmp_path / "ear.sock").exists()


def test_an_ear_that_is_away_is_said_to_be_away():
    with pytest.raises(refusals.Away):
        asking.knock(visitor="gina")


def test_a_socket_that_a_killed_ear_left_is_taken_over(clara, tmp_path):
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(tmp_path / "ear.sock"))

    with listening(clara):
        assert hear().emotions


@pytest.mark.usefixtures("ear")
def test_a_second_ear_takes_nothing_from_the_first(clara):
    with pytest.raises(hearing.AnotherEar), hearing.served(Ear(suggester=OneModel(clara))):
        pass

    assert hear().emotions


def test_a_folder_with_a_long_name_has_an_ear_too(clara, settings, tmp_path):
    settings.VAR = tmp_path / ("a-long-name" * 10)
    settings.VAR.mkdir()

    with listening(clara):
        assert hear().emotions


def test_a_port_can_stand_for_the_socket(clara, settings, tmp_path):
    settings.EAR = f"127.0.0.1:{servers.free_ports(1)[0]}"

    with listening(clara):
        assert hear().emotions
        assert list(tmp_path.iterdir()) == []


def test_a_full_queue_refuses_at_once(clara):
    ear = Ear(suggester=OneModel(clara))
    while not ear.jobs.full():
        ear.jobs.put(Job(ANGER, [], asked_at=time.monotonic()))

    for wish in ("knock", "hear"):
        with pytest.raises(refusals.Busy):
            ear.answer({"wish": wish, "visitor": "gina"}, ANGER)


@pytest.mark.parametrize("is_given_up", [True, False])
def test_a_clip_whose_visitor_has_gone_is_not_heard(clara, is_given_up):
    ear = Ear(suggester=OneModel(clara))
    long_ago = time.monotonic() - (0 if is_given_up else 2 * hearing.WAIT_SECONDS)
    job = Job(ANGER, [], asked_at=long_ago, is_given_up=is_given_up)

    ear.work(job)

    assert job.answer == {"refused": "busy"}
    assert job.sound == b""


def test_whoever_has_tried_enough_is_told_so_before_they_send_anything(clara):
    with listening(clara, an_hour=1):
        hear(visitor="gina")

        for ask in (lambda: asking.knock(visitor="gina"), lambda: hear(visitor="gina")):
            with pytest.raises(refusals.TooOften):
                ask()
        assert hear(visitor="vera").emotions


def test_a_site_without_a_model_says_so(clara):
    with listening(clara, refusal=refusals.NoModel()), pytest.raises(refusals.NoModel):
        hear()


def test_a_fault_of_ours_is_told_without_a_word_of_the_clip(clara, caplog):
    with listening(clara, refusal=RuntimeError("a secret wish")), pytest.raises(refusals.NotHeard):
        hear()

    assert "RuntimeError" in caplog.text
    assert "secret" not in caplog.text


@pytest.mark.parametrize(
    "sent",
    [
        b"",
        b"\n",
        b"[]\n",
        b"{}\n",
        b'{"byte_count": -1}\n',
        b'{"byte_count": 99999999999}\n',
        b'{"byte_count": 10}\nshort',
        b"x" * 200_000,
    ],
)
@pytest.mark.usefixtures("ear")
def test_whoever_speaks_otherwise_gets_no_answer_and_harms_nobody(sent):
    with wire.connected(5) as line:
        line.sendall(sent)
        line.shutdown(socket.SHUT_WR)
        with pytest.raises((wire.NotUnderstood, ConnectionError)):
            wire.receive(line)

    assert hear().emotions


@pytest.mark.usefixtures("ear")
def test_no_more_words_are_heard_than_the_page_has_room_for():
    assert len(hear(queries=[f"voice {number}" for number in range(9)]).queries) == hearing.QUERIES_MAX
    assert hear(queries=["a lone voice"]).queries == []


@pytest.mark.usefixtures("ear")
def test_words_that_stand_alone_are_told_beside_the_sentences_that_clara_knows_feelings_by(clara):
    (waveform,) = [hearing.decoded(ANGER)]
    likeness = {text: float(clara.embed(waveform) @ clara.embed_text([text])[0]) for text in SENTENCES}
    least, middle, most = sorted(likeness, key=likeness.get)

    assert [hear(queries=[text]).nearer_than for text in (least, middle, most)] == pytest.approx([0, 1 / 3, 2 / 3])
    assert hear().nearer_than is None
    assert hear(queries=[least, most]).nearer_than is None
