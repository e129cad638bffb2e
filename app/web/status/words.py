"""The sentences of the page: how a provider stands, why a source counts, how long things take."""

from __future__ import annotations

from app.queries.days.health import ProviderHealth, Standing
from app.queries.days.story import DayStory, SourceOfDay
from app.states import ImportRun

ADVICE = {
    Standing.NOT_CONFIGURED: "It has no key, so nothing is read from it.",
    Standing.NEVER_READ: "It has a key, and nothing has been read yet.",
    Standing.RUNNING: "A run reads it at this moment.",
    Standing.FAILED: "Last sync failed. Figures hold what was read before.",
    Standing.STOPPED: "The newest run was stopped; the figures hold what was read until then.",
    Standing.INTERRUPTED: (
        "The newest run was interrupted, because its process ended; "
        "the figures hold what was read until then."
    ),
    Standing.BEHIND: "No run has worked for more than a day.",
    Standing.SUSPICIOUS: "The newest run worked; days that held usage had come back empty.",
    Standing.GAPS: "The newest run worked, and some days in between were never read.",
    Standing.GOOD: "The newest run worked and every day is there.",
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
            "It counts: the API holds nothing for the day, the imported files do."
            if source.imported
            else "It counts: what the API says goes before imported files."
        )
    return (
        "It does not count: the API holds the day, and nothing is counted twice."
        if source.imported
        else "It does not count: it is empty, and imported files hold the day."
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
    return KINDS.get(kind) or kind.replace(" --force", ", anew")
