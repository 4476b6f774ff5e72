"""The changes to listen to: each at its limits beside the original, as wav files on one page, and measured.

python -m training.augmentation.heard --packed DIR --out DIR [--clips 6]
"""

from __future__ import annotations

import argparse
import csv
import html
import wave
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from training.augmentation import background, band, changed, gain, measured, pitch, reverberation, speed
from training.packing import SAMPLE_RATE_HZ, Packed

Change = Callable[[Tensor, Tensor], tuple[Tensor, Tensor]]

BACKGROUNDS = (("white", background.NOISE, 0.0), ("pink", background.NOISE, 1.0), ("babble", background.BABBLE, 0.0))
BANDS = {"telephone": band.TELEPHONE_HZ, "low_pass": (0.0, band.LOW_PASS_HZ[0])}
COLUMNS = (
    "duration_ratio",
    "pitch_ratio",
    "level_db",
    "snr_db",
    "rt60_seconds",
    "outside_before_db",
    "outside_after_db",
)


def main() -> None:
    """Write the sounds, the page and the measures, and say where."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--packed", type=Path, required=True, help="a packing, of any release or corpus")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--clips", type=int, default=6)
    asked = parser.parse_args()
    write(Packed(asked.packed), asked.out, clips=asked.clips)
    print(asked.out / "index.html")  # noqa: T201


def write(packed: Packed, out: Path, *, clips: int) -> None:
    """Write every change of so many clips of the packing, evenly spread, into the folder, and heard.tsv beside them."""
    spread = packed.clips[:: max(1, len(packed.clips) // clips)][:clips]
    sounds = [torch.from_numpy(packed.waveform(clip)).float() / 32_768 for clip in spread]
    counts = torch.tensor([len(sound) for sound in sounds])
    batch = pad_sequence(sounds, batch_first=True)
    out.mkdir(parents=True, exist_ok=True)
    rows: list[dict[str, str]] = []
    for name, change in changes(len(sounds)).items():
        torch.manual_seed(0)
        changed_batch, changed_counts = change(batch, counts)
        for number, (clip, original) in enumerate(zip(spread, sounds, strict=True)):
            after = changed_batch[number, : changed_counts[number]]
            write_wav(out / f"{number}_{name}.wav", after)
            rows.append({"clip": clip.key, "change": name, **measures(name, original, after)})
    with (out / "heard.tsv").open("w", newline="") as file:
        table = csv.DictWriter(file, list(rows[0]), delimiter="\t")
        table.writeheader()
        table.writerows(rows)
    (out / "index.html").write_text(_page([clip.key for clip in spread], list(changes(len(sounds)))))


def changes(clips: int) -> dict[str, Change]:
    """Every change at its limits, for a batch of so many clips, by the name of its file."""
    found: dict[str, Change] = {"original": lambda waveforms, counts: (waveforms, counts)}
    for hundredths in (speed.SLOWEST, speed.FASTEST):
        found[f"speed_{hundredths}"] = partial(speed.sped, speeds=torch.full((clips,), hundredths))
    for hundredths in (pitch.LOWEST, pitch.HIGHEST):
        found[f"pitch_{hundredths}"] = _as_long(pitch.pitched, torch.full((clips,), hundredths))
    for seconds in reverberation.RT60_SECONDS:
        found[f"reverberation_{seconds}s"] = _as_long(reverberation.reverberant, _rooms(clips, seconds))
    for name, kind, colour in BACKGROUNDS if clips > background.VOICES else BACKGROUNDS[:2]:
        found[f"{name}_15dB"] = _as_long(background.behind, _backgrounds(clips, kind, colour))
    for name, edges in BANDS.items():
        found[name] = _as_long(band.band_limited, torch.tensor(edges).expand(clips, 2))
    for decibels in (-gain.DECIBELS, gain.DECIBELS):
        found[f"gain_{decibels:+.0f}dB"] = partial(_louder, decibels=torch.full((clips,), decibels))
    return {**found, "by_chance": lambda waveforms, counts: changed(waveforms, counts)[:2]}


def measures(name: str, original: Tensor, after: Tensor) -> dict[str, str]:
    """What is to be heard of that change, in numbers; the rest stays empty."""
    found = {
        "duration_ratio": len(after) / len(original),
        "pitch_ratio": measured.pitch_ratio(original, after),
        "level_db": measured.level_db(after) - measured.level_db(original),
    }
    if name.endswith("15dB"):
        found["snr_db"] = measured.snr_db(original, after)
    if name.startswith("reverberation"):
        found["rt60_seconds"] = measured.rt60_seconds(measured.response(original, after))
    if name in BANDS:
        lowest, highest = BANDS[name]
        found["outside_before_db"], found["outside_after_db"] = (
            measured.share_outside_db(clip, lowest_hz=lowest * (1 - band.SLOPE), highest_hz=highest * (1 + band.SLOPE))
            for clip in (original, after)
        )
    return {column: f"{found[column]:.3f}" if column in found else "" for column in COLUMNS}


def write_wav(path: Path, clip: Tensor) -> None:
    """The clip (samples) as 16-bit wav."""
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(SAMPLE_RATE_HZ)
        file.writeframes((clip.clamp(-1, 1) * 32_767).round().to(torch.int16).numpy().astype("<i2").tobytes())


def _as_long(change: Callable[[Tensor, Tensor, Any], Tensor], drawn: Any) -> Change:
    return lambda waveforms, counts: (change(waveforms, counts, drawn), counts)


def _louder(waveforms: Tensor, counts: Tensor, *, decibels: Tensor) -> tuple[Tensor, Tensor]:
    return gain.within_full_scale(gain.gained(waveforms, decibels)), counts


def _rooms(clips: int, seconds: float) -> reverberation.Rooms:
    """Rooms as lively as they are drawn: as much echo as may be."""
    every = torch.ones(clips)
    return reverberation.drawn(clips)._replace(
        are_used=every.bool(), rt60_seconds=every * seconds, direct_db=every * reverberation.DIRECT_DB[0]
    )


def _backgrounds(clips: int, kind: int, colour: float) -> background.Backgrounds:
    """Backgrounds of one kind, as near as they come."""
    every = torch.ones(clips)
    return background.drawn(clips)._replace(
        are_heard=every.bool(), kinds=every.long() * kind, snr_db=every * background.SNR_DB[0], colours=every * colour
    )


def _page(clips: list[str], names: list[str]) -> str:
    rows = "".join(
        f"<tr><th>{html.escape(clip)}</th>"
        + "".join(f'<td><audio controls preload="none" src="{number}_{name}.wav"></audio></td>' for name in names)
        + "</tr>"
        for number, clip in enumerate(clips)
    )
    heads = "".join(f"<th>{html.escape(name)}</th>" for name in ["", *names])
    return f'<!doctype html><meta charset="utf-8"><title>Augmentation</title><table><tr>{heads}</tr>{rows}</table>'


if __name__ == "__main__":
    main()
