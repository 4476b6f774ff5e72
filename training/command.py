"""`clara`, or `python -m training.command`: train, evaluate, embed, predict, export and verify, without a site.

Exit codes: 0 done; 1 it could not be done, and stderr says why in words; 2 the command was not understood; 75 a
training run was asked to stop and can be taken up again. `verify` ends with 1 when a checkpoint is not what it
promises.
"""

from __future__ import annotations

import argparse
import importlib
import os
import sys
import warnings
from collections.abc import Sequence
from pathlib import Path

DONE, FAILED = 0, 1
ACTS = {
    "train": "train a model on a frozen release",
    "evaluate": "measure a model, and the bare tower beside it, on a published corpus",
    "embed": "write the embeddings of sound files",
    "predict": "say which emotions, or which of your own words, fit sound files",
    "export": "write a checkpoint that can travel, with the digest of each of its files",
    "verify": "look whether a checkpoint is whole and reloads to the same model",
}


class Refused(Exception):
    """What was asked for cannot be done; the message says why, in words."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one act and return its exit code; whatever goes wrong in an expected way is one line on stderr."""
    asked = _parser().parse_args(arguments)
    try:
        return _done(asked)
    except KeyboardInterrupt:
        sys.stderr.write("clara: interrupted\n")
        return 130
    except BrokenPipeError:
        # Whoever read the output has enough; Python would complain once more while it ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED
    except Exception as error:
        if not isinstance(error, (*_expected(), OSError, MemoryError)):
            raise
        sys.stderr.write(f"clara: {in_words(error)}\n")
        return FAILED


def in_words(error: Exception) -> str:
    """What an expected error says to a person."""
    if isinstance(error, OSError) and error.filename:
        return f"{error.filename}: {error.strerror}"
    return str(error) or "there is not enough memory"


def _done(asked: argparse.Namespace) -> int:
    # Imported here: torch takes seconds, and `clara --help` none.
    act = importlib.import_module(f"training.commands.{asked.act}")
    with warnings.catch_warnings():
        warnings.showwarning = _told
        done: int = act.run(asked)
    return done


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="clara", description=__doc__.partition("\n\n")[0] if __doc__ else None)
    acts = parser.add_subparsers(dest="act", required=True, metavar="ACT")
    of = {name: acts.add_parser(name, help=told, description=told) for name, told in ACTS.items()}
    _train(of["train"])
    _evaluate(of["evaluate"])
    for name in ("embed", "predict"):
        of[name].add_argument("files", nargs="+", type=Path, metavar="FILE", help="sound files of any usual format")
        _model(of[name])
    of["embed"].add_argument(
        "--out", type=Path, metavar="FILE.npz", help="write `keys` and `embeddings` there as arrays"
    )
    of["predict"].add_argument("--words", nargs="+", metavar="WORDS", help='own words instead, as "a tired voice"')
    of["predict"].add_argument("--json", action="store_true", help="one JSON object a line, every probability in it")
    of["export"].add_argument(
        "model", metavar="MODEL", help="a checkpoint, the folder of a finished run, or an address"
    )
    of["export"].add_argument("--to", type=Path, required=True, metavar="FOLDER", help="a folder that is not there yet")
    of["verify"].add_argument("model", metavar="MODEL", help="a checkpoint, or an address")
    of["verify"].add_argument("--json", action="store_true", help="the findings as JSON")
    return parser


def _train(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("folder", type=Path, metavar="FOLDER", help="a run folder: release/ and plan.json")


def _evaluate(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("corpus", metavar="CORPUS", help="the name of an adapter, as emodb or ravdess")
    parser.add_argument("--root", type=Path, required=True, metavar="DIR", help="where the corpus lies, as published")
    _model(parser)
    parser.add_argument("--bare", action="store_true", help="the bare tower alone, without a model")
    parser.add_argument("--emotions", nargs="+", default=(), metavar="EMOTION", help="only clips of these emotions")
    parser.add_argument(
        "--trained-on",
        nargs="+",
        default=(),
        metavar="CORPUS=DIR",
        help="also a probe trained on these corpora instead",
    )
    parser.add_argument("--cache", type=Path, metavar="DIR", help="keep the packed sound there for another time")
    parser.add_argument("--draws", type=int, default=10_000, help="draws of the bootstrap (10,000)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", action="store_true", help="every figure as JSON instead of the table")
    parser.add_argument("--page", type=Path, metavar="FILE.html", help="write the figures as a page, too")


def _model(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--model",
        metavar="MODEL",
        help="a checkpoint: a folder, the https address of a site's model page, or s3://bucket/prefix; "
        "by default the seed head that ships",
    )
    parser.add_argument("--threads", type=int, default=0, help="torch's threads; 0 is torch's own choice")


def _expected() -> tuple[type[Exception], ...]:
    """What may go wrong without being our mistake; of modules that were not imported nothing can have been raised."""
    named = {
        "training.command": ("Refused",),
        "training.clara": ("CorruptCheckpoint", "NotFetchable"),
        "training.clara.fixed_base": ("WrongBase",),
        "training.corpora": ("NoCorpus",),
        "training.packing": ("Unpackable", "Undecodable"),
        "training.plan": ("UnusablePlan",),
        "training.learner": ("Unlearnable", "Diverged"),
    }
    known = [getattr(sys.modules.get(module), name, None) for module, names in named.items() for name in names]
    return (Refused, *(error for error in known if error))


def _told(message: Warning | str, category: type[Warning], *_where: object, **_more: object) -> None:
    sys.stderr.write(f"clara: {message}\n")


if __name__ == "__main__":
    # Under the name that the acts import, or Refused would be two classes.
    from training import command

    sys.exit(command.main())
