"""Every adapter reads its corpus's real layout, and says in words what is not as it should be."""

import warnings
from collections import Counter

import pytest

from contributions import taxonomy
from tests.training.corpora.layouts import LAYOUTS, put
from training.corpora import ADAPTERS, IncompleteCorpus, NoCorpus, iemocap
from training.corpora.files import EXTENSIONS

HOW_MANY = {
    "cremad": 36,
    "emns": 4,
    "emodb": 56,
    "emovdb": 36,
    "folder": 3,
    "iemocap": 25,
    "nemo": 36,
    "polish_speech_emotions": 15,
    "ravdess": 60,
}
# Words of corpora for which the site has no emotion.
OWN_WORDS = {"boredom", "amusement", "sleepiness", "excitement", "frustration"}


pytestmark = pytest.mark.filterwarnings("ignore::training.corpora.IncompleteCorpus")


def quietly(name, root):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", IncompleteCorpus)
        return ADAPTERS[name].read(root)


def clip(name, root, key):
    return next(clip for clip in quietly(name, root) if clip.key == key)


@pytest.mark.parametrize("name", ADAPTERS)
def test_every_file_of_the_layout_becomes_a_clip(name, tmp_path):
    clips = quietly(name, LAYOUTS[name](tmp_path / "root"))

    assert len(clips) == HOW_MANY[name]
    assert len({clip.key for clip in clips}) == len(clips)
    assert [clip.key for clip in clips] == sorted(clip.key for clip in clips)
    for read in clips:
        assert read.path.is_file()
        assert read.key.startswith(f"{read.corpus}/")
        assert read.speaker.startswith(f"{read.corpus}-")
    known = {emotion.name for emotion in taxonomy.emotions()} | OWN_WORDS | {None}
    assert {clip.emotion for clip in clips} <= known


@pytest.mark.parametrize("name", ADAPTERS)
def test_a_folder_that_is_not_there_or_empty_is_no_corpus(name, tmp_path):
    (tmp_path / "empty").mkdir()

    for root in (tmp_path / "none", tmp_path / "empty"):
        with pytest.raises(NoCorpus, match="there is no|there are no|no sound files|lacks"):
            ADAPTERS[name].read(root)


@pytest.mark.parametrize("name", sorted(set(ADAPTERS) - {"emns", "folder", "iemocap"}))
def test_files_of_other_names_alone_are_no_corpus(name, tmp_path):
    put(tmp_path / "root", "holiday.wav", "wav/holiday.wav", "samples/birthday.wav", "AudioWAV/party.wav")

    with pytest.raises(NoCorpus, match="none of . sound files is named like .*wav: .*(holiday|birthday|party)"):
        quietly(name, tmp_path / "root")


@pytest.mark.parametrize(
    ("name", "stranger"),
    [
        ("cremad", "AudioWAV/1001_XYZ_ANG_XX.wav"),
        ("cremad", "AudioWAV/1092_DFA_ANG_XX.wav"),
        ("emns", "cleaned_webm/recorded_audio_x.webm"),
        ("emodb", "wav/03a03Wa.wav"),
        ("emodb", "wav/04a01Wa.wav"),
        ("emovdb", "bea/Amused/laugh_1-28_0001.wav"),
        ("folder", "more/four.wav"),
        ("iemocap", "Session1/sentences/wav/Ses01F_impro01/Ses01F_impro01_F099.wav"),
        ("nemo", "samples/EB0_boredom_1.wav"),
        ("polish_speech_emotions", "m1.b_dom_1.wav"),
        ("ravdess", "Actor_01/03-02-01-01-01-01-01.wav"),
        ("ravdess", "Actor_25/03-01-01-01-01-01-25.wav"),
    ],
)
def test_a_file_that_is_no_clip_is_named_and_not_dropped_in_silence(name, stranger, tmp_path):
    root = put(LAYOUTS[name](tmp_path / "root"), stranger)

    with pytest.warns(
        IncompleteCorpus, match=f"1 sound files are not named like .*left out: {stranger.split('/')[-1]}"
    ):
        clips = ADAPTERS[name].read(root)

    assert len(clips) == HOW_MANY[name]


@pytest.mark.parametrize("name", ["cremad", "emodb", "iemocap", "nemo", "polish_speech_emotions", "ravdess"])
def test_half_a_corpus_is_read_with_a_warning_of_how_many_clips_are_missing(name, tmp_path):
    root = LAYOUTS[name](tmp_path / "root")

    with pytest.warns(IncompleteCorpus, match=rf"{HOW_MANY[name]} clips are here; \d+ are published"):
        ADAPTERS[name].read(root)


