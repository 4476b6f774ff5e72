"""What Vera's browser sends becomes sound, and what Otto sends harms nobody."""

import io
import random
from pathlib import Path

import av
import numpy as np
import pytest

from contributions.audio.decode import Reason, Undecodable, decode

from .sounds import CONTAINERS, RATE_HZ, SOUNDS, correlation, encoded, spoken, tone, wav

LONGEST_SECONDS = 20


@pytest.fixture
def clip(tmp_path):
    """Puts bytes where a clip lies."""

    def put(content: bytes) -> Path:
        path = tmp_path / "clip"
        path.write_bytes(content)
        return path

    return put


def refusal(path: Path, *, longest_seconds: float = LONGEST_SECONDS) -> Reason:
    with pytest.raises(Undecodable) as refused:
        decode(path, longest_seconds=longest_seconds)
    return refused.value.reason


@pytest.mark.parametrize("kind", CONTAINERS)
def test_every_container_vera_can_send_sounds_as_she_spoke(clip, kind):
    voice = spoken("german-disgust")

    decoded = decode(clip(encoded(voice, kind)), longest_seconds=LONGEST_SECONDS)

    assert (decoded.container, decoded.codec) == CONTAINERS[kind][2:]
    assert (decoded.sample_rate_hz, decoded.channels) == (48_000, 1)
    assert decoded.waveform.dtype == np.float32
    assert decoded.duration_seconds == pytest.approx(len(voice) / RATE_HZ, abs=0.06)
    assert len(decoded.waveform) == pytest.approx(decoded.duration_seconds * RATE_HZ, abs=2)
    assert correlation(voice, decoded.waveform) > (0.97 if kind.endswith(("opus", "aac", "mp3")) else 0.999)


@pytest.mark.parametrize("kind", ["webm-opus", "mp4-aac"])
def test_a_live_recording_that_declares_no_length_is_counted(clip, kind):
    recording = encoded(spoken("german-anger"), kind, is_live=True)

    decoded = decode(clip(recording), longest_seconds=LONGEST_SECONDS)

    assert decoded.duration_seconds == pytest.approx(1.878, abs=0.06)


def test_speech_at_16_khz_comes_back_sample_for_sample():
    path = SOUNDS / "polish-fear.wav"

    decoded = decode(path, longest_seconds=LONGEST_SECONDS)

    np.testing.assert_array_equal(decoded.waveform, spoken("polish-fear"))


def test_what_16_khz_cannot_hold_does_not_fold_back_into_the_voice(clip):
    kept, folded = (
        decode(
            clip(wav(tone(seconds=1, hertz=hertz, rate_hz=48_000)[:, None], rate_hz=48_000)),
            longest_seconds=LONGEST_SECONDS,
        ).waveform[1_000:-1_000]
        for hertz in (7_000, 8_400)
    )

    assert kept.std() == pytest.approx(0.5 / np.sqrt(2), rel=0.01)
    assert folded.std() < kept.std() / 10_000


def test_two_full_scale_channels_are_averaged_and_never_clip(clip):
    left = tone(seconds=1, amplitude=1.0)
    both, one_sided = np.stack([left, left], axis=1), np.stack([left, 0 * left], axis=1)

    loud = decode(clip(wav(both)), longest_seconds=LONGEST_SECONDS)
    half = decode(clip(wav(one_sided)), longest_seconds=LONGEST_SECONDS)

    assert loud.channels == 2
    np.testing.assert_allclose(loud.waveform, left, atol=1e-4)
    np.testing.assert_allclose(half.waveform, left / 2, atol=1e-4)


