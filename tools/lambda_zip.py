"""Builds the zip file of an AWS Lambda function: this package, all that it needs there, and a handler.

    python tools/lambda_zip.py --python 3.13 --platform x86_64 --botocore own --with testing

Wheels are chosen for the function's Python and processor, not for those of this machine. The same wheels give the
same bytes: names are sorted, times fixed. Without a Python of the function's version on this machine the bundle has
no bytecode, and Lambda then compiles every module again at each cold start.

This module leaves files out and changes none.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections import defaultdict
from collections.abc import Collection, Iterator
from fnmatch import fnmatch
from pathlib import Path, PurePosixPath

ROOT = Path(__file__).resolve().parents[1]

#: The versions that this package runs on (setup.cfg) and Lambda has runtimes of.
PYTHONS = ("3.10", "3.11", "3.12", "3.13")

#: What a bundle may weigh, in bytes, by where botocore comes from, and what a part with its libraries may add.
LIMITS = {"own": 8_000_000, "runtime": 3_000_000}
MORE = {"async": 5_000_000}

#: The processors by the names of Lambda and of wheels.
PLATFORMS = {"x86_64": "x86_64", "aarch64": "aarch64", "arm64": "aarch64"}

#: What Lambda's Python runtimes have themselves: boto3 and all that it needs. A bundle should hold all of it or none
#: (AWS Lambda developer guide, "Runtime dependencies in Python"): beside an older urllib3 of the bundle, say, the
#: runtime's botocore might stop working on the day that AWS updates it.
RUNTIME = frozenset(("botocore", "dateutil", "jmespath", "python_dateutil", "six", "six.py", "urllib3"))

#: The services whose models botocore's credential chain reads. `login` is not among them: it needs awscrt.
CREDENTIAL_SERVICES = frozenset(("sts", "sso", "sso-oidc"))

PACKAGE = "bedrock_openai_http"

#: Parts of this package that a call by `Client` does not need, and the files of each. They are left out unless they
#: are asked for; a part that is an extra of the package too (setup.cfg) then brings the libraries of that.
PARTS = {
    "async": ("transport/aio/*", "clients/async_*"),
    "answers": (
        "structured/*",
        "tools/*",
        "values/kinds/*",
        "values/parsed.py",
        "values/tool_run.py",
        "validation/instance*.py",
        "validation/nearest.py",
        "call/deadline.py",
        "clients/*typed_answers.py",
        "clients/*tool_runs.py",
        "conversation.py",
        "values/saved_conversation.py",
    ),
    "cli": ("cli/*", "__main__.py"),
    "testing": ("testing/*",),
    "batch": ("batch/*",),
    "telemetry": ("telemetry.py",),
}
EXTRAS = ("async",)

#: Not part of the sources of this package.
LEFTOVERS = shutil.ignore_patterns(".*", "build", "dist", "*.egg-info", "__pycache__")


def belongs(name: str, botocore: str, kept: Collection[str] = ()) -> bool:
    """Tell whether an installed file, given by its path in the folder of packages, goes into the bundle.

    `kept` names those of PARTS that do.
    """
    path = PurePosixPath(name)
    top = path.parts[0]
    if part_of(path) in set(PARTS).difference(kept):
        return False
    if botocore == "runtime" and top.partition("-")[0] in RUNTIME:
        return False
    if top == "bin" or "tests" in path.parts[:-1] or path.suffix in (".pyc", ".pyi"):
        return False
    if top.endswith(".dist-info"):
        # Names, versions and licences: scanners for known flaws read them, `importlib.metadata` does too.
        return path.name == "METADATA" or "licenses" in path.parts or path.name.startswith(("LICENSE", "NOTICE"))
    if path.parts[:2] == ("botocore", "data") and len(path.parts) > 3:
        return path.parts[2] in CREDENTIAL_SERVICES
    return True


def part_of(path: PurePosixPath) -> str | None:
    """Return the part of this package that a file is in; None if it is in none, or another's."""
    if path.parts[0] != PACKAGE:
        return None
    name = "/".join(path.parts[1:])
    return next((part for part, files in PARTS.items() if any(fnmatch(name, each) for each in files)), None)


