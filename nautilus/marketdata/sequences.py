"""Which messages of a stream are new: by number where it has one, else by time and content."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable

__all__ = ["ContentWindow", "SequenceWindow"]


class SequenceWindow:
    """Numbers of one stream, in bounded memory: the last one, and those missing behind it.

    Parameters
    ----------
    window : int
        Missing numbers that may still arrive; what is further back than that is lost for good.
    contiguous : bool
        Numbers have no holes, so that a hole is a loss and a late one may fill it. Otherwise what
        is not above the last is old news.

    Attributes
    ----------
    duplicates, late, lost : int
        Repeated; too old to be used; missing by now.
    """

    __slots__ = ("_missing", "contiguous", "duplicates", "last", "late", "lost", "window")

    def __init__(self, window: int, *, contiguous: bool) -> None:
        self.window = window
        self.contiguous = contiguous
        self.last: int | None = None
        self.duplicates = self.late = self.lost = 0
        self._missing: OrderedDict[int, None] = OrderedDict()

    def is_new(self, first: int, last: int) -> bool:
        """Whether the message that covers `first` to `last` has not been seen; it is now."""
        before = self.last
        if before is None or (first == before + 1) or (last > before and not self.contiguous):
            self.last = last
            return True
        if first > before:
            self._skip(before + 1, first)
            self.last = last
            return True
        filled = self._fill(first, last)
        if last > before:  # overlaps what was seen: its rest is new
            self.last = last
            return True
        return filled or self._repeated(last)

    def _skip(self, start: int, end: int) -> None:
        self.lost += end - start
        for number in range(max(start, end - self.window), end):
            self._missing[number] = None
        while len(self._missing) > self.window:
            self._missing.popitem(last=False)

    def _fill(self, first: int, last: int) -> bool:
        # What a message claims to cover has no bound; what is missing has.
        found = [n for n in self._missing if first <= n <= last]
        for number in found:
            del self._missing[number]
        self.lost -= len(found)
        return bool(found)

    def _repeated(self, last: int) -> bool:
        if self.contiguous or last == self.last:
            self.duplicates += 1
        else:
            self.late += 1
        return False


class ContentWindow:
    """The last messages of a stream without numbers.

    Parameters
    ----------
    window : int
        Messages remembered.
    """

    __slots__ = ("_seen", "duplicates", "window")

    def __init__(self, window: int) -> None:
        self.window = window
        self.duplicates = 0
        self._seen: OrderedDict[Hashable, None] = OrderedDict()

    def is_new(self, content: Hashable) -> bool:
        """Whether this content has not been seen lately; it is now."""
        if content in self._seen:
            self.duplicates += 1
            return False
        self._seen[content] = None
        if len(self._seen) > self.window:
            self._seen.popitem(last=False)
        return True
