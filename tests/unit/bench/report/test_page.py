from pathlib import Path

from bench.report.page import Section, write


def section(part: str, body: str) -> Section:
    return Section(part=part, title=part.title(), body=body)


def test_a_new_measurement_replaces_only_its_own_section(tmp_path: Path) -> None:
    page = tmp_path / "performance.md"
    for part, body in (("domain", "first"), ("spark", "other"), ("domain", "second")):
        write(section(part, body), page)
    text = page.read_text()
    assert text.count("## Domain") == text.count("## Spark") == text.count("# Performance\n") == 1
    assert "first" not in text
    assert text.index("second") < text.index("other")


def test_a_section_names_its_command_and_machine(tmp_path: Path) -> None:
    page = tmp_path / "performance.md"
    write(section("domain", "figures"), page)
    text = page.read_text()
    assert "`make bench-domain` on 20" in text
    assert "cores" in text
