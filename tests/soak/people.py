"""What people say and take back: pages read and answered, codes held, voices claimed, accounts left."""

from datetime import timedelta

from django.conf import settings
from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from contributions.consenting import consent, facts, guests, retention
from contributions.leaving import farewell
from contributions.models import ConsentText, Contributor, Purpose
from openempathic.accounts.models import Role, User
from tests import worlds
from tests.soak.memory import Voice, Words
from tests.soak.stage import Stage, picks

LANGUAGES = ("en", "es")
VOICES_MAX = 7
purposes = st.sampled_from(consent.ASKED)
# Mostly such as can be kept.
answers = (
    st.sets(purposes) | st.sets(purposes).map(lambda given: given | {consent.REQUIRED}) | st.just(set(consent.ASKED))
)


class People(Stage):
    """Everything that a person may do but speak."""

    page: list[ConsentText] | None = None

    @precondition(lambda self: len(self.here()) < VOICES_MAX)
    @rule(as_guest=st.booleans())
    def somebody_arrives(self, as_guest):
        if as_guest:
            self.a_guest_arrives()
        else:
            self.an_account_is_made(f"newcomer-{self.scene.fate.number()}")

    def a_guest_arrives(self) -> Voice:
        guest = guests.welcome()
        return self.is_known(Voice(guest.pk, is_guest=True, codes=[guests.code_of(guest)]))

    def an_account_is_made(self, name, role=Role.CONTRIBUTOR) -> Voice:
        person, is_staff = worlds.person(name, role), role != Role.CONTRIBUTOR
        voice = Voice(consent.contributor_for(person).pk, account=person.pk, is_staff=is_staff)
        return self.is_known(voice)

    def is_known(self, voice) -> Voice:
        voice.came_at = voice.made_at = Contributor.objects.get(pk=voice.pk).last_interaction_at
        self.memory.voices.append(voice)
        return voice

    @rule(language=st.sampled_from(LANGUAGES), pick=picks)
    def a_page_is_left_open(self, language, pick):
        voice = self.one_of(self.here(), pick)
        self.page = consent.texts(language)
        consent.request(contributor := self.visits(voice), self.page, by=contributor.actor, locale=language)
        voice.has_events = True

    @rule(given=answers, language=st.sampled_from(LANGUAGES), pick=picks, is_open_page=st.booleans())
    def decides(self, given, language, pick, is_open_page):
        page = self.page if self.page and is_open_page else consent.texts(language)
        self.answers(self.one_of(self.here(), pick), given, page)

    @rule(purpose=purposes, pick=picks)
    def allows_one_more(self, purpose, pick):
        voice = self.one_of(self.here(), pick)
        self.answers(voice, {*voice.given, consent.REQUIRED, purpose}, consent.texts("en"))

    def answers(self, voice, given, page):
        contributor, given = self.visits(voice), {str(purpose) for purpose in given}
        is_current = all(self.is_current(text) for text in page)
        try:
            consent.decide(contributor, given=given, shown=page, locale="en", is_adult=True, by=contributor.actor)
        except consent.NotConsented:
            assert Purpose.STORE_AND_REVIEW not in given or not is_current
        else:
            assert is_current
            voice.given, voice.has_events = given, True
            voice.answered = {text.purpose: text.pk for text in page}

    def is_current(self, text):
        return self.memory.current(text.purpose, text.language, today=self.today).pk == text.pk

    @rule(purpose=purposes, pick=picks)
    def takes_a_purpose_back(self, purpose, pick):
        voice = self.one_of(self.here(), pick)
        consent.withdraw(contributor := self.visits(voice), purpose, by=contributor.actor, locale="en")
        if purpose == Purpose.STORE_AND_REVIEW:
            voice.given = set()
            self.memory.takes_back(voice)
        else:
            voice.given -= {purpose}

    @rule(pick=picks, gender=st.sampled_from(["female", "male", ""]))
    def tells_of_themselves(self, pick, gender):
        voice = self.one_of(self.here(), pick)
        try:
            facts.tell(contributor := self.visits(voice), facts.Facts(gender=gender), by=contributor.actor)
        except facts.NotAllowed:
            assert Purpose.DEMOGRAPHICS not in voice.given
        else:
            assert Purpose.DEMOGRAPHICS in voice.given
            voice.gender = gender

    def guests(self):
        return [voice for voice in self.memory.voices if voice.is_guest]

    @rule(pick=picks, is_renewed=st.booleans())
    def a_code_is_tried(self, pick, is_renewed):
        """Whoever holds it: only a guest's last code opens their voice, until the voice lapses."""
        code, voice = self.one_of([(code, voice) for voice in self.memory.voices for code in voice.codes], pick)
        now = self.scene.fate.now()
        is_good = voice.is_guest and code == voice.codes[-1] and now < voice.came_at + self.keeping
        try:
            guest = guests.admit(code, now=now)
        except guests.NotAdmitted:
            assert not is_good
            return
        assert is_good
        assert guest.pk == voice.pk
        if is_renewed:
            voice.codes.append(guests.code_of(guests.renew(guest, by=guest.actor)))

    @property
    def keeping(self):
        return timedelta(days=settings.RETENTION_DAYS)

    @precondition(lambda self: self.guests())
    @rule(pick=picks, to=picks)
    def a_guests_voice_is_claimed(self, pick, to):
        voice = self.one_of(self.guests(), pick)
        own = self.one_of([voice for voice in self.here() if voice.account and voice.is_own], to)
        person = User.objects.get(pk=own.account)
        try:
            guests.claim(self.visits(voice), by=person)
        except guests.NotClaimable:
            assert own.is_staff
            return
        voice.is_guest, voice.account = False, own.account
        if own.has_events or self.memory.of(own):
            voice.is_own = False
        else:
            # A voice that never said anything is forgotten for the one that did.
            assert not Contributor.objects.filter(pk=own.pk).exists()
            self.memory.voices.remove(own)

    @rule()
    def weeks_pass_and_the_promise_of_retention_is_kept(self):
        self.scene.fate.at += timedelta(days=35)
        now = self.scene.fate.now()
        retention.warn_due(now)
        self.some_are_warned(now)
        due = [voice for voice in self.memory.voices if self.has_run_out(voice, now)]
        assert retention.lapse_due(now) == len(due)
        for voice in due:
            self.memory.takes_back(voice)
            voice.given = set()
        self.some_are_forgotten(now)

    def some_are_warned(self, now):
        """One mail an account: which of its voices it is about is drawn by chance."""
        warned = dict(Contributor.objects.filter(retention_warned_at=now).values_list("pk", "retention_warned_at"))
        due = {voice.account for voice in self.memory.voices if self.runs_out_soon(voice, now)}
        assert {voice.account for voice in self.memory.voices if voice.pk in warned} == due
        for voice in self.memory.voices:
            voice.warned_at = warned.get(voice.pk, voice.warned_at)

    def runs_out_soon(self, voice, now):
        is_soon = voice.came_at <= now + retention.WARNED_AHEAD - self.keeping
        return voice.account and self.memory.holds(voice) and is_soon and not voice.warned_at

    def has_run_out(self, voice, now):
        is_told = voice.warned_at and voice.warned_at <= now - retention.WARNED_AHEAD
        is_due = is_told or not voice.account
        return self.memory.holds(voice) and is_due and voice.came_at <= now - self.keeping

    def some_are_forgotten(self, now):
        """Guests who looked, and went."""
        since = now - retention.ABANDONED_AFTER
        silent = [voice for voice in self.guests() if not voice.has_events and not self.memory.of(voice)]
        due = [voice for voice in silent if voice.came_at <= since and voice.made_at <= since]
        assert retention.forget_abandoned(now) == len(due)
        self.memory.voices = [voice for voice in self.memory.voices if voice not in due]

    @rule(pick=picks)
    def leaves(self, pick):
        staff = {voice.account for voice in self.here() if voice.is_staff}
        leaving = [voice for voice in self.here() if voice.person not in staff]
        voice = self.one_of(leaving, pick)
        if voice is None:
            return
        if voice.is_guest:
            farewell.end_guest(self.visits(voice), locale="en")
        else:
            farewell.delete_account(User.objects.get(pk=voice.account), locale="en")
        for each in [each for each in self.here() if each.person == voice.person]:
            self.memory.takes_back(each)
            each.given, each.account, each.is_guest = set(), None, False

    @rule(purpose=purposes, in_days=st.sampled_from([0, 2, 40]), is_material=st.booleans(), is_translated=st.booleans())
    def the_words_change(self, purpose, in_days, is_material, is_translated):
        version, valid_from = f"h{len(self.memory.words)}", self.today + timedelta(days=in_days)
        for language in LANGUAGES[: 1 + is_translated]:
            self.words_are_added(purpose, language, version, valid_from, is_material)

    def words_are_added(self, purpose, language, version, valid_from, is_material):
        body = f"{purpose} in {language}, {version}"
        text = ConsentText.objects.create(
            purpose=purpose,
            language=language,
            version=version,
            body=body,
            sha256=worlds.announced(body.encode()).sha256,
            valid_from=valid_from,
            is_material_change=is_material,
        )
        self.memory.words[text.pk] = Words(text.pk, purpose, language, version, valid_from, is_material)

    @rule(by=st.sampled_from([timedelta(minutes=11), timedelta(hours=9), timedelta(days=2)]))
    def time_passes(self, by):
        self.scene.fate.at += by
