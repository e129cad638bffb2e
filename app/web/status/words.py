"""The sentences of the page: how a provider stands, why a source counts, how long things take."""

from __future__ import annotations

from app.queries.days.health import ProviderHealth, Standing
from app.queries.days.story import DayStory, SourceOfDay
from app.runs import ANEW
from app.states import ImportRun

ADVICE = {
    Standing.NOT_CONFIGURED: "No key, so nothing is read.",
    Standing.NEVER_READ: "No data yet.",
    Standing.RUNNING: "A sync is reading it.",
    Standing.FAILED: "Last sync failed. Figures hold what was read before.",
    Standing.STOPPED: "Last sync was stopped. Figures hold what was read until then.",
    Standing.INTERRUPTED: "Last sync's process ended. Figures hold what was read until then.",
    Standing.BEHIND: "No sync has worked for more than a day.",
    Standing.SUSPICIOUS: "Last sync worked; days that held usage had come back empty.",
    Standing.GAPS: "Last sync worked; some days in between were never read.",
    Standing.GOOD: "Last sync worked, every day is there.",
}

KINDS: dict[str, str] = {
    ImportRun.UNDO: "import undone",
    ImportRun.MOVE: "import moved",
}
"""What runs are called whose stored kind does not read well."""


def standing_sentence(health: ProviderHealth) -> str:
    """How a provider stands."""
    return ADVICE[health.standing]


def why_it_counts(source: SourceOfDay, story: DayStory) -> str:
    """Why a source of a day counts, or why it does not."""
    others = [one for one in story.sources if one.organization == source.organization]
    if len(others) == 1:
        return "Only source for this day."
    if source.counts:
        return (
            "Counts: only the imported files hold this day."
            if source.imported
            else "Counts: the API goes before imported files."
        )
    return (
        "Not counted: the API holds this day."
        if source.imported
        else "Not counted: empty, and imported files hold this day."
    )


def duration(seconds: int | None) -> str:
    """A length of time: "4 s", "2 min 5 s", "1 h 12 min"; an unknown one is a dash."""
    if seconds is None:
        return "\u2014"
    if seconds < 60:
        return f"{seconds} s"
    minutes, rest = divmod(seconds, 60)
    if minutes < 60:
        return f"{minutes} min {rest} s"
    return f"{minutes // 60} h {minutes % 60} min"


def on_page(sentence: str) -> str:
    """A sentence of the log for readers of the page: what it names of the command line is here
    too."""
    return sentence.replace("--allow-empty", "--allow-empty or the checkbox on the day's page")


def run_kind(kind: str) -> str:
    """What a run is called on screen."""
    return KINDS.get(kind) or kind.replace(ANEW, ", started over")
