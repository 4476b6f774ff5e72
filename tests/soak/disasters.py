"""The database is lost, and a copy from before restored beside a storage that went on: what was taken back stays so."""

import copy

from django.db import transaction
from hypothesis.stateful import precondition, rule

from contributions.consenting import consent
from contributions.leaving import ledger, restoring
from contributions.models import ConsentEvent, Contributor, LicenceGrant
from contributions.releasing import rewriting
from openempathic import storage
from openempathic.accounts.models import User
from tests.soak.clips import Clips
from tests.soak.memory import Memory
from tests.soak.people import People
from tests.soak.runs import Runs
from training import schedule


class Disasters(People, Clips, Runs):
    """A savepoint is the copy: what was written since is gone from the database, and from nowhere else."""

    backup: tuple[str, Memory] | None = None

    @rule()
    def the_database_is_copied(self):
        self.backup = transaction.savepoint(), copy.deepcopy(self.memory)

    @precondition(lambda self: self.backup)
    @rule()
    def the_copy_is_restored(self):
        words, (copied, memory) = self.memory.words, self.backup
        transaction.savepoint_rollback(copied)
        self.memory = copy.deepcopy(memory)
        self.turn = self.rating = self.page = self.attempt = None
        # Texts come from the data files at every start, before the site serves.
        for pk in sorted(words.keys() - self.memory.words.keys()):
            text = words[pk]
            self.words_are_added(text.purpose, text.language, text.version, text.valid_from, text.is_material)
        before = self.told()
        restoring.replay()
        self.is_taken_back_again(before)
        assert not restoring.replay()
        if schedule.active_run():
            self.is_taken_over()

    def told(self) -> dict[object, set[str]]:
        """For each voice the purposes that the ledger says were taken back, and the database does not."""
        known = {str(pk) for pk in ConsentEvent.objects.values_list("pk", flat=True)}
        told: dict[object, set[str]] = {}
        for key in storage.keys(f"{ledger.ROOT}/{ledger.PURPOSES}/"):
            _root, _kind, voice, purpose, event = key.split("/")
            if event not in known:
                told.setdefault(voice, set()).add(purpose)
        return told

    def is_taken_back_again(self, told):
        """Everything that the ledger tells, and nothing that it does not."""
        kept = set(storage.keys(f"{ledger.ROOT}/"))
        here = set(User.objects.values_list("pk", flat=True))
        for voice in self.memory.voices:
            contributor = Contributor.objects.get(pk=voice.pk)
            had_left = (voice.account and voice.account not in here) or ledger.key_of_guest(contributor) in kept
            if had_left:
                assert contributor.actor is None
                voice.account, voice.is_guest = None, False
            lost = told.get(str(voice.pk), set())
            is_over = had_left or consent.REQUIRED in lost
            standing = {purpose for purpose, is_given in consent.current(contributor).items() if is_given}
            assert standing <= voice.given - lost
            assert is_over or standing == voice.given - lost
            voice.given = standing
            if is_over:
                self.memory.takes_back(voice)
        for corpus in self.memory.corpora:
            grant = LicenceGrant.objects.get(pk=corpus.pk)
            corpus.is_ended |= ledger.key_of_licence(grant) in kept
        for take in self.memory.takes.values():
            take.is_gone |= ledger.key_of_clip(take.pk) in kept
        for release in self.memory.releases.values():
            keys = (rewriting.tombstones_of(rewriting.InStorage(f"releases/{release.digest}")) or {}).get("keys", [])
            release.erased |= {pk for pk, key in release.clips.items() if key in keys}
            release.out |= release.erased
