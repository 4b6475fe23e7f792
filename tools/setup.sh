#!/usr/bin/env bash
# Make .venv and install the named extras into it, pinned by constraints.txt; seconds when nothing changed.
#   tools/setup.sh EXTRA[,EXTRA...]
set -euo pipefail
cd "$(dirname "$0")/.."
extras="$1"
venv=.venv
stamp="$venv/.installed-${extras//,/-}"

find_python() {
  for candidate in "${PYTHON:-}" python3.11 python3.13 python3.12 python3 python; do
    [ -n "$candidate" ] && command -v "$candidate" >/dev/null 2>&1 || continue
    if "$candidate" -c 'import sys; raise SystemExit(not (3, 11) <= sys.version_info < (3, 14))' 2>/dev/null; then
      printf '%s' "$candidate"
      return
    fi
  done
  found=$(python3 --version 2>&1 || echo "no Python at all")
  echo "nautilus is tested on Python 3.11 and 3.13 and installs on 3.11 to 3.13; found $found." >&2
  echo "Debian, Ubuntu: sudo apt-get install python3.11 python3.11-venv; macOS: brew install python@3.11;" >&2
  echo "any system: uv python install 3.11. Then: make PYTHON=/path/to/python3.11 test" >&2
  exit 2
}

fingerprint() { cat pyproject.toml constraints.txt | cksum; }

[ -f "$stamp" ] && [ "$(cat "$stamp")" = "$(fingerprint)" ] && exit 0

if [ ! -x "$venv/bin/python" ]; then
  python=$(find_python)
  if ! "$python" -c 'import venv, ensurepip' 2>/dev/null; then
    echo "this Python has no venv module. Debian, Ubuntu: sudo apt-get install python3.11-venv" >&2
    exit 2
  fi
  echo "[setup] new virtual environment in $venv ($("$python" --version))"
  "$python" -m venv "$venv"
fi
echo "[setup] installing nautilus-quant[$extras], pinned by constraints.txt (minutes at first, seconds later)"
log="$venv/setup.log"
show() { cat "$log" >&2; echo "[setup] failed; the lines above are pip's" >&2; exit 1; }
pip() { "$venv/bin/python" -m pip install --disable-pip-version-check "$@" 2>"$log" || show; }
progress() { awk '/^Collecting/ { printf "\r[setup] %-60.60s", $2; fflush() } END { printf "\r%-68s\r", "" }'; }
pip --quiet --upgrade "pip>=24"
pip --constraint constraints.txt --editable ".[$extras]" | progress
fingerprint > "$stamp"
echo "[setup] done"
