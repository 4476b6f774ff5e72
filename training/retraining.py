"""One training run, top to bottom: freeze, train in a child, judge, publish; taken up wherever it was left.

Only this parent touches the database, and each of its writes passes through the fence. The child reads and writes files
in the run's folder. Whatever is killed, the row stays due, and the next trainer goes on from the status it finds: from
the child's own state when the folder is on its machine, else from the start, which nothing published depends on.
What we do not know: whether a child that says nothing is slow or hung; after STALLED_SECONDS we take it for hung.
"""

import json
import logging
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db.models import QuerySet
from django.db.models.functions import Now
from django.utils import timezone

from contributions.models import Release
from contributions.releasing import releases, rewriting
from contributions.taxonomy import restrictions
from openempathic import leases, moves, storage
from openempathic.registry import champion
from training import gate, lineage, publication, states
from training.child import Child, ChildFailed, without_folders
from training.holding import Holding
from training.models import TrainingRun

log = logging.getLogger(__name__)

AGENT = publication.AGENT
ATTEMPTS_MAX = 3
RETRY_SECONDS = 30
POLL_SECONDS = 0.2
# How long a child that was asked to stop may take to keep its state; less than the supervisor gives us. One that does
# not come to it loses what it did since its last state.
GRACE_SECONDS = 15
STALLED_SECONDS = 3 * 60 * 60
# The child's stages in which every step of training has been taken.
AFTER_TRAINING = ("evaluating", "exporting")
S = TrainingRun.Status


class Stopped(Exception):
    """The trainer was asked to stop; the run is due again at once, and the attempt does not count."""


def never() -> bool:
    """For a trainer that nobody stops."""
    return False


@dataclass
class Attempt:
    """One trainer's hold on one run."""

    run: TrainingRun
    claim: leases.Claim
    folder: Path
    holding: Holding
    is_stopping: Callable[[], bool] = never
    told: dict[str, Any] = field(default_factory=dict)

    @property
    def export(self) -> Path:
        """Where the child leaves its result."""
        return self.folder / "export"

    def check(self) -> None:
        """Raise LeaseLost or Stopped where going on would be wrong."""
        self.holding.check()
        if self.is_stopping():
            raise Stopped


def due_runs() -> QuerySet[TrainingRun]:
    """Runs that a trainer must act on now, were they free."""
    return TrainingRun.objects.filter(status__in=TrainingRun.ACTIVE, next_attempt_at__lte=Now())


def retrain_due(*, owner: str, is_stopping: Callable[[], bool] = never) -> TrainingRun | None:
    """Claim one due run and take it as far as it goes; None when there is none to claim."""
    for pk in due_runs().order_by("next_attempt_at").values_list("pk", flat=True):
        if claim := leases.claim(due_runs(), pk, owner=owner, seconds=settings.TRAINER_LEASE_SECONDS):
            run = TrainingRun.objects.select_related("release").get(pk=pk)
            attempt_run(run, claim, is_stopping=is_stopping)
            return TrainingRun.objects.get(pk=pk)
    return None


def attempt_run(run: TrainingRun, claim: leases.Claim, *, is_stopping: Callable[[], bool] = never) -> None:
    """Retrain, and leave the row in order however that ends: ended, due again, or somebody else's."""
    try:
        if run.attempts > ATTEMPTS_MAX:
            raise ChildFailed(f"the trainer died in each of {ATTEMPTS_MAX} attempts")
        retrain(run, claim, is_stopping=is_stopping)
    except Stopped:
        log.info("Run %s is handed back: the trainer was asked to stop.", run.pk)
        leases.give_back(claim, retry_in_seconds=0, is_forgiven=True)
    except (leases.LeaseLost, moves.MovedMeanwhile) as loss:
        log.warning("Run %s is not ours any more: %s", run.pk, loss)
    except releases.NotFreezable as reason:
        # Trying again would find the same clips: a curator has to read this.
        fail(run, claim, str(reason))
    except Exception as error:
        log.exception("Run %s failed in attempt %s.", run.pk, run.attempts)
        give_up_or_retry(run, claim, error)
    tidy_ended()


def give_up_or_retry(run: TrainingRun, claim: leases.Claim, error: Exception) -> None:
    """Another attempt after a pause, or the end after the third."""
    reason = str(error) if isinstance(error, ChildFailed) else f"{type(error).__name__}: {error}"
    if run.attempts >= ATTEMPTS_MAX:
        fail(run, claim, reason)
    else:
        leases.fenced(claim).update(status_reason=without_folders(reason)[:400])
        leases.give_back(claim, retry_in_seconds=RETRY_SECONDS * run.attempts)


def fail(run: TrainingRun, claim: leases.Claim, reason: str) -> None:
    """End the run, and say why in the row and in the log."""
    told = without_folders(reason)[:400]
    try:
        states.move(run, to=S.FAILED, by=AGENT, reason=told, claim=claim, **publication.ENDED)
        log.error("Run %s has FAILED: %s", run.pk, told)
    except moves.MovedMeanwhile as loss:
        log.warning("Run %s is not ours any more: %s", run.pk, loss)


