import re
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_every_link_in_the_readme_leads_somewhere() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    links = [link for link in re.findall(r"\]\(([^)#]+)\)", text) if not link.startswith("http")]
    assert links
    assert [link for link in links if not (ROOT / link).exists()] == []


def test_every_place_that_contributing_names_exists() -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    rows = text.partition("## Where do I change")[2].partition("\n## ")[0]
    places = re.findall(r"`([\w./]+/[\w./]*)`", rows)
    assert len(places) > 14
    assert [place for place in places if not (ROOT / place).exists()] == []
