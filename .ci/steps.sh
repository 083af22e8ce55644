# What the jobs beside this file share: `. .ci/steps.sh` makes a new virtual environment, whose commands come first
# in PATH, and goes to the root of the checkout.
cd "$(dirname "${BASH_SOURCE[0]}")/.."

python=${PYTHON:-python3}
"$python" -c 'import sys; assert sys.version_info >= (3, 11), f"Python 3.11 or newer is needed, this is {sys.version}"'
venv=$(mktemp -d)/venv
trap 'rm -rf "$(dirname "$venv")"' EXIT
"$python" -m venv "$venv"
export PATH="$venv/bin:$PATH" CI=true PIP_DISABLE_PIP_VERSION_CHECK=1
unset VIRTUAL_ENV PYTHONPATH QUIRKBOOK_RULES PYTHONDONTWRITEBYTECODE # some 60 tests start a Python

step() { printf '\n== %s\n' "$*"; }

checks() {
    step "lint and format"
    ruff check .
    ruff format --check .
    step "types"
    mypy
    step "imports point down"
    lint-imports
    step "the rules"
    quirkbook check
    quirkbook test
}
