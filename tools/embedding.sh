#!/usr/bin/env bash
# Our indicators inside other people's frameworks, each in an environment of its own: their pins clash.
set -euo pipefail
cd "$(dirname "$0")/.."
PYTHON="${PYTHON:-python3}"
run() {
  local name="$1" package="$2" folder=".embedding/$1"
  [ -x "$folder/bin/python" ] || "$PYTHON" -m venv "$folder"
  "$folder/bin/pip" install --quiet --disable-pip-version-check $package "numpy<2.5" pandas
  "$folder/bin/pip" install --quiet --disable-pip-version-check --no-deps -e .
  "$folder/bin/python" "examples/embedding/$name.py"
}
run in_backtesting_py "backtesting==0.6.6"
run in_backtrader "backtrader==1.9.78.123"
run in_vectorbt "vectorbt==1.2.0"
run in_a_streaming_strategy ""
