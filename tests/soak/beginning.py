"""The world in which every history begins: some people, a guest, two corpora, and a clip or two of each."""

from contributions import corpora
from contributions.consenting import consent
from contributions.listening import ratings
from contributions.models import Clip, ConsentText, Contributor, Purpose
from contributions.models.contributor import Split
from openempathic.accounts.models import Role
from openempathic.audit import sealing
from tests import worlds
from tests.soak.clips import LISTENING, Clips
from tests.soak.fate import BEGINNING
from tests.soak.memory import STORE, TRAIN, Corpus, Take, Voice, Words
from tests.soak.people import LANGUAGES, People
from tests.soak.runs import Runs

S = Clip.Status
# Enough of each side and emotion that a release can be made, and few enough that taking some back prevents it.
PEOPLE = {
    "vera": (Split.TRAIN, ("anger", "sadness")),
    "nina": (Split.TRAIN, ("sadness",)),
    "otto": (Split.TEST, ("anger",)),
}
CORPORA = {
    "spoken": (
        [STORE, TRAIN, Purpose.RELEASE_DATASET],
        {"ada": (Split.TRAIN, "anger"), "eve": (Split.TEST, "sadness")},
    ),
    "lent": ([STORE, TRAIN], {"bea": (Split.TRAIN, "sadness")}),
}


class Beginning(People, Clips, Runs):
    """Told once, through the same acts as all that follows."""

    def tell(self) -> None:
        self.scene.fate.begin(at=BEGINNING, seed=0)
        worlds.stocked()
        for text in ConsentText.objects.filter(language__in=LANGUAGES):
            words = Words(text.pk, text.purpose, text.language, text.version, text.valid_from, text.is_material_change)
            self.memory.words[text.pk] = words
        worlds.person("cleo", Role.CURATOR)
        self.takes_part(self.an_account_is_made("milo", Role.MODERATOR), Split.DEV, [])
        for name, (side, emotions) in PEOPLE.items():
            self.takes_part(self.an_account_is_made(name), side, emotions)
        for name, (purposes, speakers) in CORPORA.items():
            self.a_corpus_comes_in(name, purposes, speakers)
            sealing.seal_new(now=self.scene.fate.now() + sealing.SETTLED_AFTER)
        self.a_release_is_frozen("DATASET")
        self.the_loop_turns(stages=5)
        self.takes_part(self.a_guest_arrives(), Split.TRAIN, ["anger"])
        # The second run has frozen its release when the history begins, and waits for a trainer.
        self.the_loop_turns(stages=2)
        self.scene.page = consent.texts("en")
        self.scene.keep(self.memory)

    def takes_part(self, voice: Voice, side, emotions) -> None:
        """Says yes to everything, and gives an accepted clip of each emotion."""
        Contributor.objects.filter(pk=voice.pk).update(split=side)
        self.answers(voice, set(consent.ASKED), consent.texts("en"))
        for emotion in emotions:
            take = self.gives(voice)
            self.is_moved(take, to=S.IN_REVIEW)
            turn = ratings.open_turn(self.milo())
            self.scene.fate.at += LISTENING
            ratings.note_heard(turn, by=self.milo())
            ratings.rate(turn, by=self.milo(), answer=ratings.Answer(is_usable=True, emotion=emotion))
            self.memory.accepted.append(take.pk)

    def a_corpus_comes_in(self, name, purposes, speakers) -> None:
        permission = corpora.grant(
            name, licence="CC-BY-4.0", source="doi:10/x", source_sha256="0" * 64, purposes=purposes, commercial=True
        )
        corpus = Corpus(permission.pk, frozenset(purposes))
        self.memory.corpora.append(corpus)
        for speaker, (side, emotion) in speakers.items():
            line = corpora.Line(path=f"{speaker}.wav", speaker=speaker, emotion=emotion, language="pl")
            (self.scene.drafts / line.path).write_bytes(f"{speaker} speaks".encode())
            corpora.import_line(line, folder=self.scene.drafts, permission=permission, sides={speaker: side})
        for clip in permission.clips.all():
            self.memory.takes[clip.pk] = take = Take(clip.pk, corpus)
            self.is_moved(take, to=S.IN_REVIEW)
            self.memory.accepted.append(take.pk)
        corpora.accept_annotated(permission)