def test_cremad_tells_level_sex_and_sentence(tmp_path):
    root = LAYOUTS["cremad"](tmp_path / "root")

    read = clip("cremad", root, "cremad/1002_IEO_HAP_HI")

    assert (read.speaker, read.gender, read.emotion, read.strength) == ("cremad-1002", "female", "happiness", "strong")
    assert (read.transcript, read.language) == ("It's eleven o'clock", "en")
    assert clip("cremad", root, "cremad/1001_IEO_NEU_XX").strength is None
    assert clip("cremad", root, "cremad/1001_IEO_NEU_XX").gender == "male"


def test_cremad_without_its_table_of_actors_has_no_genders_and_says_so(tmp_path):
    root = LAYOUTS["cremad"](tmp_path / "root")
    (root / "VideoDemographics.csv").unlink()

    with pytest.warns(IncompleteCorpus, match="no VideoDemographics.csv"):
        clips = ADAPTERS["cremad"].read(root)

    assert {clip.gender for clip in clips} == {None}


def test_ravdess_tells_strength_sentence_and_whether_the_actor_is_a_woman(tmp_path):
    root = LAYOUTS["ravdess"](tmp_path / "root")

    read = clip("ravdess", root, "ravdess/03-01-06-02-02-01-06")

    assert (read.speaker, read.gender, read.emotion, read.strength) == ("ravdess-06", "female", "fear", "strong")
    assert read.transcript == "Dogs are sitting by the door"
    assert clip("ravdess", root, "ravdess/03-01-05-01-02-01-01").strength == "middling"
    assert clip("ravdess", root, "ravdess/03-01-01-01-02-01-01").strength is None


@pytest.mark.parametrize(
    ("name", "emotion"),
    [
        ("03a01Wa", "anger"),
        ("03a01La", "boredom"),
        ("03a01Ea", "disgust"),
        ("03a01Aa", "fear"),
        ("03a01Fa", "happiness"),
        ("03a01Ta", "sadness"),
        ("03a01Na", "neutral"),
    ],
)
def test_emodb_reads_the_german_letters(name, emotion, tmp_path):
    root = LAYOUTS["emodb"](tmp_path / "root")

    read = clip("emodb", root, f"emodb/{name}")

    assert read.path.name == f"{name}.wav"
    assert (read.emotion, read.speaker, read.gender, read.language) == (emotion, "emodb-03", "male", "de")
    assert read.transcript == "Der Lappen liegt auf dem Eisschrank."


def test_nemo_takes_its_sentences_from_the_table_and_reads_surprised_as_surprise(tmp_path):
    root = LAYOUTS["nemo"](tmp_path / "root")

    read = clip("nemo", root, "nemo/KD0_surprised_2")

    assert (read.emotion, read.speaker, read.gender) == ("surprise", "nemo-KD0", "female")
    assert (read.transcript, read.language) == ("Lubię czytać.", "pl")


def test_nemo_without_its_table_has_no_sentences_and_says_so(tmp_path):
    root = LAYOUTS["nemo"](tmp_path / "root")
    (root / "data.tsv").unlink()

    with pytest.warns(IncompleteCorpus, match="no data.tsv"):
        clips = ADAPTERS["nemo"].read(root)

    assert {(clip.transcript, clip.gender) for clip in clips} == {(None, None)}


def test_iemocap_goes_by_who_speaks_and_leaves_the_undecided_without_an_emotion(tmp_path):
    root = LAYOUTS["iemocap"](tmp_path / "root")

    read = clip("iemocap", root, "iemocap/Ses02F_impro01_M000")

    # The F of Ses02F only says who wore the markers.
    assert (read.speaker, read.gender, read.emotion) == ("iemocap-2M", "male", "excitement")
    assert read.transcript == "Excuse me."
    assert clip("iemocap", root, "iemocap/Ses02F_impro01_M001").emotion is None
    assert iemocap.FOUR_CLASSES[read.emotion] == "happiness"


def test_a_session_of_iemocap_without_labels_is_refused_and_a_missing_one_is_warned_of(tmp_path):
    root = LAYOUTS["iemocap"](tmp_path / "root", sessions=(1, 2, 3, 4))

    with pytest.warns(IncompleteCorpus, match="there is no Session5"):
        ADAPTERS["iemocap"].read(root)
    for path in (root / "Session2" / "dialog" / "EmoEvaluation").iterdir():
        path.unlink()
    with pytest.raises(NoCorpus, match="no labels in Session2"):
        quietly("iemocap", root)