@pytest.mark.parametrize("rate_hz", [8_000, 11_025, 22_050, 44_056, 44_100, 48_000, 96_001, 192_000])
def test_the_archive_is_tagless_mono_16_bit_flac_at_the_original_rate(clip, tmp_path, rate_hz):
    archive = tmp_path / "archive.flac"
    left = tone(seconds=0.5, rate_hz=rate_hz)

    decoded = decode(
        clip(wav(np.stack([left, left], axis=1), rate_hz=rate_hz)), longest_seconds=LONGEST_SECONDS, archive=archive
    )

    with av.open(str(archive)) as container:
        stream = container.streams.audio[0]
        kept = np.concatenate([frame.to_ndarray().ravel() for frame in container.decode(stream)])
        assert container.format.name == "flac"
        assert (stream.rate, stream.channels, stream.format.name) == (rate_hz, 1, "s16")
        assert not {**container.metadata, **stream.metadata}
    np.testing.assert_allclose(kept / 32_768, left, atol=2e-4)
    assert decoded.sample_rate_hz == rate_hz
    assert sorted(path.name for path in tmp_path.iterdir()) == ["archive.flac", "clip"]


def test_the_same_clip_gives_the_same_archive_to_the_byte(clip, tmp_path):
    path = clip(encoded(spoken("polish-anger"), "webm-opus"))

    for name in ("one.flac", "two.flac"):
        decode(path, longest_seconds=LONGEST_SECONDS, archive=tmp_path / name)

    assert (tmp_path / "one.flac").read_bytes() == (tmp_path / "two.flac").read_bytes()


def test_the_samples_at_the_original_rate_are_those_of_the_archive(clip, tmp_path):
    archive = tmp_path / "archive.flac"

    decoded = decode(clip(encoded(spoken("german-anger"), "webm-opus")), longest_seconds=20, archive=archive)

    with av.open(str(archive)) as container:
        kept = np.concatenate([frame.to_ndarray().ravel() for frame in container.decode(audio=0)])
    assert (decoded.original.dtype, decoded.original.shape) == (np.int16, kept.shape)
    np.testing.assert_array_equal(decoded.original, kept)


def test_the_same_sound_has_one_digest_in_every_lossless_container_and_another_when_one_sample_differs(clip):
    voice = spoken("polish-fear")
    other = voice.copy()
    other[1_000] += 2 / 32_768

    lossless = {
        decode(clip(encoded(voice, kind, rate_hz=RATE_HZ)), longest_seconds=20).pcm_sha256
        for kind in ("wav", "flac", "webm-pcm")
    }
    elsewhere = decode(clip(encoded(other, "wav", rate_hz=RATE_HZ)), longest_seconds=20).pcm_sha256
    faster = decode(clip(wav(voice[:, None], rate_hz=2 * RATE_HZ)), longest_seconds=20).pcm_sha256

    assert len(lossless) == 1
    assert len({*lossless, elsewhere, faster}) == 3


def test_no_bytes_are_empty(clip):
    assert refusal(clip(b"")) == Reason.EMPTY


@pytest.mark.parametrize(
    "content",
    [
        b"<!doctype html><title>Hello</title>" * 50,
        b"\x89PNG\r\n\x1a\n" + bytes(500),
        b"PK\x03\x04" + bytes(500),
        b"#EXTM3U\nhttp://127.0.0.1/secret\n",
        random.Random(1).randbytes(5_000),
        b"x",
    ],
)
def test_what_is_no_sound_is_called_so(clip, content):
    assert refusal(clip(content)) == Reason.NOT_AUDIO


def test_otto_cannot_make_the_decoder_open_another_file(clip, tmp_path):
    (tmp_path / "s.wav").write_bytes((SOUNDS / "german-fear.wav").read_bytes())

    assert refusal(clip(b"ffconcat version 1.0\nfile s.mp3\n")) == Reason.NOT_AUDIO
    assert refusal(clip(b"ffconcat version 1.0\nfile s.wav\n")) == Reason.NOT_AUDIO


def test_a_video_without_sound_is_not_audio(clip, tmp_path):
    path = tmp_path / "clip.webm"
    with av.open(str(path), "w", format="webm") as container:
        stream = container.add_stream("libvpx", rate=10, width=64, height=64)
        stream.pix_fmt = "yuv420p"
        for _ in range(3):
            frame = av.VideoFrame(64, 64, "yuv420p")
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))

    assert refusal(path) == Reason.NOT_AUDIO


