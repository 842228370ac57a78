"""What Spark has committed, read from a checkpoint as Spark writes it."""

from __future__ import annotations

from pathlib import Path

import pytest

from adapters.spark.committed_offsets import caught_up, committed_offsets, parse_offsets
from adapters.spark.layout import trade_checkpoints


def store(query: Path, batch: int, offset: int, *, committed: bool) -> None:
    for folder in ("offsets", "commits"):
        (query / folder).mkdir(parents=True, exist_ok=True)
    (query / "offsets" / str(batch)).write_text(f'v1\n{{}}\n{{"trades":{{"0":{offset},"1":0}}}}')
    if committed:
        (query / "commits" / str(batch)).write_text("v1\n{}")


def test_a_batch_counts_when_it_is_committed(tmp_path: Path) -> None:
    assert committed_offsets(tmp_path, "trades") == {}
    store(tmp_path, 9, 70, committed=True)
    store(tmp_path, 10, 80, committed=True)
    store(tmp_path, 11, 90, committed=False)
    assert committed_offsets(tmp_path, "trades") == {0: 80, 1: 0}
    assert committed_offsets(tmp_path, "others") == {}


def test_all_is_stored_when_both_queries_have_reached_the_ends(tmp_path: Path) -> None:
    raw, candles = trade_checkpoints(tmp_path)
    assert not caught_up(tmp_path, "trades", {0: 5})
    assert caught_up(tmp_path, "trades", {0: 0})
    store(raw, 0, 5, committed=True)
    assert not caught_up(tmp_path, "trades", {0: 5})
    store(candles, 0, 5, committed=True)
    assert caught_up(tmp_path, "trades", {0: 5, 1: 0})
    assert not caught_up(tmp_path, "trades", {0: 6})


@pytest.mark.parametrize("text", ["", "v1\n{}", "v1\n{}\nnot json"])
def test_text_that_is_no_file_of_offsets_is_a_value_error(text: str) -> None:
    with pytest.raises(ValueError):
        parse_offsets(text)
