# Makes a virtual environment from a pinned lock: bootstrap.sh PYTHON UV FOLDER REQUIREMENTS [editable]
# uv, installed by pip, does it in seconds; where it cannot (an index only pip knows), pip itself does.
set -eu
python=$1 uv=$2 venv=$3 requirements=$4 editable=${5:-}

if ! command -v "$python" >/dev/null 2>&1; then
    echo "Lotwatch needs Python 3.11, and there is no '$python'. Install it, or name it: make demo PYTHON=/path/to/python3.11" >&2
    exit 1
fi
if ! "$python" -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' 2>/dev/null; then
    echo "Lotwatch needs Python 3.11, and '$python' is none. Name another: make demo PYTHON=/path/to/python3.11" >&2
    exit 1
fi
started=$(date +%s)
if [ ! -x "$venv/bin/pip" ]; then
    if ! "$python" -m venv "$venv"; then
        echo "The virtual environment could not be made. On Debian: apt-get install python3.11-venv" >&2
        exit 1
    fi
fi
"$venv/bin/python" -m pip install --quiet --disable-pip-version-check "$uv"
if ! "$venv/bin/python" -m uv pip install --quiet --python "$venv/bin/python" -r "$requirements"; then
    echo "  uv could not install; trying pip (slower)"
    "$venv/bin/python" -m pip install --quiet --disable-pip-version-check -r "$requirements"
fi
if [ -n "$editable" ]; then
    "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
fi
touch "$venv/ready"
echo "  done    environment $venv from $requirements  $(($(date +%s) - started)) s"
