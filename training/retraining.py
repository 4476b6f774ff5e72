"""One training run, top to bottom: freeze, train in a child, judge, publish; taken up wherever it was left.

Only this parent touches the database, and each of its writes passes through the fence. The child reads and writes files
in the run's folder. Whatever is killed, the row stays due, and the next trainer goes on from the status it finds: from
the child's own state on its machine, or the newest that storage has. The start is always the fixed base.
What we do not know: whether a child that says nothing is slow or hung; after STALLED_SECONDS we take it for hung.
"""

import json
import logging
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db.models import QuerySet
from django.db.models.functions import Now
from django.utils import timezone

from contributions.models import Release
from contributions.releasing import releases, rewriting
from contributions.taxonomy import restrictions
from openempathic import leases, logs, moves, storage
from openempathic.holding import Holding
from openempathic.registry import champion
from training import lineage, notices, publication, states, telling, travelling
from training.attempt import Attempt, Stopped, never
from training.child import Child, ChildFailed, without_folders
from training.evaluation.facts import CHAMPION, COMPARISON
from training.gate import admission, rivals
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
# What hangs on the release that the run learns from; the rest of its folder is its own story.
OF_A_RELEASE = ("release", "packed", ".packed.making", "state", "export", ".export.making")
S = TrainingRun.Status


def due_runs() -> QuerySet[TrainingRun]:
    """Runs that a trainer must act on now, were they free."""
    return TrainingRun.objects.filter(status__in=TrainingRun.ACTIVE, is_paused=False, next_attempt_at__lte=Now())


def retrain_due(*, owner: str, is_stopping: Callable[[], bool] = never) -> TrainingRun | None:
    """Claim one due run and take it as far as it goes; None when there is none to claim."""
    for pk in due_runs().order_by("next_attempt_at").values_list("pk", flat=True):
        if claim := leases.claim(due_runs(), pk, owner=owner, seconds=settings.TRAINER_LEASE_SECONDS):
            run = TrainingRun.objects.select_related("release").get(pk=pk)
            with logs.about(run_id=pk):
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
        log.info("Run %s is handed back: it was paused, or the trainer was asked to stop.", run.pk)
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
    travelling.tidy()


def give_up_or_retry(run: TrainingRun, claim: leases.Claim, error: Exception) -> None:
    """Another attempt after a pause, or the end after the third."""
    reason = str(error) if isinstance(error, ChildFailed) else f"{type(error).__name__}: {error}"
    if run.attempts >= ATTEMPTS_MAX:
        fail(run, claim, reason)
    else:
        told = without_folders(reason)[:400]
        telling.happened(run.progress, "attempt_failed", attempt=run.attempts, reason=told)
        leases.fenced(claim).update(status_reason=told, progress=run.progress)
        leases.give_back(claim, retry_in_seconds=RETRY_SECONDS * run.attempts)


def fail(run: TrainingRun, claim: leases.Claim, reason: str) -> None:
    """End the run, and say why in the row and in the log."""
    told = without_folders(reason)[:400]
    try:
        states.move(run, to=S.FAILED, by=AGENT, reason=told, claim=claim, **publication.ENDED)
        log.error("Run %s has FAILED: %s", run.pk, told)
        notices.tell_of_failure(run)
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
        clear_of_another(attempt)
        rivals.bring(attempt.folder)
        attempt.note("attempt", attempt=run.attempts)
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


def clear_of_another(attempt: Attempt) -> None:
    """Remove what this machine has of another release of the run, which was frozen anew elsewhere."""
    manifest = attempt.folder / "release" / releases.MANIFEST
    release = attempt.run.release
    if manifest.exists() and (release is None or champion.sha256_of(manifest) != release.digest):
        for name in OF_A_RELEASE:
            shutil.rmtree(attempt.folder / name, ignore_errors=True)


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
            for name in OF_A_RELEASE:
                shutil.rmtree(attempt.folder / name, ignore_errors=True)
            travelling.forget(attempt.run, attempt.claim)
            enter(attempt, S.FREEZING, release=None)
    raise ChildFailed("its releases kept losing shards before they could be read")


def is_rewritten(attempt: Attempt) -> bool:
    """Whether its shards differ from the manifest since clips were taken out, and not since they are damaged."""
    return attempt.run.release is not None and bool(rewriting.gone_keys(attempt.run.release))


def freeze(attempt: Attempt) -> None:
    """Make the run's release; what a freeze that broke off left on this machine is taken up by the next attempt.

    Once it is whole nothing of it stays, since only what storage holds counts.
    """
    attempt.check()
    draft = attempt.folder / "freezing"
    release = releases.freeze(Release.Kind.TRAINING, at=timezone.now(), by=AGENT, folder=draft)
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
    for name, about in releases.promised(json.loads(manifest)).items():
        attempt.check()
        path = here / name
        if not (path.exists() and champion.sha256_of(path) == about["sha256"]):
            storage.fetch(f"{release.prefix}/{name}", path, sha256=about["sha256"])


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
    if (step := travelling.bring(attempt.run, attempt.folder)) is not None:
        attempt.note("brought", step=step)
    child = Child(attempt.folder)
    log.info("Run %s trains in process %s.", attempt.run.pk, child.process.pid)
    try:
        watch(attempt, child)
    finally:
        child.end()
    tell(attempt, child.tail.lines())
    code = child.process.returncode
    if code != 0 and (attempt.told.get("stopped") or attempt.is_leaving()):
        # Stopped, by us or with its machine, or not come far enough to hear us: either way it is taken up again.
        attempt.traveller.hand_over()
        attempt.note("paused" if attempt.is_paused else "handed_back", step=attempt.run.progress.get("step", 0))
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
        if attempt.is_leaving():
            return child.stop(grace_seconds=GRACE_SECONDS)
        attempt.traveller.look()
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
    for line in lines:
        telling.hear(attempt.run.progress, line)
        attempt.told = line
    if attempt.run.status == S.TRAINING and any(line.get("stage") in AFTER_TRAINING for line in lines):
        enter(attempt, S.EVALUATING)
    else:
        attempt.keep_progress()
    if is_packed(attempt):
        # Whatever holds sound is one more place to purge a withdrawn clip from.
        shutil.rmtree(attempt.folder / "release" / "shards", ignore_errors=True)


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
    attempt.keep_progress()
    log.info("Run %s drops %s clips withdrawn since its release was frozen.", run.pk, len(dropped))


def write_whole(path: Path, text: str) -> None:
    """Replace the file in one step, so that the child never reads half of it."""
    draft = path.with_name(f".{path.name}.part")
    draft.write_text(text)
    draft.replace(path)


def judge(attempt: Attempt) -> bool:
    """Ask the gate; True when the candidate is to be published, else the run waits for a curator or is REJECTED."""
    return admission.admit(attempt)


def tidy_ended() -> None:
    """Remove sound and weights of runs that have ended from this machine; progress, plan and log stay."""
    runs = Path(settings.RUNS_FOLDER)
    active = {str(pk) for pk in TrainingRun.objects.filter(status__in=TrainingRun.ACTIVE).values_list("pk", flat=True)}
    for folder in runs.iterdir() if runs.exists() else ():
        if folder.name not in active:
            for name in ("freezing", CHAMPION, *OF_A_RELEASE):
                shutil.rmtree(folder / name, ignore_errors=True)
            (folder / COMPARISON).unlink(missing_ok=True)
