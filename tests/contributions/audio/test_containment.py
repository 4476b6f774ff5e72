"""What Otto sends harms only itself: the walls around a clip's child, and the decoder that goes on behind them."""

import errno
import os
import signal
import threading
import time
from textwrap import indent

import psutil
import pytest

from contributions.audio import containment, decoder
from contributions.audio import decode as decoding
from contributions.audio.decode import DecodingFailed, Reason, Undecodable, decode
from contributions.audio.decoder import Decoder

from .sounds import SOUNDS

LONGEST_SECONDS = 20
CLIP = SOUNDS / "polish-fear.wav"
REACHES = {  # what a taken-over decoder would do
    "open a file": "open('/etc/hostname')",
    "make a file": "os.open('/tmp/otto', os.O_CREAT | os.O_WRONLY)",
    "look for a file": "os.stat('/etc/hostname')",
    "list a folder": "os.listdir('/')",
    "remove a file": "os.unlink('/tmp/otto')",
    "make a socket": "socket.socket()",
    "call its parent": "socket.socketpair()",
    "make a pipe": "os.pipe()",
    "become another program": "os.execv('/bin/true', ['true'])",
    "kill its parent": "os.kill(os.getppid(), 9)",
    "read its parent": "os.preadv(os.pidfd_open(os.getppid()), [bytearray(8)], 0)",
    "change its limits": "resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))",
    "run what it wrote": "mmap.mmap(-1, 4096, prot=mmap.PROT_EXEC | mmap.PROT_WRITE)",
}


# What a kernel may lack.
NO_NAMESPACES = "decoding_child.containment.leave_the_network = lambda: False"
NO_FILTER = "decoding_child.containment.CallFilter.close = lambda *_, **__: False"


@pytest.fixture
def stand_in(monkeypatch):
    """Puts these lines in the place of the decoder's work, inside all its walls, or earlier, in its rehearsal."""

    def put(lines: str, *, early: str = "pass", before: str = "pass") -> None:
        parts = [
            decoder.LOAD,
            "import ctypes, mmap, os, resource, socket, threading, time",
            "from contributions.audio.decoding_child import Refused",
            before,
            f"def early():\n{indent(early, '    ')}",
            f"def late(*_):\n{indent(lines, '    ')}",
            "decoding_child.container_of = lambda _: 'wav'",
            "decoding_child.rehearse, decoding_child._decode = early, late",
            "decoding_child.main()",
        ]
        monkeypatch.setattr(decoder, "PROGRAM", "\n".join(parts))

    return put


@pytest.fixture
def fresh():
    """A decoder of this test's own."""
    with Decoder() as made:
        yield made


def refusal(fresh: Decoder) -> Undecodable:
    with pytest.raises(Undecodable) as refused:
        decode(CLIP, longest_seconds=LONGEST_SECONDS, decoder=fresh)
    return refused.value


def decodes(fresh: Decoder) -> bool:
    return decode(CLIP, longest_seconds=LONGEST_SECONDS, decoder=fresh).duration_seconds > 0.5


def warm(fresh: Decoder) -> psutil.Process:
    """The warm process of a decoder that has decoded something."""
    return psutil.Process(fresh._warm.end.peek()[2][0].pid)


def test_a_decoder_out_of_cpu_time_is_too_costly(monkeypatch, fresh, stand_in):
    monkeypatch.setattr(decoding, "CPU_SECONDS", 1)
    stand_in("while True: pass")

    assert refusal(fresh).reason == Reason.TOO_COSTLY
    assert 0.3 < fresh.last.cpu_seconds < 6  # the limit counts in ticks


def test_a_decoder_out_of_memory_is_too_costly(fresh, stand_in):
    stand_in("bytearray(2 << 30)")

    assert refusal(fresh).reason == Reason.TOO_COSTLY
    assert fresh.last.peak_bytes < decoding.MEMORY_BYTES


def test_a_decoder_cannot_answer_without_end(fresh, stand_in):
    stand_in("block = bytes(1 << 20)\nwhile True: os.write(1, block)")

    with pytest.raises(DecodingFailed, match="too large"):
        decode(CLIP, longest_seconds=LONGEST_SECONDS, decoder=fresh)


def test_a_crash_of_the_decoder_is_the_clips_damage(fresh, stand_in):
    stand_in("ctypes.string_at(0)")

    assert refusal(fresh).reason == Reason.DAMAGED


@pytest.mark.parametrize("reach", REACHES)
def test_a_taken_over_decoder_cannot(fresh, stand_in, reach):
    stand_in(
        f"try: {REACHES[reach]}\n"
        f"except (PermissionError, ValueError): raise Refused('DAMAGED', 'walled in')\n"
        "raise Refused('TOO_COSTLY', 'it got out')"
    )

    assert refusal(fresh).why == "walled in"


