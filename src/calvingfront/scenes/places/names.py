"""Names of glaciers in the configuration that no scene has."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from difflib import get_close_matches
from unicodedata import normalize

from calvingfront.errors import ConfigError


def unknown_glaciers(
    key: str, names: Iterable[str], glaciers: Collection[str]
) -> Iterator[ConfigError]:
    """A fault for each of `names`, written below `key`, that is no glacier of the scenes."""
    known = sorted(set(glaciers))
    for name in names:
        if name in known:
            continue
        meant = close_name(str(name), known)
        hint = f"Did you mean {meant}? " if meant else ""
        where, what = f"{key}.{name}", "names no glacier of the scenes"
        yield ConfigError(where, what, f"{hint}Write some of: {', '.join(known)}.")


def check_area_name(glacier: str, areas: Collection[str]) -> None:
    """Check that the area of a glacier is not missed for its case, blanks or accents.

    A glacier without an area is geocoded whole. Raises ConfigError.
    """
    same = {bare_name(area): area for area in areas}
    meant = same.get(bare_name(glacier))
    if glacier and meant and glacier not in areas:
        raise ConfigError(
            f"map.areas.{meant}",
            f"is the area of {meant}, but the glacier is called {glacier}",
            "Write the same name in both places.",
        )


def close_name(name: str, known: Collection[str]) -> str | None:
    """The known name that is most like a name; None if none is."""
    folded = {other.casefold(): other for other in known}
    close = get_close_matches(name.casefold(), list(folded), 1, 0.7)
    return folded[close[0]] if close else None


def bare_name(name: str) -> str:
    """A name without case, accents, blanks and signs."""
    return "".join(c for c in normalize("NFKD", name).casefold() if c.isalnum())
