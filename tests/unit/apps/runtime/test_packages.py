import sys

import pytest

from apps.runtime.packages import MissingPackageError, require_package


def test_an_installed_package_is_no_error() -> None:
    require_package("attrs")


@pytest.mark.parametrize(
    ("package", "advice"), [("pyspark", r"`make install` on Python 3\.11 to 3\.13"), ("rich", r"`make install`$")]
)
def test_a_missing_package_is_an_error_with_advice(monkeypatch: pytest.MonkeyPatch, package: str, advice: str) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(MissingPackageError, match=f"{package}: .*{advice}"):
        require_package(package)