def retrain(run: TrainingRun, claim: leases.Claim, *, is_stopping: Callable[[], bool] = never) -> None:
    """Take the run from where it was left to PUBLISHED or REJECTED.

    Raises Stopped, LeaseLost, MovedMeanwhile, NotFreezable, ChildFailed or StorageError; the run is then where it came.
    """
    folder = folder_of(run)
    folder.mkdir(parents=True, exist_ok=True)
    with Holding(claim) as holding:
        attempt = Attempt(run, claim, folder, holding, is_stopping)
        if run.status == S.QUEUED:
            enter(attempt, S.FREEZING)
        if not publication.is_exported(attempt.export):
            freeze_and_bring(attempt)
            train(attempt)
        if run.status == S.TRAINING:
            enter(attempt, S.EVALUATING)
        attempt.check()
        if judge(attempt):
            attempt.check()
            publication.publish(run, attempt.export, claim)
            # A clip withdrawn between judging and publishing: published, and marked.
            lineage.mark_due()
            log.info("Run %s published checkpoint %s.", run.pk, run.checkpoint)


def folder_of(run: TrainingRun) -> Path:
    """Where the run's files lie on this machine."""
    return Path(settings.RUNS_FOLDER) / str(run.pk)


def enter(attempt: Attempt, status: str, **columns: Any) -> None:
    """Move the run on, and note when."""
    began(attempt, status)
    states.move(attempt.run, to=status, by=AGENT, claim=attempt.claim, progress=attempt.run.progress, **columns)
    log.info("Run %s is %s.", attempt.run.pk, status)


def began(attempt: Attempt, stage: str) -> None:
    """Remember when a stage was first entered: the runs page and the demo tell seconds per stage from it."""
    attempt.run.progress.setdefault("began", {}).setdefault(str(stage), timezone.now().isoformat())


def freeze_and_bring(attempt: Attempt) -> None:
    """Have a frozen release on this machine; where a withdrawal rewrote a shard of it meanwhile, freeze another."""
    for _start in range(releases.STARTS_MAX):
        if attempt.run.status == S.FREEZING:
            freeze(attempt)
        try:
            return bring_release(attempt)
        except (storage.NotStored, storage.DigestMismatch) as purged:
            if isinstance(purged, storage.DigestMismatch) and not is_rewritten(attempt):
                raise
            log.warning("Run %s freezes anew: %s", attempt.run.pk, purged)
            for name in ("release", "packed", "state"):
                shutil.rmtree(attempt.folder / name, ignore_errors=True)
            enter(attempt, S.FREEZING, release=None)
    raise ChildFailed("its releases kept losing shards before they could be read")


def is_rewritten(attempt: Attempt) -> bool:
    """Whether its shards differ from the manifest since clips were taken out, and not since they are damaged."""
    return attempt.run.release is not None and bool(rewriting.gone_keys(attempt.run.release))


def freeze(attempt: Attempt) -> None:
    """Make the run's release; the draft on this machine is not kept, since only what storage holds counts."""
    attempt.check()
    draft = attempt.folder / "freezing"
    try:
        release = releases.freeze(Release.Kind.TRAINING, at=timezone.now(), by=AGENT, folder=draft)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    enter(attempt, S.TRAINING, release=release)
    attempt.run.release = release


def bring_release(attempt: Attempt) -> None:
    """Fetch the release from storage, every file verified; shards only until the child has packed them."""
    here, release = attempt.folder / "release", attempt.run.release
    if release is None:
        raise ChildFailed("the run has no release to learn from")
    manifest = storage.read(f"{release.prefix}/{releases.MANIFEST}", sha256=release.digest)
    (here / "shards").mkdir(parents=True, exist_ok=True)
    (here / releases.MANIFEST).write_bytes(manifest)
    (here / restrictions.FILE).write_bytes(restrictions_of(release))
    if is_packed(attempt):
        return
    for shard in json.loads(manifest)["shards"]:
        attempt.check()
        path = here / "shards" / shard["name"]
        if not (path.exists() and champion.sha256_of(path) == shard["sha256"]):
            storage.fetch(f"{release.prefix}/shards/{shard['name']}", path, sha256=shard["sha256"])


def restrictions_of(release: Release) -> bytes:
    """What nobody may do with the release, which binds the model too; today's words where it is older than such."""
    try:
        return storage.read(f"{release.prefix}/{restrictions.FILE}")
    except storage.NotStored:
        return restrictions.as_json()


def is_packed(attempt: Attempt) -> bool:
    """Whether the child has the sound in its own form; it puts that in its place whole."""
    return (attempt.folder / "packed" / "index.json").exists()