@pytest.mark.parametrize("kind", ["mp4-aac", "flac", "wav", "webm-pcm", "webm-opus"])
def test_a_clip_that_declares_twice_what_it_holds_is_damaged(clip, kind):
    whole = encoded(spoken("german-disgust"), kind)

    assert refusal(clip(whole[: len(whole) // 2])) == Reason.DAMAGED


def test_a_live_recording_cut_short_is_simply_shorter(clip):
    whole = encoded(spoken("german-disgust"), "webm-opus", is_live=True)

    decoded = decode(clip(whole[: len(whole) // 2]), longest_seconds=LONGEST_SECONDS)

    assert 1.2 < decoded.duration_seconds < 1.8


@pytest.mark.parametrize(("broken", "is_damaged"), [(5, False), (40, True)])
def test_a_few_lost_packets_are_left_for_listeners_but_a_ruin_is_damaged(clip, broken, is_damaged):
    recording = encoded(spoken("german-disgust"), "mkv-aac", is_live=True)
    with av.open(io.BytesIO(recording)) as container:
        packets = [bytes(packet) for packet in container.demux(audio=0) if packet.size]
    for packet in packets[20 : 20 + broken]:
        recording = recording.replace(packet, b"\xff" * len(packet))
    path = clip(recording)

    if is_damaged:
        assert refusal(path) == Reason.DAMAGED
    else:
        assert decode(path, longest_seconds=LONGEST_SECONDS).duration_seconds == pytest.approx(3.12, abs=0.05)


@pytest.mark.parametrize("kind", CONTAINERS)
def test_a_header_with_nothing_behind_it_is_damaged(clip, kind):
    assert refusal(clip(encoded(spoken("polish-fear"), kind)[:60])) == Reason.DAMAGED


@pytest.mark.parametrize(("rate_hz", "channels"), [(3_000, 1), (500_000, 1), (4_000_000_000, 1), (16_000, 9)])
def test_rates_and_channels_that_no_microphone_has_are_damaged(clip, rate_hz, channels):
    content = wav(np.zeros((16_000, channels)), rate_hz=rate_hz if rate_hz < 2**31 else 16_000)
    content = content.replace((16_000).to_bytes(4, "little"), rate_hz.to_bytes(4, "little"), 1)

    assert refusal(clip(content)) == Reason.DAMAGED


def test_samples_that_are_no_numbers_are_damaged(clip):
    waveform = tone(seconds=1)
    waveform[5_000] = np.nan

    assert refusal(clip(wav(waveform[:, None], as_float=True))) == Reason.DAMAGED


def test_length_is_counted_and_the_recorders_tail_is_forgiven(clip):
    path = clip(wav(tone(seconds=2.9)[:, None]))

    decoded = decode(path, longest_seconds=2)

    assert decoded.duration_seconds == pytest.approx(2.9)
    assert refusal(path, longest_seconds=1.8) == Reason.TOO_LONG


def test_a_bomb_of_silence_stops_at_the_limit(clip):
    hour = encoded(np.zeros(3_600 * 8_000, np.float32), "flac", rate_hz=8_000, from_hz=8_000)
    assert len(hour) < 1_000_000  # 58 million bytes of samples

    assert refusal(clip(hour)) == Reason.TOO_LONG


def test_a_bomb_that_lies_about_its_length_stops_too(clip):
    bomb = bytearray(encoded(np.zeros(600 * 8_000, np.float32), "flac", rate_hz=8_000, from_hz=8_000))
    bomb[21:26] = bytes([bomb[21] & 0xF0, 0, 0, 0x1F, 0x40])  # STREAMINFO: one second

    assert refusal(clip(bomb)) == Reason.TOO_LONG
