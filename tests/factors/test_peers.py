"""A company among those of its industry: ranks by hand, and what must not matter."""

from __future__ import annotations

import dataclasses
import datetime as dt
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nautilus.core.errors import DataError, LabelError
from nautilus.core.results import reasons, unexplained
from nautilus.factors import FundamentalFeatures, fundamental_features, industry_relative
from nautilus.marketdata import sectors, simulate_statements

NAN = float("nan")
DAY = dt.datetime(2024, 6, 30, tzinfo=dt.UTC)


def one(symbol, **values):
    return FundamentalFeatures(
        symbol=symbol, as_of=DAY, period_end=None, feature_types=("valuation",), **values
    )


def many(**by_name):
    return {name: one(name, **values) for name, values in by_name.items()}


def test_three_companies_by_hand():
    found = industry_relative(
        many(
            A={"pe_ratio": 10.0, "roe": 0.1},
            B={"pe_ratio": 20.0, "roe": 0.3},
            C={"pe_ratio": 40.0, "roe": 0.2},
        )
    )
    # Places: pe 5/6 3/6 1/6, the cheapest first; roe 1/6 5/6 3/6.
    scores = {name: f.fundamental_score for name, f in found.items()}
    assert scores == pytest.approx({"A": 1 / 2, "B": 2 / 3, "C": 1 / 3}, rel=1e-15)
    assert [found[n].industry_ranking.rank for n in "ABC"] == [2, 1, 3]
    percentiles = [found[n].industry_ranking.percentile for n in "ABC"]
    assert percentiles == pytest.approx([100 / 3, 200 / 3, 0.0])
    relative = [found[n].pe_relative_to_sector for n in "ABC"]
    assert relative == pytest.approx([10 / 30, 20 / 25, 40 / 15])
    assert [found[n].features_scored for n in "ABC"] == [2, 2, 2]


def test_rank_15_of_100_is_the_85th_percentile():
    found = industry_relative(many(**{f"S{i:03d}": {"roe": -float(i)} for i in range(1, 101)}))
    ranking = found["S015"].industry_ranking
    assert (ranking.percentile, ranking.rank, ranking.total_companies) == (85.0, 15, 100)


def test_equal_companies_share_the_better_rank():
    found = industry_relative(many(A={"roe": 0.2}, B={"roe": 0.2}, C={"roe": 0.1}))
    assert [found[n].industry_ranking.rank for n in "ABC"] == [1, 1, 3]
    assert found["A"].fundamental_score == 2 / 3


def test_without_peers_it_does_not_apply_and_says_so():
    found = industry_relative(many(A={"roe": 0.2}, B={"roe": 0.1}), sectors={"A": "x"})
    for alone in found.values():
        assert alone.fundamental_score is alone.industry_ranking is None
        assert [r.code for r in alone.reasons] == ["NO_PEERS"]


def test_sectors_part_the_companies():
    given = many(A={"roe": 0.1}, B={"roe": 0.2}, C={"roe": 0.3}, D={"roe": 0.4})
    found = industry_relative(given, sectors={"A": "x", "C": "x", "B": "y", "D": "y"})
    assert list(found) == list("ABCD")
    assert [found[n].industry_ranking.rank for n in "ABCD"] == [2, 2, 1, 1]


def test_what_a_company_lacks_is_left_out():
    found = industry_relative(
        many(A={"roe": 0.2, "roa": NAN}, B={"roe": 0.1, "roa": 0.1}, C={"roa": 0.3})
    )
    assert [found[n].features_scored for n in "ABC"] == [1, 2, 1]
    assert found["B"].fundamental_score == pytest.approx(0.25)


def test_nothing_in_common_cannot_be_ranked():
    found = industry_relative(many(A={"roe": 0.2, "pe_ratio": NAN}, B={"roa": 0.1}))
    assert math.isnan(found["A"].fundamental_score)
    codes = {path: r.code for path, r in reasons(found["A"])}
    assert codes["fundamental_score"] == "NO_COMMON_FEATURE"
    assert codes["pe_relative_to_sector"] == "MISSING_RATIO"
    assert math.isnan(found["A"].pe_relative_to_sector)
    assert found["B"].pe_relative_to_sector is None


def test_a_second_time_changes_nothing():
    once = industry_relative(many(A={"roe": 0.1, "pe_ratio": 3.0}, B={"roe": 0.2}))
    assert repr(industry_relative(once)) == repr(once)
    assert industry_relative(once)["B"].reasons == once["B"].reasons


values = st.lists(st.floats(-5.0, 5.0), min_size=2, max_size=9)


@given(roe=values, pe=st.lists(st.floats(0.5, 99.0), min_size=9, max_size=9))
def test_scores_lie_around_a_half_and_no_monotone_map_moves_them(roe, pe):
    names = [f"S{i}" for i in range(len(roe))]
    rows = dict(zip(names, zip(roe, pe, strict=False), strict=True))
    found = industry_relative(many(**{n: {"roe": a, "pe_ratio": b} for n, (a, b) in rows.items()}))
    mapped = industry_relative(
        many(**{n: {"roe": 8.0 * a, "pe_ratio": 2.0 * b} for n, (a, b) in rows.items()})
    )
    scores = [f.fundamental_score for f in found.values()]
    assert sum(scores) / len(scores) == pytest.approx(0.5)
    assert all(0.0 < score < 1.0 for score in scores)
    assert [f.fundamental_score for f in mapped.values()] == scores
    turned = industry_relative({n: found[n] for n in reversed(found)})
    assert [turned[n].fundamental_score for n in names] == pytest.approx(scores)


def test_peers_of_a_simulated_industry():
    names = [n for n, s in sectors(["AAPL", "MSFT", "GOOGL", "XOM", "CVX"]).items()]
    rows = simulate_statements(names, start="2012-01-03", end="2024-12-31")
    alone = {n: fundamental_features(rows, symbol=n, as_of="2024-06-30", price=50.0) for n in names}
    found = industry_relative(alone, sectors=sectors(names))
    assert found["XOM"].industry_ranking.total_companies == 2
    peers = {n: alone[n] for n in ("MSFT", "GOOGL")}
    direct = fundamental_features(rows, symbol="AAPL", as_of="2024-06-30", price=50.0, peers=peers)
    assert repr(direct.to_dict()) == repr(found["AAPL"].to_dict())
    assert all(unexplained(f) == () for f in found.values())


def test_features_of_other_times_and_names_do_not_compare():
    given = many(A={"roe": 0.1}, B={"roe": 0.1})
    with pytest.raises(LabelError, match="under its symbol"):
        industry_relative({"A": given["A"], "C": given["B"]})
    later = dataclasses.replace(given["B"], as_of=DAY + dt.timedelta(days=1))
    with pytest.raises(DataError, match="of one time"):
        industry_relative({"A": given["A"], "B": later})
