"""Sound as people have it: a path, bytes, an array; whatever it was, CLARA hears the same clip."""

import io
import sys
import wave

import av
import numpy as np
import pytest
import torch

from tests import worlds
from training.clara import Clara, ClaraConfig, sounds
from training.clara.sounds import NotHearable

ANGER = worlds.ANGER
LABELS = {"anger": ["an angry voice"], "fear": ["a fearful voice"]}


@pytest.fixture(scope="module")
def clara():
    torch.manual_seed(0)
    return Clara(ClaraConfig.preset("nano", emotions=("anger", "fear")), labels=LABELS)


def samples():
    with wave.open(str(ANGER)) as file:
        return np.frombuffer(file.readframes(file.getnframes()), "<i2")


def as_wav(content, *, width, channels=1, rate_hz=16_000):
    file = io.BytesIO()
    with wave.open(file, "wb") as written:
        written.setnchannels(channels)
        written.setsampwidth(width)
        written.setframerate(rate_hz)
        written.writeframes(content)
    return file.getvalue()


def as_flac():
    file = io.BytesIO()
    with av.open(file, "w", format="flac") as container:
        stream = container.add_stream("flac", rate=16_000, layout="mono")
        frame = av.AudioFrame.from_ndarray(samples()[None], format="s16", layout="mono")
        frame.sample_rate = 16_000
        container.mux([*stream.encode(frame), *stream.encode(None)])
    return file.getvalue()


@pytest.mark.parametrize(
    "audio",
    [
        str(ANGER),
        ANGER,
        ANGER.read_bytes(),
        samples(),
        samples().astype(np.float64) / 32_768,
        torch.from_numpy(samples() / 32_768.0),
        np.stack([samples(), samples()]),
        as_wav((samples().astype("<i4") << 16).tobytes(), width=4),
        as_wav((samples().astype("<i4") << 8).view(np.uint8).reshape(-1, 4)[:, :3].tobytes(), width=3),
        as_wav(np.repeat(samples(), 2).tobytes(), width=2, channels=2),
        as_flac(),
    ],
    ids=["str", "path", "bytes", "int16", "float", "tensor", "stereo", "32 bit", "24 bit", "stereo file", "flac"],
)
def test_the_same_clip_is_heard_whatever_form_it_comes_in(audio):
    heard = sounds.waveform(audio)

    assert heard.dtype == torch.float32
    assert torch.allclose(heard, torch.from_numpy(samples() / 32_768).float(), atol=1e-6)


def test_eight_bits_are_heard_too():
    rough = ((samples().astype(int) >> 8) + 128).astype(np.uint8)

    heard = sounds.waveform(as_wav(rough.tobytes(), width=1))

    assert torch.allclose(heard, torch.from_numpy(samples() / 32_768).float(), atol=1 / 127)


def test_another_rate_is_brought_to_ours():
    tone = np.sin(np.arange(48_000) * 2 * np.pi * 440 / 48_000)

    heard = sounds.waveform(tone, sample_rate_hz=48_000)

    assert len(heard) == 16_000
    assert int(torch.fft.rfft(heard).abs().argmax()) == 440


@pytest.mark.parametrize(
    ("audio", "why"),
    [
        ("/no/such/clip.wav", "cannot be read"),
        (b"no sound", "no sound that can be decoded"),
        (np.zeros((2, 3, 4), np.float32), "not"),
        (np.zeros(0, np.float32), "with samples in it"),
        (np.zeros(8, np.int64), "16-bit"),
        (b"ffconcat version 1.0\nfile /etc/passwd\n", "no sound that can be decoded"),
    ],
)
def test_what_is_no_clip_is_refused_in_words(audio, why):
    with pytest.raises(NotHearable, match=why):
        sounds.waveform(audio)


def test_without_pyav_a_flac_is_refused_with_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "av", None)

    assert len(sounds.waveform(ANGER))
    with pytest.raises(NotHearable, match="pip install av"):
        sounds.waveform(as_flac())


def test_one_clip_gives_one_answer_and_a_list_gives_a_list(clara):
    words = ["an angry voice", "głos pełen strachu", "صوت هادئ"]

    assert clara.embed(ANGER).shape == (clara.config.width,)
    assert clara.embed([ANGER, samples()]).shape == (2, clara.config.width)
    alone, (first, second) = clara.score(ANGER, words), clara.score([ANGER, samples()], words)
    assert list(alone) == words
    assert sum(alone.values()) == pytest.approx(1)
    assert alone == pytest.approx(first, abs=1e-5)
    assert first == pytest.approx(second, abs=1e-5)
    assert clara.score(ANGER) == clara.suggest(sounds.waveform(ANGER))


@pytest.mark.parametrize("labels", [[], ["alone"], ["twice", "twice"]])
def test_labels_that_cannot_be_compared_are_refused(clara, labels):
    with pytest.raises(ValueError, match="at least two"):
        clara.score(ANGER, labels)


def test_the_best_clips_come_first_from_sounds_and_from_their_embeddings_alike(clara):
    clips = sorted(worlds.SOUNDS.glob("*.wav"))

    hits = clara.search("an angry voice", clips, k=3)
    from_embeddings = clara.search("an angry voice", clara.embed(clips), k=3)

    assert [hit.place for hit in hits] == [hit.place for hit in from_embeddings]
    assert len(hits) == 3
    assert hits[0].similarity >= hits[1].similarity >= hits[2].similarity
    assert len(clara.search("an angry voice", clips[:2])) == 2
    with pytest.raises(ValueError, match="embeddings are"):
        clara.search("an angry voice", np.zeros((2, 3), np.float32))
