import pytest

from domain.rejection import is_suspect


@pytest.mark.parametrize(
    ("accepted", "rejected", "suspect"),
    [(0, 0, False), (95, 5, False), (94, 6, True), (0, 1, True), (1_000_000, 1, False)],
)
def test_a_source_is_suspect_when_more_than_a_twentieth_is_rejected(
    accepted: int, rejected: int, suspect: bool
) -> None:
    assert is_suspect(accepted=accepted, rejected=rejected) is suspect
