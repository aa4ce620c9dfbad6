"""The chart of docs/benchmarks.md: four panels of bars, as SVG that is readable on light and on dark pages.

A bar is as long as the ratio at its end says. A ratio is a median of ratios within rounds, and the quotient of two
median times is another number: so a time is written for the floor only, as what 1.00 stands for.

The card has a ground of its own and takes its colours from the reader's theme. This module needs nothing but the
standard library, since the test of docs/benchmarks.md runs it.
"""

from __future__ import annotations

from typing import Any
from xml.sax.saxutils import escape

PANELS: tuple[tuple[str, str, str, float], ...] = (
    ("Cold start: CPU time to the first answer", "cold/cpu", "ms", 1e3),
    ("One request: CPU time", "request/cpu", "ms", 1e3),
    ("One chunk of a stream: CPU time", "stream/over HTTP", "µs", 1e6),
    ("Peak memory after one request", "cold/memory", "MB", 1e-6),
)
#: What is shown of each panel, in this order.
NAMES = ("floor", "this client", "boto3", "OpenAI SDK")

PANEL_WIDTH, PANEL_HEIGHT, MARGIN = 400, 172, 24
LABELS, LONGEST_BAR, BAR, STEP = 88, 176, 18, 28
WIDTH, HEIGHT = 2 * PANEL_WIDTH + 2 * MARGIN, 2 * PANEL_HEIGHT + 2 * MARGIN + 22

STYLE = """
  .card { fill: #ffffff; stroke: #d0d7de; }
  text { font: 13px system-ui, -apple-system, "Segoe UI", Helvetica, Arial, sans-serif; fill: #1f2328; }
  .title { font-weight: 600; }
  .quiet { fill: #59636e; }
  .bar { fill: #afb8c1; }
  .ours { fill: #0969da; }
  @media (prefers-color-scheme: dark) {
    .card { fill: #0d1117; stroke: #3d444d; }
    text { fill: #f0f6fc; }
    .quiet { fill: #9198a1; }
    .bar { fill: #4d5661; }
    .ours { fill: #4493f8; }
  }
"""


def svg(results: dict[str, Any]) -> str:
    """Return the chart of `results`."""
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{HEIGHT}" viewBox="0 0 {WIDTH} {HEIGHT}" '
        'role="img" aria-label="CPU time and memory of four clients; the figures stand in the tables of the page">',
        f"<style>{STYLE}</style>",
        f'<rect class="card" x="0.5" y="0.5" width="{WIDTH - 1}" height="{HEIGHT - 1}" rx="8"/>',
    ]
    for number, (title, path, unit, scale) in enumerate(PANELS):
        x, y = MARGIN + number % 2 * PANEL_WIDTH, MARGIN + number // 2 * PANEL_HEIGHT
        first, second = path.split("/")
        found = results[first][second]
        parts += _panel(x, y, title, found, f"{figures(found['floor']['median'] * scale)} {unit}")
    shorter = "Shorter is better. 1.00 is the floor: the least code that does the work."
    parts += [_text(MARGIN, HEIGHT - 18, shorter, "quiet"), "</svg>"]
    return "\n".join(parts) + "\n"


def figures(value: float) -> str:
    """Return a number to three figures, or to whole ones."""
    return f"{value:.0f}" if value >= 100 else f"{value:.3g}"


def _panel(x: int, y: int, title: str, found: dict[str, Any], unit: str) -> list[str]:
    """Return a panel; `unit` says what a ratio of 1.00 is."""
    parts = [_text(x, y + 12, title, "title")]
    ratios = {name: round(found[name]["ratio"]["median"], 2) for name in NAMES if name in found}
    longest = max(ratios.values())
    for row, name in enumerate(NAMES):
        top = y + 28 + row * STEP
        middle = top + BAR - 5
        parts.append(_text(x, middle, name))
        left = x + LABELS
        if name not in ratios:
            parts.append(_text(left, middle, "not measured: it has another protocol", "quiet"))
            continue
        width = ratios[name] / longest * LONGEST_BAR
        kind = "bar ours" if name == "this client" else "bar"
        parts.append(f'<rect class="{kind}" x="{left}" y="{top}" width="{width:.1f}" height="{BAR}" rx="2"/>')
        shown = f"{ratios[name]:.2f}" + (f" = {unit}" if name == "floor" else "")
        parts.append(_text(left + round(width) + 8, middle, shown))
    return parts


def _text(x: int, y: int, text: str, kind: str = "") -> str:
    named = f' class="{kind}"' if kind else ""
    return f'<text{named} x="{x}" y="{y}">{escape(text)}</text>'
