"""Splits and folds are frozen in files, part no speaker from himself, and are those that others report on."""

import warnings
from collections import Counter, defaultdict

import pytest

from tests.training.corpora.layouts import LAYOUTS
from training.corpora import ADAPTERS, IncompleteCorpus, LabelledClip, NoCorpus, cremad, emodb, folder, iemocap, ravdess
from training.corpora.splits import FOLDER, SIDES, by_speaker

FROZEN = sorted(path.name for path in FOLDER.glob("*.split.tsv"))


def read(name, root):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", IncompleteCorpus)
        return ADAPTERS[name].read(LAYOUTS[name](root))


def said(speaker, number=0):
    corpus = speaker.split("-")[0]
    return LabelledClip(path=None, key=f"{corpus}/{speaker}/{number}", corpus=corpus, speaker=speaker, language="en")


def speakers_of(clips, keys):
    return {clip.speaker for clip in clips if clip.key in keys}


@pytest.mark.parametrize("name", ADAPTERS)
def test_no_speaker_is_on_two_sides_and_every_clip_is_on_one(name, tmp_path):
    clips = read(name, tmp_path / "root")

    sides = ADAPTERS[name].split(clips)

    assert sides.keys() == {clip.key for clip in clips}
    assert set(sides.values()) <= set(SIDES)
    of_speaker = defaultdict(set)
    for clip in clips:
        of_speaker[clip.speaker].add(sides[clip.key])
    assert {len(of) for of in of_speaker.values()} == {1}


@pytest.mark.parametrize("name", sorted(set(ADAPTERS) - {"emns"}))
def test_no_fold_tests_a_voice_that_it_trains_on(name, tmp_path):
    clips = read(name, tmp_path / "root")

    folds = ADAPTERS[name].folds(clips)

    assert folds
    for fold in folds:
        assert fold.test
        assert fold.train
        assert speakers_of(clips, fold.test).isdisjoint(speakers_of(clips, fold.train))


@pytest.mark.parametrize("name", sorted(set(ADAPTERS) - {"emns", "cremad"}))
def test_every_clip_is_tested_on_in_one_fold(name, tmp_path):
    clips = read(name, tmp_path / "root")

    tested = Counter(key for fold in ADAPTERS[name].folds(clips) for key in fold.test)

    assert tested == Counter({clip.key: 1 for clip in clips})


def test_one_voice_alone_is_all_to_train_on_and_has_no_folds(tmp_path):
    clips = read("emns", tmp_path / "root")

    assert set(ADAPTERS["emns"].split(clips).values()) == {"train"}
    assert ADAPTERS["emns"].folds(clips) == []


@pytest.mark.parametrize("file", FROZEN)
def test_a_frozen_file_names_every_speaker_once_and_has_sides_to_train_and_to_test_on(file):
    rows = [line.split("\t") for line in (FOLDER / file).read_text().splitlines()[1:]]

    assert len({row[0] for row in rows}) == len(rows)
    assert {"train", "test"} <= {row[1] for row in rows} <= set(SIDES)


def test_cremad_is_split_as_tensorflow_datasets_splits_it():
    # Each actor was asked for 82 clips; 20 of these 7,462 were not published, and the counts leave one side for them.
    clips = [said(f"cremad-{actor}", number) for actor in range(1001, 1092) for number in range(82)]

    counts = Counter(cremad.split(clips).values())

    assert counts["dev"] == 738
    assert counts["test"] - 2 == 1_556  # 1013_WSI_DIS_XX and 1040_ITH_SAD_XX are in no split
    assert counts["train"] - 2 - 20 == 5_144  # nor are 1006_TIE_NEU_XX and 1017_IWW_FEA_XX


def test_what_tensorflow_datasets_did_not_find_is_in_no_split_of_cremad():
    keys = [f"cremad/{stem}" for stem in ("1013_WSI_DIS_XX", "1040_ITH_SAD_XX", "1013_WSI_DIS_LO")]
    clips = [
        LabelledClip(path=None, key=key, corpus="cremad", speaker=f"cremad-{key[7:11]}", language="en") for key in keys
    ]

    assert cremad.split(clips) == {"cremad/1013_WSI_DIS_LO": "test"}
    assert cremad.folds(clips)[0].test == {"cremad/1013_WSI_DIS_LO"}


def test_ravdess_has_six_folds_of_four_actors():
    clips = [said(f"ravdess-{actor:02d}") for actor in range(1, 25)]

    folds = ravdess.folds(clips)

    assert [len(speakers_of(clips, fold.test)) for fold in folds] == [4] * 6
    assert speakers_of(clips, folds[0].test) == {"ravdess-01", "ravdess-11", "ravdess-20", "ravdess-21"}


def test_emodb_leaves_each_of_ten_speakers_out():
    clips = [said(speaker) for speaker in by_speaker(emodb.SPLIT)]

    assert sorted(fold.name for fold in emodb.folds(clips)) == sorted(f"emodb-{n}" for n in emodb.GENDERS)


def test_iemocap_leaves_each_session_out():
    clips = [said(f"iemocap-{session}{voice}") for session in range(1, 6) for voice in "FM"]

    folds = iemocap.folds(clips)

    assert [fold.name for fold in folds] == [f"Session{number}" for number in range(1, 6)]
    assert speakers_of(clips, folds[2].test) == {"iemocap-3F", "iemocap-3M"}


def test_a_speaker_that_the_frozen_file_does_not_know_is_no_guess():
    with pytest.raises(NoCorpus, match="the split does not know emodb-99"):
        emodb.split([said("emodb-99")])


def test_many_speakers_of_a_folder_make_ten_folds_that_do_not_depend_on_the_order():
    clips = [said(f"voices-{number}") for number in range(33)]

    folds, again = folder.folds(clips), folder.folds(clips[::-1])

    assert len(folds) == 10
    assert {len(fold.test) for fold in folds} == {3, 4}
    assert folds == again
    assert folder.split(clips) == folder.split(clips[::-1])
