"""The end of a release's record: its numbers over time, its pictures, its journal, and its report as one page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from greenramp.clients.estimateplots import estimates_figure
from greenramp.clients.journal import as_text
from greenramp.clients.plots import release_figure
from greenramp.clients.reportpage import png_of, report_page
from greenramp.reporting import Account
from greenramp.reporting.markdown import as_markdown
from greenramp.reporting.points import points
from greenramp.reporting.telling import Told

if TYPE_CHECKING:
    from greenramp.clients.releaserecord import ReleaseRecord

SHADOW_PICTURE = "shadow/shadow.png"
_MOST_NOTE = 4900  # characters of the tag that MLflow shows as a run's description


def write_report(
    record: ReleaseRecord,
    account: Account,
    told: Told,
    lines: Sequence[Mapping[str, Any]],
    config: str,
    links: Mapping[str, str],
) -> None:
    """Write all of it; raises Unreachable when MLflow does not take it. Safe to repeat.

    lines: the whole journal. config: the pinned configuration as text. links: addresses by what is there.
    """
    record.points(points(lines))
    record.text("journal.jsonl", as_text(lines))
    for name, text in suite_texts(lines).items():
        record.text(name, text)
    drawn = {"Traffic, and what each gate measured": png_of(release_figure(lines, told.title))}
    record.file("release.png", next(iter(drawn.values())))
    if (estimates := estimates_figure(lines, f"{told.title}: estimates")) is not None:
        drawn["Each gate's estimate between its bounds"] = png_of(estimates)
        record.file("estimates.png", drawn["Each gate's estimate between its bounds"])
    if (shadow := record.picture(SHADOW_PICTURE)) is not None:
        drawn["Shadow: both versions' answers to the same requests"] = shadow
    record.text("report.html", report_page(told, drawn, links, config, well=account.well))
    record.tag({"mlflow.note.content": as_markdown(told, links)[:_MOST_NOTE]})


def suite_texts(lines: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """What each gate's suite found, step by step, as a file's name and text."""
    texts: dict[str, str] = {}
    for line in lines:
        if line["event"] == "expectations":
            name = f"expectations-{line['gate']}.md"
            texts[name] = texts.get(name, "") + f"## {line['where']}\n\n{line['text']}\n"
    return texts
