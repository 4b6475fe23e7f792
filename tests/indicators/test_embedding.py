"""The example of a streaming strategy runs; those with frameworks run by `make embedding`."""

import pathlib
import runpy

FOLDER = pathlib.Path(__file__).parents[2] / "examples" / "embedding"


def test_the_streaming_strategy_goes_on_after_a_restart(capsys):
    runpy.run_path(str(FOLDER / "in_a_streaming_strategy.py"), run_name="__main__")
    assert "the same after a restart" in capsys.readouterr().out
