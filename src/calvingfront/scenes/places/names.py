"""Names of glaciers in the configuration that no scene has."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from difflib import get_close_matches

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


def close_name(name: str, known: Collection[str]) -> str | None:
    """The known name that is most like a name; None if none is."""
    folded = {other.casefold(): other for other in known}
    close = get_close_matches(name.casefold(), list(folded), 1, 0.7)
    return folded[close[0]] if close else None
