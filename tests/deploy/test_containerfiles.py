import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from .overlays import KUBERNETES, ROOT

FOLDER = ROOT / "deploy" / "images"
FILES = ("Containerfile", "Containerfile.spark")


def instructions(name: str, keyword: str) -> list[str]:
    """Return the arguments of an instruction, in order; a line that ends with a backslash continues, after comments too."""
    text = re.sub(r"^\s*#.*\n", "", (FOLDER / name).read_text(), flags=re.MULTILINE).replace("\\\n", " ")
    return [line.removeprefix(keyword).strip() for line in text.splitlines() if line.startswith(f"{keyword} ")]


def copied(name: str) -> list[str]:
    """Return the files and folders of the checkout that an image receives."""
    return [source for copy in instructions(name, "COPY") if "--from" not in copy for source in copy.split()[:-1]]


@pytest.mark.parametrize("name", FILES)
def test_the_base_has_a_version_that_the_project_supports(name: str) -> None:
    base, *_ = instructions(name, "ARG")
    found = re.fullmatch(r"PYTHON_IMAGE=docker\.io/library/python:(3\.\d+)-slim-\w+", base)
    assert found
    # PySpark 3.5 runs on no newer one.
    assert found[1] in {"3.11", "3.12", "3.13"}
    assert instructions(name, "FROM") == ["${PYTHON_IMAGE} AS build", "${PYTHON_IMAGE}"]


def test_both_images_have_the_same_python() -> None:
    assert instructions(FILES[0], "ARG")[0] == instructions(FILES[1], "ARG")[0]


@pytest.mark.parametrize("name", FILES)
def test_packages_come_from_the_lock_by_the_uv_of_the_makefile(name: str) -> None:
    version = re.search(r"^UV_VERSION := (\S+)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert version
    assert f"UV_VERSION={version[1]}" in instructions(name, "ARG")
    assert all("--frozen" in line for run in instructions(name, "RUN") for line in run.split("&&") if "uv sync" in line)


@pytest.mark.parametrize("name", FILES)
def test_an_image_does_not_run_as_root_and_reaps_processes(name: str) -> None:
    assert instructions(name, "USER") == ["10001:10001"]
    assert "tini" in instructions(name, "ENTRYPOINT")[0] or "tini" in (FOLDER / "spark-entrypoint.sh").read_text()
    assert instructions(name, "HEALTHCHECK")
    assert instructions(name, "STOPSIGNAL") == ["SIGTERM"]


@pytest.mark.parametrize("name", FILES)
def test_an_image_names_its_version_its_source_revision_and_its_license(name: str) -> None:
    (labels,) = instructions(name, "LABEL")
    for label in ("title", "description", "licenses", "version", "revision"):
        assert f"org.opencontainers.image.{label}=" in labels


def test_the_version_is_that_of_the_project_wherever_an_image_is_named() -> None:
    version = re.search(r'^version = "(.+)"$', (ROOT / "pyproject.toml").read_text(), re.MULTILINE)
    assert version
    assert all(f"VERSION={version[1]}" in instructions(name, "ARG") for name in FILES)
    composed = "".join(file.read_text() for file in (ROOT / "deploy" / "compose").glob("compose.*.yaml"))
    deployed = (KUBERNETES / "overlays" / "production" / "kustomization.yaml").read_text()
    documented = (ROOT / "docs" / "deploy.md").read_text()
    for text, tag in [
        (composed, r"localhost/tapeline(?:-spark)?:([\w.-]+)"),
        (deployed, r"newTag: ([\w.-]+)"),
        (documented, r"(?:localhost|registry\.example\.com)/tapeline(?:-spark)?[: ](\d[\w.-]+)"),
    ]:
        assert set(re.findall(tag, text)) == {version[1]}


@pytest.mark.parametrize("name", FILES)
def test_copied_files_exist_and_reach_the_engine(name: str) -> None:
    ignored = (ROOT / ".dockerignore").read_text().splitlines()
    assert len(copied(name)) > 8
    for source in copied(name):
        assert (ROOT / source).exists(), source
        assert any(f"!{part}" in ignored for part in (source, *map(str, Path(source).parents))), source


@pytest.mark.parametrize("name", FILES)
def test_the_project_installs_from_the_copied_files_with_its_programs_where_the_image_links_them(
    name: str, tmp_path: Path
) -> None:
    for source in copied(name):
        target = tmp_path / source
        target.parent.mkdir(parents=True, exist_ok=True)
        copy = shutil.copytree if (ROOT / source).is_dir() else shutil.copy
        copy(ROOT / source, target)
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path / "wheel")]
    done = subprocess.run(build, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    (wheel,) = (tmp_path / "wheel").glob("*.whl")
    installed = zipfile.ZipFile(wheel).namelist()
    run = " ".join(instructions(name, "RUN"))
    links = {folder.rpartition("/")[2]: folder for folder in re.findall(r"site-packages/(\S+)", run)}
    assert set(links) == ({"apps", "pyspark"} if name == "Containerfile.spark" else set())
    if links:
        manifests = "".join(file.read_text() for file in (KUBERNETES / "base" / "programs").glob("*.yaml"))
        programs = set(re.findall(r"local:///opt/tapeline/apps/(\w+\.py)", manifests))
        assert programs == {"aggregator.py", "reconcile.py"}
        assert {f"{links['apps']}/{program}" for program in programs} <= set(installed)
