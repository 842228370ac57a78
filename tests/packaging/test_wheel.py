import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from hatch_build import PACKAGES, rewrite

ROOT = Path(__file__).parents[2]
UV = (sys.executable, "-m", "uv", "pip")
SUBSET = ("tests/unit/domain", "tests/property/test_candle.py")
IMPORTS_ALL = """
import importlib, pkgutil, tapeline
names = [found.name for found in pkgutil.walk_packages(tapeline.__path__, "tapeline.")]
for name in names:
    if not name.endswith("__main__"):
        importlib.import_module(name)
print(len(names))
"""


def environment(folder: Path) -> Path:
    """Make an empty environment and return its Python."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True)
    return folder / "bin" / "python"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run([sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)], cwd=ROOT, check=True)
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def python(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Python of an environment with the wheel and every package of this one, but without the checkout."""
    folder = tmp_path_factory.mktemp("installed")
    python = environment(folder)
    subprocess.run([*UV, "install", "--quiet", "--no-deps", "--python", str(python), str(wheel)], check=True)
    (site,) = folder.glob("lib/python*/site-packages")
    # Python does not read the .pth files of a folder that is on the path by a .pth file: so the one that leads to the checkout has no effect.
    (site / "packages.pth").write_text(str(Path(pytest.__file__).parents[1]))
    return python


def run(python: Path, folder: Path, *arguments: str) -> str:
    variables = {name: value for name, value in os.environ.items() if name not in {"PYTHONPATH", "PYTEST_ADDOPTS"}}
    done = subprocess.run(
        [str(python), *arguments], cwd=folder, env=variables, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_a_wheel_in_a_clean_environment_prints_what_the_readme_says_with_attrs_alone(
    wheel: Path, tmp_path: Path
) -> None:
    python = environment(tmp_path / "env")
    subprocess.run([*UV, "install", "--quiet", "--python", str(python), str(wheel)], check=True)
    listed = subprocess.run([*UV, "freeze", "--python", str(python)], check=True, capture_output=True, text=True).stdout
    assert sorted(line.split("==")[0].split(" ")[0] for line in listed.splitlines()) == ["attrs", "tapeline"]
    match = re.search(
        r"```python\n(.*?)```\s+```\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL
    )
    assert match is not None
    snippet, expected = match.groups()
    assert run(python, tmp_path, "-c", snippet) == expected
    command = subprocess.run([python.parent / "tapeline"], capture_output=True, text=True, check=False)
    assert command.returncode == 1
    assert command.stderr == "tapeline needs the package click: install tapeline with all its extras, tapeline[all]\n"


def test_a_wheel_has_one_package_with_all_that_is_no_python_and_none_of_the_tests(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    assert {name.split("/")[0].split("-")[0] for name in names} == {"tapeline"}
    assert {name.split("/")[1] for name in names if name.startswith("tapeline/")} == {
        *PACKAGES,
        "__init__.py",
        "py.typed",
    }
    assert sum(name.endswith(".cql") for name in names) == len(list((ROOT / "adapters").rglob("*.cql"))) > 0
    assert "tapeline/devstack/jars.lock.json" in names
    assert not any(name.endswith(".pyc") for name in names)


@pytest.mark.needs("pyspark")
def test_every_module_of_the_wheel_can_be_imported(python: Path, tmp_path: Path) -> None:
    assert int(run(python, tmp_path, "-c", IMPORTS_ALL)) > 200


def test_tests_pass_on_the_installed_wheel(python: Path, tmp_path: Path) -> None:
    shutil.copytree(ROOT / "tests", tmp_path / "tests", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    for path in (tmp_path / "tests").rglob("*.py"):
        path.write_bytes(rewrite(path.read_bytes()))
    assert " passed" in run(python, tmp_path, "-m", "pytest", "-q", "-p", "no:cacheprovider", *SUBSET)


def test_the_command_shows_live_candles(python: Path, tmp_path: Path) -> None:
    command = str(python.with_name("tapeline"))
    assert "subscribed" in run(python, tmp_path, command, "live", "--no-page", "--duration", "2")


@pytest.mark.needs("pyspark")
def test_the_zip_for_spark_has_the_package_of_the_wheel(python: Path, tmp_path: Path) -> None:
    run(python, tmp_path, "-m", "tapeline.apps.package_spark", "tapeline.zip")
    program = "import sys; sys.path.insert(0, 'tapeline.zip'); from tapeline.apps.spark import aggregation as a; print(a.__file__)"
    assert run(python, tmp_path, "-c", program).startswith("tapeline.zip")


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("from domain.candle import fold", "from tapeline.domain.candle import fold"),
        ("from domain import candle", "from tapeline.domain import candle"),
        ("from .candle import fold", "from .candle import fold"),
        ("é = 'é'; x = Late('adapters.kafka.publisher:KafkaPublisher')", "é = 'é'; x = Late('tapeline.adapters.kafka.publisher:KafkaPublisher')"),
        ("x = 'domain.candle', 'ports.lock', 'domain'", "x = 'tapeline.domain.candle', 'ports.lock', 'domain'"),
        ("x = ports.feed, f'{ports.feed}'", "x = ports.feed, f'{ports.feed}'"),
        ("x = 'tapeline.domain.candle apps/live.py'", "x = 'tapeline.domain.candle apps/live.py'"),
    ],
)  # fmt: skip
def test_only_imports_and_module_names_in_strings_get_the_prefix(source: str, expected: str) -> None:
    assert rewrite(source.encode()).decode() == expected


def test_an_import_that_binds_a_package_of_ours_is_refused() -> None:
    with pytest.raises(ValueError, match="line 2"):
        rewrite(b"import os\nimport domain.candle\n")
