"""The version of the data, by which caches know what they hold still holds."""

from __future__ import annotations

from app.models import DayVersion, Meta


def bump_data_version(day: int | None = None) -> None:
    """Tell every cache that the data changed: only of `day` (YYYYMMDD), or of any day.

    Part of the writing transaction. "Only of a day" is said of usage and its rollups; whoever
    makes or changes people, teams, names or mappings changes what every day shows, and what is
    remembered of `NO_DAY`.
    """
    Meta.update(data_version=Meta.data_version + 1).execute()
    version = Meta.select(Meta.data_version)
    if day is None:
        Meta.update(overall_version=Meta.data_version).execute()
        return
    DayVersion.insert(day=day, version=version).on_conflict(
        conflict_target=[DayVersion.day], update={DayVersion.version: version}
    ).execute()
