"""Brinson attribution of real stocks by GICS sector."""

import csv

import numpy as np
import pandas as pd
import pytest

from nautilus.analytics import aggregate_returns, brinson, link_effects


@pytest.fixture(scope="module")
def case(folder, hundred):
    with open(folder / "equities/sp500_constituents.csv", newline="") as file:
        sector = {row["Symbol"]: row["GICS Sector"] for row in csv.DictReader(file)}
    names = [s for s in hundred.columns if s in sector]
    monthly = aggregate_returns(hundred[names], frequency="month")
    rng = np.random.default_rng(2)
    draws = rng.dirichlet(np.ones(len(names)), size=(2, len(monthly)))
    ours, theirs = (pd.DataFrame(d, monthly.index, names) for d in draws)
    return ours, theirs, monthly, {s: sector[s] for s in names}


@pytest.mark.parametrize("method", ["fachler", "bhb"])
def test_effects_sum_to_the_active_return(case, method):
    ours, theirs, monthly, sector = case
    found = brinson(ours, theirs, monthly, monthly, sectors=sector, method=method)
    active = ((ours - theirs) * monthly).sum(axis=1)
    np.testing.assert_allclose(found.period_effects.sum(axis=(1, 2)), active, atol=1e-15)
    assert found.check_sum < 1e-12


def test_sector_effects_by_hand(case):
    ours, theirs, monthly, sector = case
    found = brinson(ours, theirs, monthly, monthly, sectors=sector)
    by = pd.Series(sector)
    w, b = ours.T.groupby(by).sum().T, theirs.T.groupby(by).sum().T
    r = (ours * monthly).T.groupby(by).sum().T / w
    base = (theirs * monthly).T.groupby(by).sum().T / b
    total = (theirs * monthly).sum(axis=1)
    labels, effects = found.by_level()
    parts = dict(zip(found.effect_names, effects.T, strict=True))
    wanted = {
        "allocation": (w - b) * base.sub(total, axis=0),
        "selection": b * (r - base),
        "interaction": (w - b) * (r - base),
    }
    for kind, table in wanted.items():
        np.testing.assert_allclose(parts[kind], table.sum()[list(labels)], atol=1e-13)


@pytest.mark.parametrize("method", ["carino", "menchero", "grap", "frongello", "davies_laker"])
def test_linked_effects_sum_to_the_compounded_active_return(case, method):
    ours, theirs, monthly, sector = case
    linked = link_effects(brinson(ours, theirs, monthly, monthly, sectors=sector), method=method)
    growth = [(1.0 + (w * monthly).sum(axis=1)).prod() for w in (ours, theirs)]
    assert linked.effects.sum() == pytest.approx(growth[0] - growth[1], abs=1e-12)
    assert abs(linked.residual) < 1e-12


def test_the_order_of_labels_changes_nothing(case):
    ours, theirs, monthly, sector = case
    plain = brinson(ours, theirs, monthly, monthly, sectors=sector)
    turned = brinson(
        ours[ours.columns[::-1]],
        theirs.sample(frac=1, axis=1, random_state=1),
        monthly,
        monthly.sample(frac=1, axis=1, random_state=2),
        sectors=dict(sorted(sector.items(), reverse=True)),
    )
    for kind, value in plain.totals.items():
        assert turned.totals[kind] == pytest.approx(value, abs=1e-14)
