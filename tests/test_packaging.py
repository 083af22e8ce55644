"""The wheel: what is in it, and that it works out of the zip."""

import json
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    out = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(out), str(ROOT)]
    subprocess.run(command, capture_output=True, check=True)
    return next(out.glob("*.whl"))


def test_the_wheel_holds_the_package_with_its_rules_and_schemas_and_nothing_else(wheel):
    inside = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    package = ROOT / "engine" / "quirkbook"
    expected = {
        f"quirkbook/{path.relative_to(package)}"
        for path in package.rglob("*")
        if path.suffix == ".py" or path.name == "py.typed"
    }
    for folder in ("rules", "schemas"):
        expected |= {f"quirkbook/{path.relative_to(ROOT)}" for path in (ROOT / folder).rglob("*") if path.is_file()}

    assert inside == expected


def test_a_payload_can_be_translated_out_of_the_zipped_wheel(wheel):
    code = (
        f"import sys; sys.path.insert(0, {str(wheel)!r}); import json, quirkbook; "
        "assert '.whl' in quirkbook.__file__; "
        "print(json.dumps(quirkbook.translate({'model': 'moonshot/x', 'user': 'u'})))"
    )
    done = subprocess.run([sys.executable, "-I", "-c", code], capture_output=True, text=True, check=True, cwd="/")

    assert json.loads(done.stdout) == {"model": "x", "safety_identifier": "u"}
