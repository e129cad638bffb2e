# The environment of scripts/serve and scripts/test: find Python, make .venv, install the lock.
# Sourced, never run. Everything here also works in the bash 3.2 of macOS.

root="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
python="$root/.venv/bin/python"
stamp="$root/.venv/installed"

stop() {
  echo "$(basename "$0"): $1" >&2
  exit "${2:-1}"
}

# Prints the first Python >= 3.11 that can make virtual environments; 1 = none can, 2 = no Python.
find_python() {
  local candidate status=2
  for candidate in python3 python3.14 python3.13 python3.12 python3.11; do
    "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || continue
    if "$candidate" -c 'import ensurepip, venv' 2>/dev/null; then
      echo "$candidate"
      return 0
    fi
    status=1
  done
  return "$status"
}

make_environment() {
  local found status=0
  found="$(find_python)" || status=$?
  case "$status" in
    1) stop "Python is here but cannot make virtual environments: its modules venv and ensurepip are missing. Install them (Debian and Ubuntu: apt-get install python3-venv) and start again." ;;
    2) stop "no Python 3.11 or newer found. Install one (Debian and Ubuntu: apt-get install python3 python3-venv) and start again." ;;
  esac
  echo "Making the environment .venv with $("$found" --version)"
  "$found" -m venv --clear "$root/.venv" || stop "could not make $root/.venv; the reason is above."
}

# One line that changes with whatever the installed packages depend on, the checkout's place too.
environment_key() {
  "$python" - "$root" <<'PYTHON'
import hashlib, pathlib, sys

root = pathlib.Path(sys.argv[1])
key = hashlib.sha256(f"{root}\n{sys.version}\n".encode())
for name in ("pyproject.toml", "requirements.lock", "requirements-dev.lock"):
    key.update((root / name).read_bytes())
print(key.hexdigest())
PYTHON
}

install() {
  echo "Installing $1 (once, and again when it changes)"
  "$python" -m pip install --quiet --disable-pip-version-check --require-hashes \
    -r "$root/$1" || stop "could not install $1; the reason is above."
  # Without isolation pip uses the build tools of the lock instead of fetching unchecked ones.
  "$python" -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation \
    -e "$root" || stop "could not install the project itself; the reason is above."
}

# Leaves a $python that runs; what it can import is the business of prepare_environment.
ensure_python() {
  "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || make_environment
}

# prepare_environment LOCK: leaves a $python that has everything in LOCK and the project.
# requirements-dev.lock holds all of requirements.lock, so it also serves who asks for less.
prepare_environment() {
  local key
  ensure_python
  key="$(environment_key)" || stop "pyproject.toml or a lock file is missing."
  if [ -f "$stamp" ]; then
    case "$(cat "$stamp")" in
      "$key $1" | "$key requirements-dev.lock") return 0 ;;
    esac
  fi
  rm -f "$stamp"
  "$python" -m pip --version >/dev/null 2>&1 || make_environment
  install "$1"
  echo "$key $1" >"$stamp"
}
