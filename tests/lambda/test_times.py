"""How long cold starts and further invocations take on this machine: medians of 5 and 50.

This module prints figures and judges none.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from statistics import median

from bedrock_openai_http.testing import LocalEndpoint
from function import Function, keys, settings

COLD = 5
WARM = 50
QUESTION = {"question": "Why is the sky blue?"}


def measure(name: str, task: Path, endpoint: LocalEndpoint, runtime: Path | None = None) -> str:
    """Return a line with the medians of cold starts, and of warm invocations of the last one."""
    starts, firsts, warm = [], [], []
    for _ in range(COLD):
        with Function(task, {**settings(endpoint), **keys(endpoint)}, runtime=runtime) as function:
            starts.append(function.initialise())
            firsts.append(function.invoke(QUESTION).seconds)
            if len(starts) == COLD:
                warm = [function.invoke(QUESTION).seconds for _ in range(WARM)]
            memory = function.peak_memory
    assert len(endpoint.requests) >= COLD + WARM
    init, first, again = (f"{median(times) * 1000:6.0f} ms" for times in (starts, firsts, warm))
    return f"  {name:36} init {init}   first call {first}   next calls {again}   memory {memory / 1e6:4.0f} MB"


def test_times_with_a_botocore_of_its_own(
    own: Path, endpoint: LocalEndpoint, tmp_path: Path, figures: list[str]
) -> None:
    """Cold starts of the bundle as it is, without its bytecode, and with libraries loaded by the first call."""
    figures.append(measure("own botocore", own, endpoint))
    plain = tmp_path / "plain"
    shutil.copytree(own, plain, ignore=shutil.ignore_patterns("__pycache__"))
    figures.append(measure("own botocore, no bytecode", plain, endpoint))
    late = Path(shutil.copytree(own, tmp_path / "late"))
    lines = (own / "handler.py").read_text().splitlines()
    (late / "handler.py").write_text("\n".join(line for line in lines if "# noqa: F401" not in line))
    figures.append(measure("own botocore, loaded late", late, endpoint))


def test_times_beside_the_botocore_of_the_runtime(
    bare: Path, runtime: Path, endpoint: LocalEndpoint, figures: list[str]
) -> None:
    """Cold starts with what stands for the runtime's botocore, bytecode included."""
    (urllib3,) = (path.name.removesuffix(".dist-info") for path in runtime.glob("urllib3-*.dist-info"))
    figures.append(measure(f"runtime's botocore, {urllib3}", bare, endpoint, runtime))