@pytest.mark.parametrize("reach", REACHES)
def test_in_the_tests_a_decoder_that_reaches_out_is_ended_and_seen(monkeypatch, fresh, stand_in, reach):
    monkeypatch.setattr(decoding, "KILLS_WHO_REACHES_OUT", True)
    stand_in(REACHES[reach])

    assert "SIGSYS" in refusal(fresh).why


@pytest.mark.parametrize("start", ["os.fork()", "threading.Thread(target=print).start()"])
def test_a_taken_over_decoder_starts_no_process_and_no_thread(fresh, stand_in, start):
    stand_in(f"try: {start}\nexcept (PermissionError, RuntimeError): raise Refused('DAMAGED', 'alone')")

    assert refusal(fresh).why == "alone"


def test_without_the_call_filter_a_taken_over_decoder_still_opens_nothing(fresh, stand_in, caplog):
    decoding._warn_of_missing_walls.cache_clear()
    stand_in(
        "for reach in (lambda: open('/etc/hostname'), os.pipe, socket.socket):\n"
        "    try: reach()\n"
        f"    except OSError as error: assert error.errno == {errno.EMFILE}, error\n"
        "    else: raise Refused('TOO_COSTLY', 'it got out')\n"
        "raise Refused('DAMAGED', 'walled in')",
        before=NO_FILTER,
    )

    assert refusal(fresh).why == "walled in"
    assert "call filter" in caplog.text
    decoding._warn_of_missing_walls.cache_clear()


def test_a_processor_whose_calls_have_unknown_numbers_has_no_filter():
    assert containment.assembled("riscv64", containment.REFUSE) == b""


@pytest.mark.parametrize("machine", containment.ARCHITECTURES)
def test_the_filter_ends_in_no_on_every_processor(machine):
    program = containment.assembled(machine, containment.REFUSE)

    assert program[-8:] == containment.step(containment.RETURN, containment.REFUSE)
    assert len(program) % 8 == 0


def test_a_clips_child_knows_no_secret_and_holds_nothing_but_its_three_files(monkeypatch, fresh, stand_in):
    monkeypatch.setenv("OE_SECRET_KEY", "of the worker")
    stand_in(
        "held = []\n"
        "for number in range(256):\n"
        "    try: os.lseek(number, 0, 1); held.append(number)\n"
        "    except OSError: pass\n"
        "raise Refused('DAMAGED', f'{held} {sorted(set(os.environ) - {\"LC_CTYPE\"})} {threading.active_count()}')"
    )

    assert refusal(fresh).why == "[0, 1, 2] [] 1"


def test_the_warm_process_loads_nothing_of_ours_but_the_walls(fresh, stand_in):
    stand_in(
        "ours = [name for name in sys.modules if name.partition('.')[0] in "
        "('contributions', 'openempathic', 'training', 'django', 'celery', 'numpy', 'torch')]\n"
        "raise Refused('DAMAGED', ' '.join(sorted(ours)))"
    )

    assert refusal(fresh).why.split() == [
        "contributions",
        "contributions.audio",
        "contributions.audio.containment",
        "contributions.audio.decoding_child",
    ]


def test_the_warm_process_has_one_thread_an_empty_environment_and_is_the_first_to_go(fresh):
    assert decodes(fresh)

    process = warm(fresh)
    assert process.num_threads() == 1
    assert set(process.environ()) <= {"LC_CTYPE"}
    with open(f"/proc/{process.pid}/oom_score_adj") as score:
        assert int(score.read()) >= 500


def test_the_library_is_loaded_once_for_many_clips_good_and_bad(monkeypatch, fresh, tmp_path):
    broken = tmp_path / "broken"
    broken.write_bytes(CLIP.read_bytes()[:60])

    assert decodes(fresh)
    loaded = warm(fresh)
    for _ in range(3):
        with pytest.raises(Undecodable):
            decode(broken, longest_seconds=LONGEST_SECONDS, decoder=fresh)
        assert decodes(fresh)

    assert warm(fresh) == loaded
    assert loaded.children() == []


@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGTERM])
def test_a_warm_process_that_was_killed_is_made_again_and_no_clip_fails(fresh, end):
    assert decodes(fresh)
    first = warm(fresh)

    first.send_signal(end)
    first.wait()

    assert decodes(fresh)
    assert warm(fresh) != first


@pytest.mark.parametrize("victim", ["the warm process", "the clip's child"])
def test_what_is_killed_at_work_is_never_held_against_the_clip(fresh, stand_in, victim):
    stand_in("time.sleep(99)")
    killing = threading.Thread(target=kill_at_work, args=(fresh, victim))
    killing.start()

    with pytest.raises(DecodingFailed, match="killed|-9"):
        decode(CLIP, longest_seconds=LONGEST_SECONDS, decoder=fresh)
    killing.join()


