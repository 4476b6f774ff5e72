"""What must be true whenever a history pauses: the site against the memory, and its records against one another."""

import hashlib
import json

from hypothesis.stateful import invariant

from contributions.consenting import consent, records
from contributions.leaving import tombstones
from contributions.models import Clip, Contributor, CurrentConsent, Purpose, Release, ReleaseClip
from contributions.releasing import reading, rewriting, selection
from openempathic import signatures, storage
from openempathic.audit import sealing
from openempathic.registry.models import Checkpoint
from tests.soak.memory import FOR, Frozen
from tests.soak.people import LANGUAGES
from tests.soak.runs import keys_in
from tests.soak.stage import Stage
from training import lineage

# How many of the histories are asked after a day of sweeps; the others are asked as they stand.
A_DAY_MORE = 0.5


class Truths(Stage):
    """The promises."""

    @invariant()
    def promises_are_kept(self):
        """The first of all promises at each step, and one of the others: all are asked for at the history's end."""
        self.memory.settle()
        self.nothing_is_used_without_leave()
        others = (
            self.a_moment_is_remembered,
            self.a_release_made_now_would_hold_only_what_may_be_in_it,
            self.a_voice_is_as_its_events_say,
            self.a_voice_is_asked_again_when_it_must_be,
            self.lineage_is_what_the_manifests_hold,
        )
        self.scene.fate.chance.choice(others)()

    def nothing_is_used_without_leave(self):
        """Two purposes at each step, drawn: a clip that is covered wrongly stays so for long enough."""
        for purpose in self.scene.fate.chance.sample(Purpose.values, 2):
            assert ids(Clip.objects.covered_by(purpose)) == self.memory.covered(purpose)
        now = {purpose: frozenset(self.memory.covered(purpose)) for purpose in Purpose.values}
        self.memory.moments.append((self.scene.fate.now(), now))

    def a_moment_is_remembered(self):
        """At no moment was a clip covered that its speaker had not allowed then, as it can be asked later."""
        chance = self.scene.fate.chance
        (at, then), purpose = chance.choice(self.memory.moments), chance.choice(Purpose.values)
        assert ids(Clip.objects.covered_by(purpose, at=at)) == then[purpose]

    def a_release_made_now_would_hold_only_what_may_be_in_it(self):
        kind, purpose = self.scene.fate.chance.choice(list(FOR.items()))
        allowed = ids(Clip.objects.filter(status=Clip.Status.ACCEPTED)) & self.memory.covered(purpose)
        with selection.select(kind) as chosen:
            assert {each.clip for each in chosen.in_order()} <= allowed
            assert len(chosen) + sum(chosen.left_out.values()) == len(allowed)

    def a_voice_is_as_its_events_say(self):
        self.is_as_its_events_say(self.scene.fate.chance.choice(self.memory.voices))

    def is_as_its_events_say(self, voice):
        contributor = Contributor.objects.get(pk=voice.pk)
        standing = consent.current(contributor)
        assert {purpose for purpose, is_given in standing.items() if is_given} == voice.given
        assert not list(records.broken_chain(contributor))
        assert contributor.consent_events.exists() == voice.has_events
        assert (contributor.last_interaction_at, contributor.retention_warned_at) == (voice.came_at, voice.warned_at)
        assert contributor.gender == voice.gender

    def a_voice_is_asked_again_when_it_must_be(self):
        voice, language = self.scene.fate.chance.choice(self.memory.voices), self.scene.fate.chance.choice(LANGUAGES)
        again = {text.purpose for text in consent.asks_again(Contributor.objects.get(pk=voice.pk), language)}
        assert again == self.memory.asks_again(voice, language, today=self.today)

    def lineage_is_what_the_manifests_hold(self):
        held = {}
        for digest, clip, key in ReleaseClip.objects.values_list("release__digest", "clip_id", "key"):
            held.setdefault(digest, {})[clip] = key
        assert held == {digest: release.clips for digest, release in self.memory.releases.items()}
        gone = set(rewriting.gone_members().values_list("release__digest", "clip_id"))
        assert gone == {(digest, pk) for digest, release in self.memory.releases.items() for pk in release.out}
        for checkpoint in Checkpoint.objects.all():
            release = self.memory.heard[checkpoint.digest]
            assert checkpoint.release_digest == release.digest
            assert lineage.clips_heard_by(checkpoint) == release.clips.keys()
            assert lineage.withdrawn_heard_by(checkpoint) == len(self.memory.no_longer_allowed(release))

    def everything_holds(self):
        """What is asked once a history: every purpose, shard, mark and record, the feed, and some of the past."""
        for _moment in range(3):
            self.a_moment_is_remembered()
        for purpose in Purpose.values:
            assert ids(Clip.objects.covered_by(purpose)) == self.memory.covered(purpose)
        assert ids(Clip.objects.live()) == self.memory.live()
        standing = CurrentConsent.objects.filter(is_given=True).values_list("contributor_id", "purpose")
        assert set(standing) == {(voice.pk, purpose) for voice in self.memory.voices for purpose in voice.given}
        for voice in self.scene.fate.chance.sample(self.memory.voices, 2):
            self.is_as_its_events_say(voice)
        self.lineage_is_what_the_manifests_hold()
        if self.scene.fate.chance.random() < A_DAY_MORE:
            self.all_is_carried()
        self.releases_are_as_told()
        self.the_marks_say_what_is_true()
        assert not [*records.changed_texts(), *records.lost_ends()]
        assert not list(sealing.broken_seals())

    def releases_are_as_told(self):
        for release in Release.objects.all():
            self.holds(self.memory.releases[release.digest], release)
        self.the_feed_lists_what_is_gone()

    def holds(self, known: Frozen, release: Release):
        """Storage has the manifest as it was frozen, and shards of just the clips that are not erased."""
        manifest = json.loads(storage.read(f"{release.prefix}/manifest.json", sha256=release.digest))
        names = {shard["name"]: shard["sha256"] for shard in manifest["shards"]}
        gone = {known.clips[pk] for pk in known.erased}
        told = {row["clip"]: row["key"] for row in reading.clips_of(reading.InStorage(release.prefix))}
        assert told == {str(pk): key for pk, key in known.clips.items() if key not in gone}
        if gone:
            told = json.loads(storage.read(f"{release.prefix}/tombstones.json"))
            assert set(told["keys"]) == gone
            names |= {shard["name"]: shard["sha256"] for shard in told["shards"]}
        left = set()
        for name, sha256 in names.items():
            key = f"{release.prefix}/shards/{name}"
            assert hashlib.sha256(storage.read(key)).hexdigest() == sha256
            left |= keys_in(storage.open(key))
        assert left == set(known.clips.values()) - gone

    def the_marks_say_what_is_true(self):
        lineage.mark_due()
        for checkpoint in Checkpoint.objects.all():
            count = len(self.memory.no_longer_allowed(self.memory.heard[checkpoint.digest]))
            assert checkpoint.withdrawn_marked == count
            if count:
                said = signatures.verify(json.loads(storage.read(f"{checkpoint.prefix}/{lineage.MARK}")))
                assert said["clips_withdrawn"] == count

    def the_feed_lists_what_is_gone(self):
        listed = {line["clip"]: line for line in tombstones.page(rows=1000).clips}
        releases = self.memory.releases.values()
        left = {pk for release in releases for pk in release.out}
        assert listed.keys() == {str(pk) for pk in self.memory.gone() | left}
        for pk in self.memory.gone() | left:
            line, take = listed[str(pk)], self.memory.takes[pk]
            assert line["scope"] == ("CLIP" if take.is_gone else "RELEASES")
            assert line["releases"] == {each.digest: each.clips[pk] for each in releases if pk in each.out}
            assert (line["purged_at"] is not None) == take.is_purged


def ids(clips) -> set:
    """Their numbers."""
    return set(clips.values_list("pk", flat=True))