def select(installed: Path, task: Path, botocore: str, kept: Collection[str] = ()) -> None:
    """Copy from the folder `installed` into the folder `task` what belongs into the bundle."""
    for name, path in files_in(installed):
        if belongs(name, botocore, kept):
            (task / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, task / name)


def install(folder: Path, python: str, platform: str, kept: Collection[str]) -> None:
    """Install this package and what it needs into `folder`, as wheels for a Python version and a processor."""
    extras = ",".join(name for name in EXTRAS if name in kept)
    with tempfile.TemporaryDirectory() as scratch:
        source = Path(scratch) / "source"
        # A copy, since building leaves files behind.
        shutil.copytree(ROOT, source, ignore=LEFTOVERS)
        target = ["--target", str(folder), "--python-version", python, "--implementation", "cp"]
        tags = [f"--platform={tag}_{platform}" for tag in ("manylinux2014", "manylinux_2_17")]
        options = ["--quiet", "--no-compile", "--only-binary=:all:", *target, *tags]
        asked = f"{source}[{extras}]" if extras else str(source)
        done = subprocess.run([sys.executable, "-m", "pip", "install", *options, asked], check=False)
        if done.returncode:
            sys.exit(f"pip found no wheels for Python {python} on {platform}, or had no network: see above")


def find_python(version: str) -> str | None:
    """Return the path of a Python of `version` on this machine, such as "3.13"; None if there is none."""
    pyenv = sorted(Path.home().glob(f".pyenv/versions/{version}.*/bin/python"))
    for candidate in (sys.executable, shutil.which(f"python{version}"), *map(str, pyenv)):
        if candidate is not None:
            command = [candidate, "-c", "import sys; print('%d.%d' % sys.version_info[:2])"]
            asked = subprocess.run(command, capture_output=True, text=True, check=False)
            if asked.stdout.strip() == version:
                return candidate
    return None


def compile_bytecode(folder: Path, python: str) -> None:
    """Compile each module of `folder` for the place where Lambda unpacks it, /var/task."""
    # Valid by the source's hash, not by its time, which a zip does not keep: who edits a module gets what it says.
    options = ["-q", "--invalidation-mode", "checked-hash", "-s", str(folder), "-p", "/var/task"]
    environment = {**os.environ, "PYTHONHASHSEED": "0"}
    subprocess.run([python, "-m", "compileall", *options, folder], check=True, env=environment)


def files_in(folder: Path) -> Iterator[tuple[str, Path]]:
    """Yield each file of `folder` with its name in it, sorted by name."""
    yield from sorted((path.relative_to(folder).as_posix(), path) for path in folder.rglob("*") if path.is_file())


def write_zip(folder: Path, bundle: Path) -> None:
    """Write the files of `folder` into `bundle`: the same files give the same bytes."""
    with zipfile.ZipFile(bundle, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name, path in files_in(folder):
            entry = zipfile.ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0))
            entry.create_system = 3  # Unix: Lambda applies the permissions
            entry.external_attr = (0o755 if path.suffix == ".so" else 0o644) << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, path.read_bytes())


def build(
    bundle: Path, *, python: str, platform: str, botocore: str, handler: Path | None, kept: Collection[str]
) -> bool:
    """Write the bundle, and tell whether it has bytecode. `botocore` is "own", or "runtime" to leave it out."""
    with tempfile.TemporaryDirectory() as scratch:
        installed, task = Path(scratch) / "installed", Path(scratch) / "task"
        install(installed, python, PLATFORMS[platform], kept)
        select(installed, task, botocore, kept)
        if handler is not None:
            shutil.copy(handler, task / "handler.py")
        interpreter = find_python(python)
        if interpreter is not None:
            compile_bytecode(task, interpreter)
        bundle.parent.mkdir(parents=True, exist_ok=True)
        write_zip(task, bundle)
    return interpreter is not None


def carried(bundle: Path, top: str = PACKAGE) -> int:
    """Return the bytes that a top-level folder takes in `bundle`, as they are in it."""
    with zipfile.ZipFile(bundle) as archive:
        return sum(it.compress_size for it in archive.infolist() if it.filename.startswith(f"{top}/"))


