"""The seed head: how sure it may be, and that it is made of what it says."""

import hashlib
import json
import shutil
import warnings
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from tests.training.corpora import layouts
from training import captions, packing
from training.clara import Clara, ClaraConfig, CorruptCheckpoint, fixed_base, seed_head
from training.clara.audio import StatisticsEncoder
from training.clara.whisper import WhisperEncoder
from training.corpora import IncompleteCorpus
from training.evaluation import tower
from training.plan import FitPlan
from training.seed import __main__ as seed
from training.seed import calibration, held_out, making, measuring
from training.seed import card as seed_card

DOCS = Path(__file__).parents[2] / "docs"
SOUNDS = Path(__file__).parents[1] / "sounds"


def believed(hit_rate: float, confidence: float, clips: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Scores of three emotions that are all as confident, and right as often as said."""
    random = np.random.default_rng(seed)
    truth = random.integers(3, size=clips)
    named = np.where(random.random(clips) < hit_rate, truth, (truth + 1) % 3)
    probabilities = np.full((clips, 3), (1 - confidence) / 2)
    probabilities[np.arange(clips), named] = confidence
    return probabilities, truth


def test_a_model_that_believes_itself_too_much_is_softened_until_it_is_right_as_often_as_it_says():
    probabilities, truth = believed(0.6, 0.95, 4000)

    temperature = calibration.fitted_temperature(probabilities, truth)
    softened = calibration.softened(probabilities, temperature)

    assert temperature > 1.5
    assert calibration.calibration_error(probabilities, truth) == pytest.approx(0.35, abs=0.03)
    assert calibration.calibration_error(softened, truth) < 0.05
    assert softened.sum(axis=1) == pytest.approx(1)
    assert (softened.argmax(axis=1) == probabilities.argmax(axis=1)).all()


def test_a_model_that_is_as_sure_as_it_is_right_is_left_alone():
    probabilities, truth = believed(0.7, 0.7, 4000)

    assert calibration.fitted_temperature(probabilities, truth) == pytest.approx(1, abs=0.3)


def test_it_is_sure_only_from_where_its_answers_are_wrong_seldom_enough():
    sure, sure_truth = believed(0.95, 0.9, 1000)
    unsure, unsure_truth = believed(0.4, 0.5, 1000, seed=1)
    curve = calibration.risk_coverage(np.concatenate([sure, unsure]), np.concatenate([sure_truth, unsure_truth]))

    chosen = calibration.sure_from(curve, highest_risk=0.1)

    assert 0.5 < chosen.sure_from <= 0.9
    assert chosen.coverage == pytest.approx(0.5)
    assert chosen.risk < 0.1


def test_a_lucky_dip_in_the_risk_does_not_make_it_bold():
    curve = [
        calibration.Answered(sure_from=0.1, coverage=1.0, risk=0.05),
        calibration.Answered(sure_from=0.5, coverage=0.6, risk=0.3),
        calibration.Answered(sure_from=0.8, coverage=0.2, risk=0.05),
    ]

    assert calibration.sure_from(curve, highest_risk=0.1).sure_from == 0.8


def test_a_risk_among_a_handful_of_answers_does_not_make_it_shy():
    curve = [
        calibration.Answered(sure_from=0.1, coverage=1.0, risk=0.3),
        calibration.Answered(sure_from=0.5, coverage=0.6, risk=0.05),
        calibration.Answered(sure_from=0.9, coverage=0.01, risk=0.5),
    ]

    assert calibration.sure_from(curve, highest_risk=0.1).sure_from == 0.5


def test_each_group_of_voices_is_judged_by_what_the_other_groups_calibrated(monkeypatch):
    clips = [
        SimpleNamespace(corpus=corpus, speaker=f"{corpus}-{number}", emotion="anger")
        for corpus in making.CORPORA
        for number in range(3)
    ]
    heard = held_out.Unheard(clips, ("anger", "fear"), np.tile([0.6, 0.4], (6, 1)))
    fitted_on = []

    def calibrated(others):
        fitted_on.append({clip.speaker for clip in others.clips})
        return measuring.Calibration(temperature=1.0, sure_from=0.5 if "nemo-0" in fitted_on[-1] else 0.7)

    monkeypatch.setattr(measuring, "calibrated", calibrated)
    told = measuring.certainty(heard, groups=3)

    everyone = {clip.speaker for clip in clips}
    assert [len(everyone - speakers) for speakers in fitted_on] == [2, 2, 2]
    assert set().union(*(everyone - speakers for speakers in fitted_on)) == everyone
    assert told["coverage"] == pytest.approx(4 / 6)  # the group of nemo-0 met the stricter threshold
    assert (told["groups"], told["risk"]) == (3, 0)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A head of a few steps, from two little corpora, and the folder that it was made in."""
    data, out = tmp_path_factory.mktemp("data"), tmp_path_factory.mktemp("out")
    layouts.ravdess(data / "ravdess", actors=(1, 2))
    layouts.nemo(data, speakers=("EB0", "KD0"))
    layouts.polish_speech_emotions(data / "polish_speech_emotions")
    plan = FitPlan.of({"preset": "nano", "steps": 2, "device": "cpu", "augment": False, "caption_languages": ["sw"]})
    with warnings.catch_warnings(), pytest.MonkeyPatch.context() as patch:
        patch.setattr(tower, "layers", lambda packed, clips: {"layer 1": np.eye(len(clips), 4)})
        # The corpora are smaller than they were published.
        warnings.simplefilter("ignore", IncompleteCorpus)
        return seed.make(data, out, plan=plan, groups=2), out


def test_the_head_comes_with_its_card_its_facts_and_the_digest_of_every_file(made):
    head, _ = made

    names = {path.name for path in head.iterdir()}
    lines = (head / "SHA256SUMS").read_text().splitlines()
    told = json.loads((head / "facts.json").read_bytes())

    assert {line.split("  ")[1]: line.split("  ")[0] for line in lines} == {
        name: hashlib.sha256((head / name).read_bytes()).hexdigest() for name in names - {"SHA256SUMS"}
    }
    card = (head / "README.md").read_text()
    assert "CC BY-NC-SA 4.0" in card
    assert "draws speakers, then clips with replacement" in " ".join(card.split())  # two of each corpus are few
    assert "Fitted on 1 of 2 groups of speakers" in card
    assert "| polish_speech_emotions | 0." in card
    assert "polish_speech_emotions" not in told["corpora"]
    assert told["licence"] == "CC-BY-NC-SA-4.0"
    assert (told["corpora"]["ravdess"]["clips"], told["corpora"]["nemo"]["speakers"]) == (30, 2)


def test_the_head_knows_its_labels_in_the_languages_of_the_plan_and_when_it_is_not_sure(made):
    head, _ = made

    clara = Clara.load(head)
    facts = json.loads((head / "facts.json").read_bytes())

    assert clara.labels.keys() == {"anger", "calm", "disgust", "fear", "happiness", "neutral", "sadness", "surprise"}
    assert {"sw", "en"} == {language for language in ("ar", "de", "en", "sw") if knows(clara, language)}
    assert clara.config.sure_from == facts["calibration"]["sure_from"]
    assert clara.config.temperature == facts["calibration"]["temperature"]


def knows(clara: Clara, language: str) -> bool:
    return set(captions.evaluation_captions("anger", languages=[language])) <= set(clara.labels["anger"])


def test_the_same_data_and_plan_give_the_same_head(made):
    head, out = made
    facts = json.loads((head / "facts.json").read_bytes())
    packed = packing.joined([out / "packed" / name for name in making.CORPORA])
    plan = FitPlan.of(facts["plan"])

    again = making.trained(packed, making.labelled(packed), plan, cache=None)

    for name, weights in Clara.load(head).model.state_dict().items():
        assert torch.equal(weights, again.model.state_dict()[name]), name


def test_every_clip_is_scored_once_by_a_head_that_did_not_hear_its_speaker(made, monkeypatch, tmp_path):
    head, out = made
    packed = packing.joined([out / "packed" / name for name in making.CORPORA])
    plan = FitPlan.of(json.loads((head / "facts.json").read_bytes())["plan"])
    heard_by_each = []

    def trained(packed, clips, plan, *, cache):
        heard_by_each.append({clip.speaker for clip in clips})
        return Clara.load(head)

    monkeypatch.setattr(making, "trained", trained)
    heard = held_out.unheard(packed, plan, cache=None, kept=tmp_path, count=2)
    held_out.unheard(packed, plan, cache=None, kept=tmp_path, count=2)

    assert len(heard_by_each) == 2  # the second time all scores were there
    assert sorted(clip.key for clip in heard.clips) == sorted(clip.key for clip in packed.clips)
    assert heard_by_each[0] & heard_by_each[1] == set()
    assert heard_by_each[0] | heard_by_each[1] == {clip.speaker for clip in packed.clips}
    assert heard.of_corpus("nemo").emotions == ("anger", "fear", "happiness", "neutral", "sadness", "surprise")
    assert heard.of_corpus("nemo").probabilities.sum(axis=1) == pytest.approx(1)


def test_a_head_that_grew_too_large_does_not_ship(made, monkeypatch, tmp_path):
    head, _ = made
    monkeypatch.setattr(seed, "LARGEST_BYTES", 1000)

    with pytest.raises(seed.TooLarge):
        seed.write(Clara.load(head), json.loads((head / "facts.json").read_bytes()), tmp_path / "head")


def test_the_ear_hears_a_clip_alike_alone_and_beside_a_longer_one():
    torch.manual_seed(0)
    ear = StatisticsEncoder(taps=2, base_width=8, width=4, dropout=0.2).eval()
    torch.nn.init.normal_(ear.score.weight)
    short, long = torch.randn(1, 5, 2, 8), torch.randn(1, 40, 2, 8)
    padded = torch.cat([torch.cat([short, torch.full((1, 35, 2, 8), 7.0)], dim=1), long])

    together = ear(padded, torch.tensor([5, 40]))

    assert torch.allclose(together[0], ear(short, torch.tensor([5]))[0], atol=1e-5)
    assert torch.allclose(together[1], ear(long, torch.tensor([40]))[0], atol=1e-5)


def test_the_ear_begins_where_its_statistics_are_level():
    torch.manual_seed(0)
    ear = StatisticsEncoder(taps=1, base_width=8, width=4, dropout=0.2)
    channels = torch.linspace(0.1, 3, 8)
    tokens = (torch.randn(200, 30, 1, 8) + torch.randn(200, 1, 1, 8)) * channels + 5
    statistics = ear.statistics(tokens, torch.full((200,), 30))

    ear.suit(statistics.mean(dim=0), statistics.std(dim=0, correction=0))
    levelled = statistics * ear.scale + ear.shift

    assert torch.allclose(levelled.mean(dim=0), torch.zeros(16), atol=1e-3)
    assert torch.allclose(levelled.std(dim=0, correction=0), torch.ones(16), atol=1e-3)


def test_what_was_heard_once_is_scored_like_the_sound(tmp_path, monkeypatch):
    random = torch.Generator().manual_seed(1)
    encoder = WhisperEncoder(mels=80, width=16, depth=2, heads=2, is_whole=False)
    _, digest = fixed_base.keep(encoder, tmp_path, name="small")
    monkeypatch.setenv(fixed_base.FOLDERS, str(tmp_path))
    config = replace(
        ClaraConfig.preset("seed", emotions=("anger", "fear")), base=digest, base_taps=(1, 2), text_depth=1
    )
    clara = Clara(config, labels={"anger": ["an angry voice"], "fear": ["a fearful voice"]})
    sounds = [torch.randn(count, generator=random) * 0.1 for count in (4_000, 9_000)]

    embeddings, scores = clara.from_below(clara.below(sounds))

    assert torch.allclose(embeddings, clara.embed_audio(sounds), atol=1e-5)
    assert torch.allclose(scores, clara.scores(sounds), atol=1e-5)


def test_the_head_that_ships_is_whole_and_small_and_says_its_licence_wherever_it_is_told_of():
    told = json.loads((seed_head.FOLDER / "facts.json").read_bytes())
    card = (seed_head.FOLDER / "README.md").read_text(encoding="utf-8")

    clara = seed_head.load()

    names = {path.name for path in seed_head.FOLDER.iterdir()}
    assert seed_head.digests().keys() == names - {seed_head.SUMS}
    assert sum(path.stat().st_size for path in seed_head.FOLDER.iterdir()) < seed.LARGEST_BYTES
    assert clara.config.base == fixed_base.DIGEST
    assert clara.config.sure_from == seed_head.sure_from()
    assert {part["corpus"] for part in told["sources"]["parts"]} == set(making.CORPORA) == set(seed_head.CORPORA)
    assert told["licence"] == seed_head.LICENCE == making.LICENCE == seed_head.evaluation()["licence"]
    for place in (
        seed_head.FOLDER / "README.md",
        *(seed_head.FOLDER.parent / name for name in ("README.md", "LICENSE")),
    ):
        assert "CC BY-NC-SA 4.0" in place.read_text(encoding="utf-8"), place
    assert card == (DOCS / "model-cards" / "seed.md").read_text(encoding="utf-8")
    assert card == seed_card.written(told)


def test_the_head_that_ships_hears_a_voice_and_is_not_sure_of_a_hum():
    clara = seed_head.load()
    voice = packing.decoded((SOUNDS / "german-anger.wav").read_bytes())
    hum = 0.1 * torch.sin(torch.arange(32_000) * (2 * torch.pi * 100 / 16_000))

    heard, unheard = clara.suggest(voice), clara.suggest(hum)

    assert sum(heard.values()) == pytest.approx(1)
    assert set(heard) == set(clara.config.emotions)
    assert max(heard, key=heard.__getitem__) == "anger"
    assert clara.sure(unheard) is None


def test_a_seed_head_that_is_damaged_or_not_there_is_refused(monkeypatch, tmp_path):
    folder = Path(shutil.copytree(seed_head.FOLDER, tmp_path / "seed"))
    monkeypatch.setattr(seed_head, "FOLDER", folder)

    (folder / "README.md").write_text("Free for all.")
    with pytest.raises(CorruptCheckpoint, match=r"README\.md"):
        seed_head.load()
    (folder / "README.md").unlink()
    with pytest.raises(CorruptCheckpoint, match=r"README\.md"):
        seed_head.load()
    (folder / seed_head.SUMS).unlink()
    with pytest.raises(seed_head.NoSeedHead):
        seed_head.load()