def train(attempt: Attempt) -> None:
    """Run the child to its end, holding the lease, telling its progress and handing it the clips withdrawn meanwhile.

    Raises Stopped once the child has kept its state, LeaseLost once it is ended, ChildFailed with its reason.
    """
    write_whole(attempt.folder / "plan.json", json.dumps(attempt.run.plan))
    hand_withdrawn(attempt)
    child = Child(attempt.folder)
    log.info("Run %s trains in process %s.", attempt.run.pk, child.process.pid)
    try:
        watch(attempt, child)
    finally:
        child.end()
    tell(attempt, child.tail.lines())
    code = child.process.returncode
    if code != 0 and attempt.is_stopping():
        # 75, or a child that had not yet come far enough to hear us: either way it is taken up again.
        raise Stopped
    if code != 0 or not publication.is_exported(attempt.export):
        reason = child.reason(attempt.told)
        if "Unpackable" in reason:
            shutil.rmtree(attempt.folder / "packed", ignore_errors=True)
        raise ChildFailed(reason if code else "the child ended well and left no whole export")


def watch(attempt: Attempt, child: Child) -> None:
    """Until the child ends: see to the lease, its lines, withdrawals, a stop and a hang."""
    handed_at = heard_at = time.monotonic()
    while child.is_running(wait_seconds=POLL_SECONDS):
        attempt.holding.check()
        if attempt.is_stopping():
            return child.stop(grace_seconds=GRACE_SECONDS)
        now = time.monotonic()
        if lines := child.tail.lines():
            tell(attempt, lines)
            heard_at = now
        if now - heard_at > STALLED_SECONDS:
            raise ChildFailed(f"the child said nothing for {STALLED_SECONDS // 3600} hours")
        if now - handed_at >= attempt.holding.beat_seconds:
            hand_withdrawn(attempt)
            handed_at = now


def tell(attempt: Attempt, lines: list[dict[str, Any]]) -> None:
    """Keep the newest of what the child said in the row, behind the fence, and move on when it evaluates."""
    if not lines:
        return
    progress = attempt.run.progress
    for line in lines:
        stage = str(line.get("stage", ""))
        progress.setdefault("began", {}).setdefault(stage, line.get("at"))
        progress.update({name: line[name] for name in ("stage", "step", "steps", "loss", "at", "uar") if name in line})
        attempt.told = line
    if attempt.run.status == S.TRAINING and any(line.get("stage") in AFTER_TRAINING for line in lines):
        enter(attempt, S.EVALUATING)
    else:
        keep_progress(attempt)
    if is_packed(attempt):
        # Whatever holds sound is one more place to purge a withdrawn clip from.
        shutil.rmtree(attempt.folder / "release" / "shards", ignore_errors=True)


def keep_progress(attempt: Attempt) -> None:
    """Write the progress where the claim still holds, or raise LeaseLost."""
    if leases.fenced(attempt.claim).update(progress=attempt.run.progress) != 1:
        raise leases.LeaseLost(f"run {attempt.run.pk} was taken over or cancelled")


def hand_withdrawn(attempt: Attempt) -> None:
    """Tell the child which clips it may not use any more; it drops them when it next keeps its state."""
    run, path = attempt.run, attempt.folder / "dropped.json"
    keys = releases.withdrawn_keys(run.release) if run.release else []
    known = json.loads(path.read_bytes()) if path.exists() else []
    # A clip that was dropped stays dropped: the child has silenced it.
    dropped = sorted({*keys, *known})
    if dropped == known:
        return
    write_whole(path, json.dumps(dropped))
    run.progress["dropped"] = len(dropped)
    keep_progress(attempt)
    log.info("Run %s drops %s clips withdrawn since its release was frozen.", run.pk, len(dropped))


def write_whole(path: Path, text: str) -> None:
    """Replace the file in one step, so that the child never reads half of it."""
    draft = path.with_name(f".{path.name}.part")
    draft.write_text(text)
    draft.replace(path)


def judge(attempt: Attempt) -> bool:
    """Ask the gate; True when the candidate is to be published, else the run is REJECTED with the reason."""
    run = attempt.run
    if run.status == S.PUBLISHING and (attempt.export / gate.GATE).exists():
        return True
    verdict = gate.judge(run, attempt.folder)
    if verdict.passes:
        if run.status == S.EVALUATING:
            enter(attempt, S.PUBLISHING)
        return True
    reason = "; ".join(verdict.faults)[:400]
    if run.status != S.EVALUATING:
        # Judged and passed before, on a machine that is gone: this copy is at fault, not the candidate.
        raise ChildFailed(reason)
    states.move(run, to=S.REJECTED, by=AGENT, reason=reason, claim=attempt.claim, **publication.ENDED)
    log.error("Run %s is REJECTED: %s", run.pk, reason)
    return False


def tidy_ended() -> None:
    """Remove sound and weights of runs that have ended from this machine; progress, plan and log stay."""
    runs = Path(settings.RUNS_FOLDER)
    active = {str(pk) for pk in TrainingRun.objects.filter(status__in=TrainingRun.ACTIVE).values_list("pk", flat=True)}
    for folder in runs.iterdir() if runs.exists() else ():
        if folder.name not in active:
            for name in ("freezing", "release", "packed", ".packed.making", "state", "export", ".export.making"):
                shutil.rmtree(folder / name, ignore_errors=True)
