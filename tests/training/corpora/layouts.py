"""Tiny folders in the layouts that corpora are published in: every file is a tenth of a second of tone."""

from __future__ import annotations

import io
import struct
import wave
from itertools import product
from pathlib import Path

import numpy as np

RATE_HZ = 8_000


def tone(*, channels: int = 1, rate_hz: int = RATE_HZ, seconds: float = 0.1, pitch_hz: float = 220.0) -> bytes:
    """A WAV file of 16 bits; a second channel is silent."""
    time = np.arange(int(rate_hz * seconds)) / rate_hz
    samples = np.zeros((len(time), channels))
    samples[:, 0] = 0.5 * np.sin(2 * np.pi * pitch_hz * time)
    file = io.BytesIO()
    with wave.open(file, "wb") as written:
        written.setnchannels(channels)
        written.setsampwidth(2)
        written.setframerate(rate_hz)
        written.writeframes((samples * 32_767).astype("<i2").tobytes())
    return file.getvalue()


TONE = tone()
NO_FRAMES = TONE[:40] + struct.pack("<I", 0)  # a WAV file whose sound is missing


def put(root: Path, *names: str, content: bytes = TONE) -> Path:
    """Write each name below the root."""
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return root


def cremad(root: Path, actors: tuple[str, ...] = ("1001", "1002", "1040")) -> Path:
    """`AudioWAV` and the table of actors."""
    emotions = ("ANG_XX", "DIS_LO", "FEA_MD", "HAP_HI", "NEU_XX", "SAD_XX")
    put(root, *(f"AudioWAV/{actor}_{s}_{e}.wav" for actor in actors for s in ("DFA", "IEO") for e in emotions))
    sexes = {actor: "Female" if actor == "1002" else "Male" for actor in actors}
    rows = [f'{actor},40,"{sex}","Unknown","Not Hispanic"\n' for actor, sex in sexes.items()]
    (root / "VideoDemographics.csv").write_text('"ActorID","Age","Sex","Race","Ethnicity"\n' + "".join(rows))
    return root


def ravdess(root: Path, actors: tuple[int, ...] = (1, 2, 6, 24)) -> Path:
    """`Actor_01/03-01-..`, each emotion once normal and once strong; no strong neutral."""
    emotions = [(e, i) for e, i in product(range(1, 9), (1, 2)) if (e, i) != (1, 2)]
    return put(root, *(f"Actor_{a:02d}/03-01-{e:02d}-{i:02d}-02-01-{a:02d}.wav" for a in actors for e, i in emotions))


def emodb(root: Path, speakers: tuple[str, ...] = ("03", "08", "15", "16")) -> Path:
    """`wav/03a01Wa.wav`."""
    return put(
        root, *(f"wav/{speaker}{text}{e}a.wav" for speaker in speakers for text in ("a01", "b10") for e in "WLEAFTN")
    )


def nemo(root: Path, speakers: tuple[str, ...] = ("EB0", "KD0", "MK0")) -> Path:
    """`samples/EB0_anger_1.wav` and `data.tsv`."""
    emotions = ("anger", "fear", "happiness", "neutral", "sadness", "surprised")
    names = [f"{speaker}_{emotion}_{n}" for speaker in speakers for emotion in emotions for n in (1, 2)]
    put(root, *(f"samples/{name}.wav" for name in names))
    head = "file_id\temotion\traw_text\tnormalized_text\tspeaker_id\tgender\tage"
    rows = [f"{n}.wav\t{n.split('_')[1]}\tLubię czytać.\tlubię czytać\t{n[:3]}\tfemale\t30" for n in names]
    (root / "data.tsv").write_text("\n".join([head, *rows]) + "\n", encoding="utf-8")
    return root


def iemocap(root: Path, sessions: tuple[int, ...] = (1, 2, 3, 4, 5)) -> Path:
    """`SessionN` with its sentences, evaluations and transcriptions."""
    for number in sessions:
        dialog, folder = f"Ses0{number}F_impro01", root / f"Session{number}"
        labels = {"F000": "neu", "M000": "exc", "F001": "fru", "M001": "xxx", "F002": "hap"}
        put(folder, *(f"sentences/wav/{dialog}/{dialog}_{turn}.wav" for turn in labels))
        lines = ["% [START_TIME - END_TIME] TURN_NAME EMOTION [V, A, D]", ""]
        for turn, label in labels.items():
            lines += [
                f"[6.2901 - 8.2357]\t{dialog}_{turn}\t{label}\t[2.5000, 2.5000, 2.5000]",
                "C-E2:\tNeutral;\t()",
                "",
            ]
        put(folder, f"dialog/EmoEvaluation/{dialog}.txt", content="\n".join(lines).encode())
        words = "".join(f"{dialog}_{turn} [006.2901-008.2357]: Excuse me.\n" for turn in labels)
        put(folder, f"dialog/transcriptions/{dialog}.txt", content=words.encode())
    return root


def emns(root: Path) -> Path:
    """`metadata.csv` and `cleaned_webm` (the files are no webm here)."""
    head = "id|utterance|description|emotion|date_created|status|gender|age|level|audio_recording|user_id"
    rows = [head, "9|Not yet.||Happy|2022|Needs Updating|Female|20s|5||3"]
    for n, emotion in enumerate(("Angry", "Sarcastic", "Excited", "Neutral")):
        put(root, f"cleaned_webm/recorded_audio_{n}.webm")
        rows.append(
            f"{n}|It was {n}.|spoken slowly|{emotion}|2022|Complete|Female|20s|8|wavs/recorded_audio_{n}.webm|3"
        )
    (root / "metadata.csv").write_text("\n".join(rows) + "\n")
    return root


def emovdb(root: Path) -> Path:
    """The sorted edition, with the sentences of CMU Arctic."""
    emotions = {
        "Amused": "amused",
        "Angry": "anger",
        "Disgusted": "disgust",
        "Neutral": "neutral",
        "Sleepy": "sleepiness",
    }
    for speaker in ("bea", "jenie", "josh", "sam"):
        for folder, word in emotions.items():
            if not (speaker == "josh" and word in ("anger", "disgust")):
                put(root, f"{speaker}/{folder}/{word}_1-28_0001.wav", f"{speaker}/{folder}/{word}_1-28_0002.wav")
    text = '( arctic_a0001 "Author of the danger trail." )\n( arctic_b0001 "Gad, your letter." )\n'
    (root / "cmuarctic.data").write_text(text)
    return root


def polish_speech_emotions(root: Path) -> Path:
    """Five men, as the archive holds them."""
    return put(root, *(f"m{speaker}.{emotion}_dom_1.wav" for speaker in range(1, 6) for emotion in "asn"))


def folder(root: Path) -> Path:
    """`labels.tsv` beside files of any name."""
    put(root, "one.wav", "more/two.wav", "more/three.wav")
    rows = [
        "path\tspeaker\temotion\tlanguage\tgender\tintensity\ttext\tstyle",
        "one.wav\tada\tanger\tpl\tfemale\tstrong\tTak.\t",
    ]
    rows += ["more/two.wav\tada\tfear\tpl\t\t\t\twhisper", "more/three.wav\tmilo\t\tpl\t\t\t\t"]
    (root / "labels.tsv").write_text("\n".join(rows) + "\n")
    return root


LAYOUTS = {
    "cremad": cremad,
    "emns": emns,
    "emodb": emodb,
    "emovdb": emovdb,
    "folder": folder,
    "iemocap": iemocap,
    "nemo": nemo,
    "polish_speech_emotions": polish_speech_emotions,
    "ravdess": ravdess,
}
