from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from nautilus.server.bus.matching import TopicTrie
from nautilus.server.bus.topics import matches

TOKENS = st.sampled_from(["a", "b", "c"])
TOPICS = st.lists(TOKENS, min_size=1, max_size=4).map(".".join)
PATTERNS = st.tuples(
    st.lists(st.sampled_from(["a", "b", "c", "*"]), min_size=1, max_size=3), st.booleans()
).map(lambda pair: ".".join([*pair[0], ">"] if pair[1] else pair[0]))


@given(st.lists(PATTERNS, max_size=12), st.lists(TOPICS, max_size=6), st.data())
def test_the_trie_matches_as_the_definition_says(patterns, topics, data):
    trie: TopicTrie[int] = TopicTrie(remembered=2)
    for position, pattern in enumerate(patterns):
        trie.add(pattern, position)
    kept = set(range(len(patterns)))
    for topic in topics:
        expected = {i for i in kept if matches(patterns[i], topic)}
        assert sorted(trie.match(topic)) == sorted(expected) == sorted(trie.match(topic))
        if kept and data.draw(st.booleans()):
            gone = data.draw(st.sampled_from(sorted(kept)))
            trie.remove(patterns[gone], gone)
            kept.discard(gone)


def test_a_tail_matches_one_token_or_more():
    trie: TopicTrie[str] = TopicTrie()
    trie.add("market.>", "tail")
    assert trie.match("market") == ()
    assert trie.match("market.data.AAPL") == ("tail",)


def test_what_is_removed_leaves_nothing_behind():
    trie: TopicTrie[int] = TopicTrie()
    for pattern in ("a.b.c", "a.b.>", "a.*"):
        trie.add(pattern, 1)
    for pattern in ("a.b.c", "a.b.>", "a.*", "never.there"):
        trie.remove(pattern, 1)
        trie.remove(pattern, 1)
    assert trie._root.empty
    assert trie.match("a.b.c") == ()
