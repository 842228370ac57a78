import importlib

import pytest

from bench.__main__ import GROWTH, PARTS


@pytest.mark.parametrize("part", [*PARTS, GROWTH])
def test_each_part_is_a_module_with_a_measurement(part: str) -> None:
    assert callable(importlib.import_module(f"bench.parts.{part}").run)
