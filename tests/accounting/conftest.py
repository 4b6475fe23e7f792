"""Short ways to write a book."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from nautilus.accounting import Fill, Mark


@pytest.fixture(scope="session")
def day():
    """`day(3)` is the third of January 2024, `day(3, 9)` nine o'clock on it."""
    return lambda n, hour=0: datetime(2024, 1, 1, hour) + timedelta(days=n - 1)


@pytest.fixture(scope="session")
def fill(day):
    """`fill(3, "AAPL", 10, 185.0, fee=1.0)` at ten o'clock on day 3."""
    return lambda n, symbol, quantity, price, **more: Fill(
        day(n, 10), symbol, quantity, price, **more
    )


@pytest.fixture(scope="session")
def mark(day):
    """`mark(3, AAPL=185.0)` at the close of day 3."""
    return lambda n, **prices: Mark(day(n, 16), prices)
