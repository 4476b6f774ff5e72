"""What a child would leave of candidate and champion, made up: how often each is right, by language.

It imports nothing of ours: the small child, which is no module of the tests, writes it too.
"""

import json
from pathlib import Path

LEAKS = {
    "passes": True,
    "speakers_on_both_sides": 0,
    "copies": {"clips": 0},
    "voices_under_two_names": {"suspected": 0},
    "shuffled_labels": {"is_at_chance": True, "uar": 0.5, "chance": 0.5, "interval": {"low": 0.4, "high": 0.6}},
}
EMOTIONS = ("anger", "neutral")
# Right among ten clips of an emotion, by language; the candidate of a run that says nothing else is better.
BETTER = {"candidate": {"en": 9}, "champion": {"en": 6}, "log_mel": {"en": 6}}


def write(folder: Path, right: dict = BETTER, **facts: object) -> None:
    """Leave comparison.json in the run's folder, of the champion that lies there if one does."""
    champion = next((place.name for place in sorted((folder / "champion").glob("*"))), None)
    told = comparison(right, champion=champion) | facts
    (folder / "comparison.json").write_text(json.dumps(told))


def comparison(right: dict = BETTER, *, champion: str | None = None, speakers: int = 6) -> dict:
    """Twenty clips of each of the speakers in each language that the candidate is said to hear."""
    models = ("candidate", "champion") if champion else ("candidate",)
    rows = []
    for language, _ in sorted(right["candidate"].items()):
        for speaker in range(speakers):
            rows += clips_of(f"{language}{speaker}", language, right, models)
    labels = {model: list(EMOTIONS) for model in models}
    return {"format": "openempathic-comparison/1", "champion_digest": champion, "labels": labels, "clips": rows}


def clips_of(speaker: str, language: str, right: dict, models: tuple) -> list[dict]:
    rows = []
    for place in range(20):
        truth, number = place % 2, place // 2
        row = {"key": f"{speaker}x{place}", "truth": EMOTIONS[truth], "language": language, "speaker": speaker}
        row["gender"] = "female" if speaker[-1] in "024" else "male"
        for model in models:
            # Not the same clips of every voice, so that the speakers differ in which, and not in how many.
            is_right = (number + len(speaker) + ord(speaker[-1])) % 10 < right[model].get(language, 5)
            row[model] = [0.8, 0.2] if (truth == 0) == is_right else [0.2, 0.8]
        if "champion" in models:
            heard = {model: EMOTIONS[row[model][1] > 0.5] for model in models}
            row["disturbed"] = {"telephone": heard}
        else:
            row["log_mel"] = EMOTIONS[truth if number < right["log_mel"].get(language, 5) else 1 - truth]
        rows.append(row)
    return rows
