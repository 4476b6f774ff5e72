"""What a web process does to the disk and when it answers, in order: seen by the kernel, or else by Python itself.

`strace` sees everything, SQLite's own syncs too. Where no process may be traced (a container without ptrace), the
process tells of itself: `sitecustomize` wraps the calls of Python, and SQLite's sync is inferred from its commit and
from what the connection says of `synchronous`.
"""

import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

CALLS = "openat,fsync,fdatasync,rename,renameat,renameat2,link,linkat,sendto,sendmsg,write"
LINE = re.compile(r"^(\d+) +(?:<\.\.\. (\w+) resumed>|(\w+)\()(.*)$")
SITECUSTOMIZE = """
import os, socket, sqlite3

LOG = os.open(os.environ["OE_TOLD"], os.O_CREAT | os.O_APPEND | os.O_WRONLY)


def path_of(descriptor):
    return os.readlink(f"/proc/self/fd/{descriptor}")


def told(what, act, about=lambda words: words[-1]):
    def tells(*words, **options):
        begun = about(words)
        done = act(*words, **options)
        os.write(LOG, f"{what} {begun}\\n".encode())
        return done
    return tells


os.fsync = told("fsync", os.fsync, lambda words: path_of(words[0]))
os.link = told("link", os.link)
os.replace = told("rename", os.replace)


class Connection(sqlite3.Connection):
    def commit(self):
        super().commit()
        mode = super().execute("PRAGMA journal_mode").fetchone()[0]
        if mode == "wal" and super().execute("PRAGMA synchronous").fetchone()[0] == 2:
            os.write(LOG, b"fsync site.sqlite3-wal\\n")


connect = sqlite3.connect
ours = {"factory": Connection}
sqlite3.connect = sqlite3.dbapi2.connect = lambda *words, **options: connect(*words, **ours | options)


class Socket(socket.socket):
    def sendall(self, piece, *more):
        if bytes(piece[:5]) == b"HTTP/":
            os.write(LOG, b"send " + bytes(piece).split(b"\\r\\n")[0] + b"\\n")
        return super().sendall(piece, *more)


accept = socket.socket.accept


def accepted(self):
    connection, address = accept(self)
    return Socket(connection.family, connection.type, connection.proto, fileno=connection.detach()), address


socket.socket.accept = accepted
"""


@dataclass(frozen=True)
class Act:
    """One call: what, about which path or words, and where in the log it began and had ended."""

    what: str
    about: str
    began: int
    ended: int


def may_trace() -> bool:
    """Whether strace is here and the kernel lets it look at a process."""
    if not shutil.which("strace"):
        return False
    return subprocess.run(["strace", "-o", "/dev/null", "true"], capture_output=True, check=False).returncode == 0


def traced(command: list[str], log: Path) -> list[str]:
    """The command, with everything that it does to the disk and says to clients written into the log."""
    return ["strace", "-f", "-y", "-s", "40", "-e", f"trace={CALLS}", "--seccomp-bpf", "-o", str(log), *command]


def telling(folder: Path, log: Path, python_path: str) -> dict[str, str]:
    """The environment in which a process of ours tells of itself."""
    folder.mkdir()
    (folder / "sitecustomize.py").write_text(SITECUSTOMIZE)
    return {"PYTHONPATH": f"{folder}:{python_path}", "OE_TOLD": str(log)}


def acts_of(log: Path) -> list[Act]:
    """Everything in the log, in the order in which it ended."""
    lines = log.read_text(errors="replace").splitlines()
    return acts_seen(lines) if any(LINE.match(line) for line in lines) else acts_told(lines)


def acts_told(lines: list[str]) -> list[Act]:
    """What the process told of itself, each when it was done; an answer before it is given."""
    return [Act(*line.split(" ", 1), began=number, ended=number) for number, line in enumerate(lines)]


def acts_seen(lines: list[str]) -> list[Act]:
    """What strace saw: a call that another thread interrupted begins in one line and ends in another."""
    acts, under_way = [], {}
    for number, line in enumerate(lines):
        if not (found := LINE.match(line)):
            continue
        process, resumed, called, rest = found.groups()
        if called and rest.endswith("<unfinished ...>"):
            under_way[process] = (number, rest)
            continue
        began, about = under_way.pop(process, (number, rest)) if resumed else (number, rest)
        if "= -1 " not in rest:
            acts.append(Act(resumed or called, about, began, number))
    return acts
