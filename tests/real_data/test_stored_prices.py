"""Adjusted closes from stored raw ones, against those that the vendor published."""

import gzip
import json

import numpy as np
import polars as pl
import pytest

from nautilus.marketdata.store import Store


@pytest.fixture(scope="module")
def wiki(folder):
    frame = pl.read_parquet(folder / "equities/wiki_raw_adjusted.parquet")
    return frame.rename({name: name.lower() for name in frame.columns})


def test_total_adjustment_reproduces_the_published_closes(wiki, tmp_path):
    raw = wiki.select("symbol", pl.col("date").alias("timestamp"), "open", "high", "low", "close",
                      "volume")  # fmt: skip
    actions = pl.concat(
        wiki.filter(pl.col(column) != neutral).select(
            "symbol", timestamp="date", kind=pl.lit(kind), value=pl.col(column).cast(pl.Float64)
        )
        for column, kind, neutral in (("exdividend", "dividend", 0), ("splitratio", "split", 1))
    )
    assert actions.height == 23
    with Store(tmp_path / "market") as store:
        store.import_prices(raw, source="wiki")
        store.append("actions", actions, source="wiki")
        ours = store.read("bars", adjustment="total", reinvest_at="ex_date_close")
    wiki = wiki.sort("symbol", "date")
    # They adjusted for what came after the last row, too: a constant per symbol.
    for symbol in wiki["symbol"].unique():
        own = ours.filter(pl.col("symbol") == symbol)["close"].to_numpy()
        rows = wiki.filter(pl.col("symbol") == symbol)
        published = rows["adjclose"].to_numpy() * (rows["close"][-1] / rows["adjclose"][-1])
        assert np.max(np.abs(own / published - 1)) < 1e-6


def test_the_filing_in_force_is_the_last_one_before_the_day(folder, tmp_path):
    """SEC companyfacts repeat a period with every report; which one counts depends on the day."""
    path = folder / "fundamentals/sec_companyfacts_SNOW_trimmed.json.gz"
    facts = json.loads(gzip.decompress(path.read_bytes()))["facts"]["us-gaap"]
    rows = pl.DataFrame(
        [
            ("SNOW", concept, fact.get("start"), fact["end"], float(fact["val"]), unit,
             fact["filed"], fact["form"], fact["accn"])
            for concept, body in facts.items()
            for unit, given in body["units"].items()
            for fact in given
        ],
        ("symbol", "concept", "period_start", "period_end", "value", "unit", "knowledge_ts",
         "form", "accession"),
        orient="row",
        infer_schema_length=None,
    ).with_columns(
        pl.col(name).str.to_date() for name in ("period_start", "period_end", "knowledge_ts")
    )  # fmt: skip
    rows = rows.unique(["concept", "period_start", "period_end", "unit", "knowledge_ts"],
                       keep="last", maintain_order=True)  # fmt: skip
    key = ["concept", "unit", "period_start", "period_end"]
    with Store(tmp_path / "market") as store:
        store.append("fundamentals", rows, source="edgar")
        for day in rows["knowledge_ts"].unique().sort()[::5]:
            found = store.read("fundamentals", "SNOW", as_of=day)
            known = rows.filter(pl.col("knowledge_ts") <= day)
            expected = known.sort("knowledge_ts").unique(key, keep="last").sort(key)
            assert found.sort(key)["value"].to_list() == expected["value"].to_list()
