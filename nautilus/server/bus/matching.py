"""Which patterns match a topic: a trie of tokens, with the last answers kept."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Generic, TypeVar

__all__ = ["TopicTrie"]

T = TypeVar("T")


@dataclass(slots=True)
class _Node(Generic[T]):
    children: dict[str, _Node[T]] = field(default_factory=dict)
    values: list[T] = field(default_factory=list)
    tails: list[T] = field(default_factory=list)

    @property
    def empty(self) -> bool:
        return not (self.children or self.values or self.tails)


class TopicTrie(Generic[T]):
    """Values by pattern; `match` finds those whose pattern matches a topic.

    Parameters
    ----------
    remembered : int
        Topics whose answer is kept until a pattern is added or removed.

    Examples
    --------
    >>> trie = TopicTrie[str]()
    >>> for pattern in ("risk.*.p1", "risk.>", "risk.alerts.p2"):
    ...     trie.add(pattern, pattern)
    >>> trie.match("risk.alerts.p1")
    ('risk.>', 'risk.*.p1')
    """

    def __init__(self, remembered: int = 4096) -> None:
        self._root: _Node[T] = _Node()
        self._answers: OrderedDict[str, tuple[T, ...]] = OrderedDict()
        self._remembered = remembered

    def add(self, pattern: str, value: T) -> None:
        """Keep a value under a valid pattern."""
        tokens = pattern.split(".")
        self._answers.clear()
        node = self._root
        for token in tokens[:-1]:
            node = node.children.setdefault(token, _Node())
        if tokens[-1] == ">":
            node.tails.append(value)
        else:
            node.children.setdefault(tokens[-1], _Node()).values.append(value)

    def remove(self, pattern: str, value: T) -> None:
        """Forget a value; a value that is not there is no error."""
        self._answers.clear()
        path = [self._root]
        tokens = pattern.split(".")
        tail = tokens[-1] == ">"
        for token in tokens[:-1] if tail else tokens:
            child = path[-1].children.get(token)
            if child is None:
                return
            path.append(child)
        held = path[-1].tails if tail else path[-1].values
        if value in held:
            held.remove(value)
        while len(path) > 1 and path[-1].empty:
            path.pop()
            del path[-1].children[tokens[len(path) - 1]]

    def match(self, topic: str) -> tuple[T, ...]:
        """Values whose pattern matches, each as often as it was added."""
        found = self._answers.get(topic)
        if found is None:
            found = self._answers[topic] = tuple(self._found(topic.split(".")))
            if len(self._answers) > self._remembered:
                self._answers.popitem(last=False)
        return found

    def _found(self, tokens: list[str]) -> list[T]:
        found: list[T] = []
        level = [self._root]
        for token in tokens:
            below = []
            for node in level:
                found += node.tails
                below += [c for key in (token, "*") if (c := node.children.get(key)) is not None]
            level = below
        for node in level:
            found += node.values
        return found
