from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from apps.package_spark import build


@pytest.mark.needs("pyspark")
def test_the_zip_is_all_that_the_programs_need_beside_pyspark(tmp_path: Path) -> None:
    """An isolated Python that has PySpark and the zip, and nothing of the project or its packages, imports the programs."""
    archive = tmp_path / "tapeline.zip"
    build(archive)
    pyspark = tmp_path / "site"
    pyspark.mkdir()
    packages = Path(sys.modules["pytest"].__file__ or "").parents[1]
    for name in ("pyspark", "py4j"):
        (pyspark / name).symlink_to(packages / name)
    code = (
        f"import sys; sys.path += [{str(archive)!r}, {str(pyspark)!r}]; import apps.spark.reconciliation; "
        "from apps.spark import aggregation; print(aggregation.__file__)"
    )
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", code], capture_output=True, text=True, timeout=60, cwd=tmp_path, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(str(archive))


def test_the_zip_is_the_same_for_the_same_sources(tmp_path: Path) -> None:
    build(tmp_path / "a.zip")
    build(tmp_path / "b.zip")
    assert (tmp_path / "a.zip").read_bytes() == (tmp_path / "b.zip").read_bytes()


def test_the_zip_holds_sources_and_data_tables_alone(tmp_path: Path) -> None:
    build(tmp_path / "a.zip")
    with zipfile.ZipFile(tmp_path / "a.zip") as archive:
        assert {Path(name).suffix for name in archive.namelist()} == {".py", ".tsv"}