def contents(bundle: Path) -> str:
    """Return a table of what is in `bundle`, the heaviest first, and the versions of it."""
    zipped: dict[str, int] = defaultdict(int)
    unpacked: dict[str, int] = defaultdict(int)
    versions = []
    with zipfile.ZipFile(bundle) as archive:
        for entry in archive.infolist():
            top, _, rest = entry.filename.partition("/")
            if top.endswith(".dist-info"):
                versions += [top.removesuffix(".dist-info")] if rest == "METADATA" else []
                top = "names, versions, licences"
            elif top == "__pycache__":
                top = rest.partition(".")[0] + ".py"
            zipped[top] += entry.compress_size
            unpacked[top] += entry.file_size
    lines = [
        f"  {name:28}{zipped[name] / 1000:8.0f} kB{unpacked[name] / 1000:8.0f} kB unpacked"
        for name in sorted(zipped, key=lambda name: -zipped[name])
    ]
    return "\n".join([*lines, "  " + ", ".join(versions).replace("-", " ")])


def parts(text: str) -> list[str]:
    """Return the names in `text`, with commas or spaces between them, each one of PARTS. Raises ArgumentTypeError."""
    names = text.replace(",", " ").split()
    unknown = sorted(set(names).difference(PARTS))
    if unknown:
        raise argparse.ArgumentTypeError(f"there is no part {', '.join(unknown)}; there is {', '.join(left_out(()))}")
    return names


def left_out(kept: Collection[str]) -> list[str]:
    """Return those of PARTS that the package has and the bundle has not."""
    folder = ROOT / PACKAGE
    present = [name for name, files in PARTS.items() if any(True for each in files for _ in folder.glob(each))]
    return [name for name in present if name not in kept]


def options() -> argparse.Namespace:
    """Return what the command line asks for."""
    parser = argparse.ArgumentParser(description="Builds the zip file of an AWS Lambda function.")
    parser.add_argument("--python", default="3.13", choices=PYTHONS, help="version of the function's runtime")
    parser.add_argument("--platform", default="x86_64", choices=PLATFORMS, help="architecture of the function")
    parser.add_argument("--botocore", default="own", choices=LIMITS, help="own: bundled; runtime: that of Lambda")
    parser.add_argument("--handler", default="", help="a Python file, bundled as handler.py")
    parser.add_argument(
        "--with",
        dest="kept",
        default=[],
        type=parts,
        help=f"what to keep of {', '.join(left_out(()))} (default: nothing)",
    )
    parser.add_argument("--output", type=Path, help="the file to write (default: in dist/)")
    asked = parser.parse_args()
    asked.handler = Path(asked.handler) if asked.handler else None
    if asked.handler is not None and not asked.handler.is_file():
        parser.error(f"there is no file {asked.handler}")
    return asked


def main() -> None:
    """Build what the command line asks for, print what is in it, and fail if it is too large."""
    asked = options()
    default = ROOT / "dist" / f"lambda-python{asked.python}-{asked.platform}-{asked.botocore}-botocore.zip"
    bundle = asked.output or default
    compiled = build(
        bundle,
        python=asked.python,
        platform=asked.platform,
        botocore=asked.botocore,
        handler=asked.handler,
        kept=asked.kept,
    )
    size, limit = bundle.stat().st_size, LIMITS[asked.botocore] + sum(MORE.get(name, 0) for name in asked.kept)
    print(f"{os.path.relpath(bundle)}: {size / 1e6:.2f} MB, of at most {limit / 1e6:.0f} MB")
    print(contents(bundle))
    if left := left_out(asked.kept):
        print(f"  left out of {PACKAGE}: {', '.join(left)} (kept by WITH={','.join(left)})")
    if not compiled:
        print(f"  no bytecode: Python {asked.python} is not on this machine, so cold starts will take longer")
    if size > limit:
        sys.exit(f"{bundle.name} is larger than its limit")


if __name__ == "__main__":
    main()