def test_emns_keeps_its_descriptions_and_warns_of_a_recording_that_is_not_there(tmp_path):
    root = LAYOUTS["emns"](tmp_path / "root")
    (root / "cleaned_webm" / "recorded_audio_3.webm").unlink()

    with pytest.warns(IncompleteCorpus, match="1 of 4 recordings of metadata.csv are not here, as recorded_audio_3"):
        clips = ADAPTERS["emns"].read(root)

    assert [clip.emotion for clip in clips] == ["anger", "sarcastic", "excitement"]
    assert (clips[0].texts, clips[0].transcript, clips[0].gender) == (("spoken slowly",), "It was 0.", "female")


def test_emns_with_an_emotion_that_nobody_knows_is_refused(tmp_path):
    root = LAYOUTS["emns"](tmp_path / "root")
    (root / "metadata.csv").write_text((root / "metadata.csv").read_text().replace("Angry", "Hangry"))

    with pytest.raises(NoCorpus, match="emotions that we do not know: Hangry"):
        ADAPTERS["emns"].read(root)


def test_emovdb_knows_its_speakers_by_the_folder_in_both_editions(tmp_path):
    root = LAYOUTS["emovdb"](tmp_path / "root")
    put(root, "sam_Sleepy/sleepiness_29-56_0001.wav")

    clips = {clip.key: clip for clip in ADAPTERS["emovdb"].read(root)}

    assert Counter(clip.speaker for clip in clips.values())["emovdb-sam"] == 11
    assert clips["emovdb/sam/sleepiness_29-56_0001"].emotion == "sleepiness"
    # Only the first half of CMU Arctic was read: a0001, not b0001.
    assert clips["emovdb/jenie/amused_1-28_0001"].transcript == "Author of the danger trail."
    assert clips["emovdb/jenie/amused_1-28_0002"].transcript is None


def test_emovdb_warns_when_an_emotion_of_a_speaker_is_missing(tmp_path):
    root = LAYOUTS["emovdb"](tmp_path / "root")
    for path in (root / "bea" / "Sleepy").iterdir():
        path.unlink()

    with pytest.warns(IncompleteCorpus, match="no clips of bea sleepiness"):
        ADAPTERS["emovdb"].read(root)


def test_polish_speech_emotions_reads_what_fetch_leaves(tmp_path):
    root = LAYOUTS["polish_speech_emotions"](tmp_path / "root")

    read = clip("polish_speech_emotions", root, "polish-speech-emotions/m4.s_dom_1")

    assert (read.emotion, read.speaker, read.gender) == ("fear", "polish-speech-emotions-m4", "male")
    assert (read.transcript, read.language) == ("dom", "pl")


def test_a_folder_with_a_table_tells_all_that_the_table_tells(tmp_path):
    root = LAYOUTS["folder"](tmp_path / "voices")

    whisper, unlabelled, angry = (clip("folder", root, f"voices/{key}") for key in ("more/two", "more/three", "one"))

    assert (angry.strength, angry.transcript, angry.gender, angry.style) == ("strong", "Tak.", "female", None)
    assert whisper.style == "whisper"
    assert unlabelled.emotion is None


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("four.wav\tada\tanger\tpl", "line 5: there is no file four.wav"),
        ("../other.wav\tada\tanger\tpl", "line 5: there is no file ../other.wav"),
        ("labels.tsv\tada\tanger\tpl", "line 5: labels.tsv is not one of .wav"),
        ("one.wav\t\tanger\tpl", "line 5: a speaker and a language must be told"),
        ("one.wav\tada\tanger\tpl\t\tenormous", "line 5: a strength is weak, middling or strong, not 'enormous'"),
        ("one.wav\tada\tanger\tpl", "are the same clip"),
    ],
)
def test_a_line_that_cannot_be_used_is_named(line, reason, tmp_path):
    root = LAYOUTS["folder"](tmp_path / "root")
    put(tmp_path, "other.wav")
    with (root / "labels.tsv").open("a") as file:
        file.write(line + "\n")

    with pytest.raises(NoCorpus, match=reason):
        ADAPTERS["folder"].read(root)


def test_a_table_without_a_column_is_named(tmp_path):
    root = LAYOUTS["folder"](tmp_path / "root")
    (root / "labels.tsv").write_text("path\temotion\none.wav\tanger\n")

    with pytest.raises(NoCorpus, match="labels.tsv lacks the columns language, speaker"):
        ADAPTERS["folder"].read(root)


@pytest.mark.parametrize("extension", sorted(set(EXTENSIONS) - {".wav"}))
def test_files_that_were_encoded_anew_keep_their_names(extension, tmp_path):
    root = put(tmp_path, f"elsewhere/03-01-06-02-02-01-06{extension}")

    assert clip("ravdess", root, "ravdess/03-01-06-02-02-01-06").path.suffix == extension
