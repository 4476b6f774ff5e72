"""Several processes that learn together learn what one would have learnt alone.

Processes are forked, which spares each the seconds that importing torch takes, and told who they are as torchrun tells.
"""

import multiprocessing
import os
import signal
import socket
import time

import pytest
import torch

from tests.training.test_fit import PLAN, run_folder, told
from training import fit as fitting
from training import packing, parallel, resumption
from training.clara import Clara
from training.fit import RESUME_ME
from training.learner import Learner
from training.plan import FitPlan

FORK = multiprocessing.get_context("fork")
STILL = PLAN | {"augment": False, "steps": 6, "warmup_steps": 2, "steps_per_state": 2, "steps_per_progress": 2}


def free_port():
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        return listening.getsockname()[1]


def started(count, work):
    """So many processes that each do the work with their team and send back what it returns."""
    port, processes = free_port(), []
    for rank in range(count):
        here, there = FORK.Pipe(duplex=False)
        processes.append((FORK.Process(target=_done, args=(rank, count, port, work, there)), here))
        processes[-1][0].start()
        there.close()
    return processes


def _done(rank, count, port, work, pipe):
    told = {"RANK": rank, "LOCAL_RANK": rank, "WORLD_SIZE": count, "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port}
    os.environ.update({name: str(value) for name, value in told.items()})
    torch.set_num_threads(1)
    pipe.send(work())


def answers(processes):
    found = [pipe.recv() for _, pipe in processes]
    for process, _ in processes:
        process.join()
    return found


@pytest.fixture(scope="module")
def packed(tmp_path_factory):
    return packing.pack(
        run_folder(tmp_path_factory.mktemp("run")) / "release", tmp_path_factory.mktemp("it") / "packed"
    )


def learnt(packed, *, steps=3, **wanted):
    """The losses of some steps, and the weights after them."""
    plan = FitPlan.of(STILL | wanted)
    with parallel.joined() as team:
        learner = Learner(packed, fitting.trainable(packed, plan), plan, device=torch.device("cpu"), team=team)
        losses = [learner.step() for _ in range(steps)]
        return losses, {name: weight.numpy() for name, weight in learner.model.state_dict().items()}


def test_rows_are_gathered_in_order_and_each_gets_back_the_gradient_that_is_its_own():
    sizes, numbers = [2, 0, 1], torch.arange(6.0).reshape(3, 2)

    def work():
        with parallel.joined() as team:
            start = sum(sizes[: team.rank])
            own = numbers[start : start + sizes[team.rank]].clone().requires_grad_()
            every = team.gathered(own, sizes)
            (every**2).sum().backward()
            return every.tolist(), own.grad.tolist(), team.exchanged({"rank": team.rank}), team.any(team.rank == 2)

    heard = answers(started(3, work))

    for rank, (every, gradient, exchanged, is_any) in enumerate(heard):
        start = sum(sizes[:rank])
        assert every == numbers.tolist()
        # What the mean over three processes will divide by is multiplied in.
        assert gradient == (3 * 2 * numbers[start : start + sizes[rank]]).tolist()
        assert exchanged == [{"rank": 0}, {"rank": 1}, {"rank": 2}]
        assert is_any


@pytest.mark.parametrize("batch_seconds", [9, 0.7])
def test_two_processes_learn_what_one_learns(packed, batch_seconds):
    """Of batches of odd numbers of clips, and of one clip, of which the second process has none."""
    losses, expected = learnt(packed, batch_seconds=batch_seconds)

    for told_losses, found in answers(started(2, lambda: learnt(packed, batch_seconds=batch_seconds))):
        assert told_losses == pytest.approx(losses, abs=1e-4)
        for name, weight in expected.items():
            if name.endswith("pool.score.bias"):
                # A softmax does not notice it: its gradient is rounding, which Adam makes as large as any other.
                continue
            assert found[name] == pytest.approx(weight, abs=1e-4), name


def test_a_run_of_two_processes_told_to_end_keeps_one_whole_state_and_one_process_finishes_it(tmp_path):
    folder = run_folder(tmp_path, STILL | {"steps": 24})
    processes = started(2, lambda: fitting.main(["--folder", str(folder)]))
    while not list((folder / "state").glob("*.pt")):
        time.sleep(0.01)
    # The one that does not lead is told, and tells the other.
    os.kill(processes[1][0].pid, signal.SIGTERM)

    assert answers(processes) == [RESUME_ME] * 2
    stopped_at = resumption.newest(folder / "state")["steps_done"]
    assert 0 < stopped_at < 24
    assert fitting.main(["--folder", str(folder)]) == 0
    assert {"step": stopped_at, "resumed": True}.items() <= [t for t in told(folder) if "resumed" in t][-1].items()
    assert [line["step"] for line in told(folder) if "loss" in line] == list(range(2, 25, 2))
    assert Clara.load(folder / "export")