def kill_at_work(fresh: Decoder, victim: str) -> None:
    while not (fresh._warm and hasattr(fresh._warm, "end") and warm(fresh).children()):
        time.sleep(0.02)
    found = warm(fresh) if victim == "the warm process" else warm(fresh).children()[0]
    found.kill()


@pytest.mark.parametrize(("line", "fault"), [
    ("raise ImportError('av is gone')", "av is gone"), ("time.sleep(99)", "-9"),
])  # fmt: skip
def test_a_fault_of_ours_is_never_held_against_the_clip(monkeypatch, fresh, stand_in, line, fault):
    monkeypatch.setattr(decoding, "WALL_SECONDS", 3)
    stand_in(line)

    with pytest.raises(DecodingFailed, match=fault):
        decode(CLIP, longest_seconds=LONGEST_SECONDS, decoder=fresh)


def test_a_clip_that_takes_too_long_leaves_no_process_and_the_next_one_decodes(monkeypatch, fresh, stand_in):
    monkeypatch.setattr(decoding, "WALL_SECONDS", 3)
    good = decoder.PROGRAM
    stand_in("time.sleep(99)")
    before = set(psutil.Process().children(recursive=True))

    with pytest.raises(DecodingFailed):
        decode(CLIP, longest_seconds=LONGEST_SECONDS, decoder=fresh)
    left = set(psutil.Process().children(recursive=True)) - before
    monkeypatch.setattr(decoder, "PROGRAM", good)
    monkeypatch.setattr(decoding, "WALL_SECONDS", 45)

    assert left == set()
    assert decodes(fresh)


def test_a_worker_interrupted_at_a_clip_leaves_no_process(fresh, stand_in):
    stand_in("time.sleep(99)")
    before = set(psutil.Process().children(recursive=True))

    def stop(*_):
        raise InterruptedError("the task's own time limit")

    was = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, 1.5)
    with pytest.raises(InterruptedError):
        decode(CLIP, longest_seconds=LONGEST_SECONDS, decoder=fresh)
    signal.signal(signal.SIGALRM, was)

    assert set(psutil.Process().children(recursive=True)) == before


def test_a_crash_before_the_clip_is_read_is_not_the_clips(fresh, stand_in):
    stand_in("pass", early="ctypes.string_at(0)")

    with pytest.raises(DecodingFailed, match="does not start"):
        decode(CLIP, longest_seconds=LONGEST_SECONDS, decoder=fresh)


def test_what_keeps_the_decoder_from_starting_is_said(fresh, stand_in):
    stand_in("pass", early="raise ImportError('no such library')")

    with pytest.raises(DecodingFailed, match="no such library"):
        decode(CLIP, longest_seconds=LONGEST_SECONDS, decoder=fresh)


@pytest.mark.parametrize(("lacks", "warnings"), [
    (NO_NAMESPACES, 0), (NO_FILTER, 0), (f"{NO_NAMESPACES}\n{NO_FILTER}", 1),
])  # fmt: skip
def test_a_decoder_that_could_reach_the_network_is_told_of_once(fresh, stand_in, caplog, lacks, warnings):
    decoding._warn_of_missing_walls.cache_clear()
    stand_in("raise Refused('DAMAGED', '')", before=lacks)

    for _ in range(2):
        refusal(fresh)

    assert caplog.text.count("could reach the network") == warnings
    decoding._warn_of_missing_walls.cache_clear()


def test_the_decoder_dies_with_the_worker_that_asked(tmp_path, stand_in):
    stand_in("time.sleep(99)")
    worker = os.fork()
    if worker == 0:
        with Decoder() as its_own:
            decode(CLIP, longest_seconds=LONGEST_SECONDS, decoder=its_own)
        os._exit(0)
    while len(descendants := psutil.Process(worker).children(recursive=True)) < 2:
        time.sleep(0.02)

    os.kill(worker, signal.SIGKILL)
    os.waitpid(worker, 0)

    assert all(is_gone(each) for each in descendants)


def is_gone(process: psutil.Process) -> bool:
    for _ in range(500):
        try:
            if process.status() == psutil.STATUS_ZOMBIE:
                return True
        except psutil.NoSuchProcess:
            return True
        time.sleep(0.02)
    return False


def test_after_a_fork_each_process_has_a_decoder_of_its_own(fresh):
    assert decodes(fresh)
    first = warm(fresh)

    worker = os.fork()
    if worker == 0:
        os._exit(0 if decodes(fresh) and warm(fresh) != first else 1)
    exit_code = os.waitstatus_to_exitcode(os.waitpid(worker, 0)[1])

    assert exit_code == 0
    assert decodes(fresh)
    assert warm(fresh) == first


def test_each_thread_keeps_a_decoder_and_takes_it_along():
    seen = []

    def work():
        assert decodes(decoder.kept())
        assert decoder.kept() is decoder.kept()
        seen.append(warm(decoder.kept()))

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(set(seen)) == 2
    assert all(is_gone(each) for each in seen)
