import pytest

from nautilus.core.errors import NotFoundError, ParameterError
from nautilus.indicators import Warmup, available, warmup


def test_every_name_is_a_function_with_a_warm_up():
    import nautilus.indicators as indicators

    for name in available():
        assert callable(getattr(indicators, name))
        assert warmup(name).first >= 1


def test_bars_until_the_first_value():
    assert warmup("sma", period=7) == Warmup(7, 7)
    assert warmup("ema", period=7).first == 7
    assert warmup("rsi", period=7).first == 8
    assert warmup("ema", period=1) == Warmup(1, 2)


def test_an_unknown_name_or_option():
    with pytest.raises(NotFoundError, match=r"unknown indicator 'emma'. Did you mean ema\?"):
        warmup("emma")
    with pytest.raises(
        ParameterError, match=r"`rsi` has no option 'length'. It takes period, seed"
    ):
        warmup("rsi", length=3)
