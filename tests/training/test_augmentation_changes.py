"""Each change by itself does what it promises, measured as an ear would."""

import csv
import wave
from types import SimpleNamespace

import pytest
import torch

from tests.training.voices import batch_of, voice
from training.augmentation import background, band, gain, heard, masked, measured, pitch, reverberation, speed

SAMPLES = (16_000, 12_000, 9_600)
CLIPS = [voice(samples, pitch_hz=pitch_hz) for samples, pitch_hz in zip(SAMPLES, (100, 160, 240), strict=True)]


def each(waveforms, counts):
    return [waveform[:count] for waveform, count in zip(waveforms, counts, strict=True)]


def tone(hz, samples=16_000):
    return torch.sin(2 * torch.pi * hz * torch.arange(samples) / 16_000) * 0.1


@pytest.mark.parametrize("hundredths", [90, 97, 110])
def test_speed_moves_pitch_and_duration_together(hundredths):
    waveforms, counts = speed.sped(*batch_of(CLIPS), torch.tensor([hundredths, 100, hundredths]))

    assert counts.tolist() == [-(-SAMPLES[0] * 100 // hundredths), SAMPLES[1], -(-SAMPLES[2] * 100 // hundredths)]
    for number, after in enumerate(each(waveforms, counts)):
        ratio = 1.0 if number == 1 else hundredths / 100
        assert measured.pitch_ratio(CLIPS[number], after) == pytest.approx(ratio, abs=0.006)
        assert measured.level_db(after) == pytest.approx(measured.level_db(CLIPS[number]), abs=0.1)


@pytest.mark.parametrize("hundredths", [95, 102, 105])
def test_pitch_moves_alone(hundredths):
    batch = batch_of(CLIPS)

    waveforms = pitch.pitched(*batch, torch.tensor([hundredths, 100, hundredths]))

    assert waveforms.shape == batch[0].shape
    assert torch.equal(waveforms[1], batch[0][1])
    for number, after in enumerate(each(waveforms, batch[1])):
        ratio = 1.0 if number == 1 else hundredths / 100
        assert measured.pitch_ratio(CLIPS[number], after) == pytest.approx(ratio, abs=0.006)
        assert measured.level_db(after) == pytest.approx(measured.level_db(CLIPS[number]), abs=0.01)
        assert loudness_contours_agree(CLIPS[number], after)


def loudness_contours_agree(before, after):
    """Whether the syllables are where they were: 50 ms elsewhere, they would agree by 0.3."""
    contours = [clip.unfold(0, 400, 160).square().mean(dim=1) for clip in (before, after)]
    return torch.corrcoef(torch.stack(contours))[0, 1] > 0.94


def test_pitch_speed_and_gain_keep_their_limits():
    torch.manual_seed(0)
    ratios, speeds, decibels = pitch.drawn(2_000), speed.drawn(2_000), gain.drawn(2_000)

    assert max(abs(pitch.semitones(int(ratio))) for ratio in ratios.unique()) <= 1
    assert (speeds.min(), speeds.max()) == (90, 110)
    assert 5.9 < decibels.abs().max() <= 6
    assert (ratios != 100).float().mean() == pytest.approx(pitch.SHARE, abs=0.05)
    assert (speeds != 100).float().mean() == pytest.approx(speed.SHARE, abs=0.05)


@pytest.mark.parametrize("seconds", [0.1, 0.3, 0.5])
def test_a_room_dies_away_as_long_as_it_should_and_keeps_the_level(seconds):
    torch.manual_seed(0)
    rooms = reverberation.drawn(3)._replace(
        are_used=torch.tensor([True, False, True]),
        rt60_seconds=torch.full((3,), seconds),
        direct_db=torch.tensor([3.0, 3.0, 12.0]),
    )
    batch = batch_of(CLIPS)

    responses, waveforms = reverberation.impulse_responses(rooms), reverberation.reverberant(*batch, rooms)

    for response, direct_db in zip(responses, rooms.direct_db.tolist(), strict=True):
        # A window to 20 dB down sees the slope well only where that much lies before the end.
        assert measured.rt60_seconds(response) == pytest.approx(seconds, rel=0.2)
        assert -10 * response[1:].square().sum().log10() == pytest.approx(direct_db, abs=0.01)
    assert torch.equal(waveforms[1], batch[0][1])
    assert not torch.equal(waveforms[0], batch[0][0])
    assert waveforms.square().sum(dim=1).tolist() == pytest.approx(batch[0].square().sum(dim=1).tolist(), rel=1e-4)


def test_a_click_in_a_room_answers_as_the_room_does():
    rooms = reverberation.drawn(1)._replace(are_used=torch.tensor([True]))
    click = torch.zeros(1, 12_000)
    click[0, 1_000] = 1.0

    after = reverberation.reverberant(click, torch.tensor([12_000]), rooms)[0]

    response = reverberation.impulse_responses(rooms)[0]
    assert not after[:999].abs().max() > 1e-6
    assert torch.allclose(after[1_000:9_000], response * after[1_000], atol=1e-5)


def behind(kind, *, snr_db, colour=0.0, batch, places=None):
    torch.manual_seed(0)
    clips = len(batch[0])
    every = torch.ones(clips)
    drawn = background.drawn(clips)._replace(
        are_heard=every.bool(), kinds=every.long() * kind, snr_db=every * snr_db, colours=every * colour
    )
    return background.behind(*batch, drawn, places=places) - batch[0]


@pytest.mark.parametrize("kind", [background.NOISE, background.BABBLE, background.PLACE])
@pytest.mark.parametrize("snr_db", [15.0, 30.0])
def test_a_background_lies_as_far_below_the_voice_as_it_should_and_ends_with_it(kind, snr_db):
    batch = batch_of([*CLIPS, *CLIPS])

    added = behind(kind, snr_db=snr_db, batch=batch, places=torch.randn(2, 3_000))

    ratio = batch[0].square().sum(dim=1) / added.square().sum(dim=1)
    assert (10 * ratio.log10()).tolist() == pytest.approx([snr_db] * 6, abs=0.05)
    assert not added[torch.arange(16_000) >= batch[1][:, None]].any()


def test_noise_is_white_or_falls_by_three_decibels_an_octave():
    batch = batch_of([voice(64_000, pitch_hz=100)])

    for colour, wanted_db in ((0.0, 0.0), (1.0, 9.0)):
        added = behind(background.NOISE, snr_db=15.0, colour=colour, batch=batch)[0]
        density = torch.fft.rfft(added).abs().square()
        low, high = (density[edge * 4 : edge * 8].mean() for edge in (400, 3_200))
        assert 10 * (low / high).log10() == pytest.approx(wanted_db, abs=0.8)


def test_noise_differs_from_clip_to_clip_and_is_heard_behind_about_three_in_ten():
    batch = batch_of([voice(8_000, pitch_hz=100)] * 60)
    torch.manual_seed(0)
    drawn = background.drawn(60)

    added = background.behind(*batch, drawn) - batch[0]

    heard_behind = added.abs().amax(dim=1) > 0
    assert torch.equal(heard_behind, drawn.are_heard)
    assert 8 <= heard_behind.sum() <= 28
    alike = torch.corrcoef(added[heard_behind])
    assert (alike - torch.eye(len(alike))).abs().max() < 0.9
    assert 15 <= drawn.snr_db.min() < drawn.snr_db.max() <= 30


def test_babble_is_made_of_other_voices_and_never_of_the_clip_itself():
    hertz = [500, 700, 900, 1_100, 1_300, 1_500]
    batch = batch_of([tone(hz) for hz in hertz])

    added = behind(background.BABBLE, snr_db=15.0, batch=batch)

    spectra = torch.fft.rfft(added).abs()[:, hertz]  # (clips, tones)
    heard_tones = spectra > 0.1 * spectra.amax(dim=1, keepdim=True)
    assert not heard_tones.diagonal().any()
    assert heard_tones.sum(dim=1).tolist() == [background.VOICES] * 6


@pytest.mark.parametrize("clips", [1, background.VOICES])
def test_few_clips_hear_noise_rather_than_one_another(clips):
    torch.manual_seed(0)

    assert all((background.drawn(clips).kinds == background.NOISE).all() for _ in range(20))


def test_a_telephone_and_a_dull_microphone_pass_only_their_bands():
    hertz = [100, 1_000, 3_000, 5_000, 7_500]
    sound = torch.stack([sum(tone(hz) for hz in hertz)] * 3)
    bands = torch.tensor([band.TELEPHONE_HZ, (0.0, 3_500.0), (0.0, torch.inf)])

    after = band.band_limited(sound, torch.full((3,), 16_000), bands)

    lost = 20 * (torch.fft.rfft(sound).abs() / torch.fft.rfft(after).abs().clamp(min=1e-9))[:, hertz].log10()
    assert [[decibels > 40 for decibels in clip] for clip in lost[:2].tolist()] == [
        [True, False, False, True, True],
        [False, False, False, True, True],
    ]
    assert torch.equal(after[2], sound[2])
    assert after.square().sum(dim=1).tolist() == pytest.approx(sound.square().sum(dim=1).tolist(), rel=1e-4)


def test_bands_are_drawn_within_their_limits():
    torch.manual_seed(0)
    low, high = band.drawn(2_000).T

    limited = high.isfinite()
    assert limited.float().mean() == pytest.approx(band.SHARE, abs=0.05)
    assert set(low[limited].tolist()) == {0.0, 300.0}
    assert 3_000 <= high[limited & (low == 0)].min() < high[limited].max() <= 7_000


def test_gain_is_as_many_decibels_as_it_says_and_stops_at_full_scale():
    batch = torch.stack([tone(440), tone(440)])

    louder = gain.gained(batch, torch.tensor([-6.0, 4.0]))

    assert [measured.level_db(clip) for clip in louder] == pytest.approx([-29.01, -19.01], abs=0.05)
    assert gain.within_full_scale(batch * 30).abs().max() == 1.0
    assert torch.equal(gain.within_full_scale(louder), louder)


def test_masks_are_small_and_within_the_clip():
    mel, counts = torch.ones(60, 80, 100), torch.tensor([100, 75, 56] * 20)

    hidden = masked(mel, counts) == 0

    assert hidden.all(dim=2).sum(dim=1).max() <= 13
    assert hidden.all(dim=1).sum(dim=1).max() <= 11
    assert hidden.all(dim=1).any(dim=1).sum() > 40
    assert not hidden.all(dim=1)[:, 75:][1::3].any()


def test_a_mask_does_not_hear_how_wide_the_picture_is():
    counts = torch.tensor([100, 75, 56])
    torch.manual_seed(1)
    narrow = masked(torch.ones(3, 80, 100), counts)
    torch.manual_seed(1)
    wide = masked(torch.ones(3, 80, 160), counts)

    assert torch.equal(narrow, wide[..., :100])


def test_every_change_can_be_listened_to(tmp_path):
    sounds = [(clip * 32_768).short().numpy() for clip in CLIPS * 2]
    packed = SimpleNamespace(
        clips=[SimpleNamespace(key=f"corpus/{number}", sound=sound) for number, sound in enumerate(sounds)],
        waveform=lambda clip: clip.sound,
    )

    heard.write(packed, tmp_path, clips=6)

    rows = list(csv.DictReader((tmp_path / "heard.tsv").open(), delimiter="\t"))
    of_first = {row["change"]: row for row in rows if row["clip"] == "corpus/0"}
    assert {row["clip"] for row in rows} == {f"corpus/{number}" for number in range(6)}
    assert float(of_first["speed_110"]["duration_ratio"]) == pytest.approx(0.909, abs=0.01)
    assert float(of_first["babble_15dB"]["snr_db"]) == pytest.approx(15, abs=0.1)
    assert float(of_first["telephone"]["outside_after_db"]) < float(of_first["telephone"]["outside_before_db"]) - 20
    for name in of_first:
        with wave.open(str(tmp_path / f"0_{name}.wav")) as sound:
            assert (sound.getframerate(), sound.getnchannels()) == (16_000, 1)
        assert f'src="0_{name}.wav"' in (tmp_path / "index.html").read_text()
