from bench.capacity import PAGE
from bench.measured_costs import Measured
from bench.report.capacity_tables import on_page


def test_the_page_has_the_tables_of_the_measured_figures() -> None:
    text = PAGE.read_text("utf-8")
    assert on_page(text, Measured.read()) == text, "run python -m bench.capacity --write"


def test_the_page_marks_provisional_figures() -> None:
    assert ("**Provisional.**" in PAGE.read_text("utf-8")) == Measured.read().provisional
