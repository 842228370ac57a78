"""The documentation below /docs, above all the runbooks that the page links to: Markdown rendered as HTML without scripts or foreign content.

The pages are those of a checkout. An installed package has none, and then nothing links to them.
"""

import html
from functools import cache
from pathlib import Path
from typing import Final

from fastapi import APIRouter, HTTPException
from fastapi.responses import FileResponse, HTMLResponse, Response
from markdown_it import MarkdownIt

DOCS: Final = Path(__file__).parents[2] / "docs"
_PICTURES: Final = frozenset({".png"})
_PAGE: Final = """<!doctype html>
<html lang="en">
<head>
  <meta charset="utf-8">
  <meta name="viewport" content="width=device-width, initial-scale=1">
  <title>{title} · tapeline</title>
  <link rel="icon" href="{root}icon.svg" type="image/svg+xml">
  <link rel="stylesheet" href="{root}style.css">
</head>
<body class="document">
  <nav><a href="{root}">← The live page</a> · <a href="{root}docs/runbooks/README.md">Runbooks</a></nav>
  <main>{body}</main>
</body>
</html>
"""

router = APIRouter(prefix="/docs", include_in_schema=False)


@router.get("/{path:path}")
def document(path: str) -> Response:
    """Return a page of the documentation, or a picture on one. Raise HTTPException 404 if there is none."""
    file = _find(path)
    if file is None:
        raise HTTPException(404, f"there is no page {path!r}")
    if file.suffix in _PICTURES:
        return FileResponse(file)
    root = "../" * (path.count("/") + 1)
    body = _renderer().render(file.read_text(encoding="utf-8"))
    return HTMLResponse(_PAGE.format(title=html.escape(file.stem), root=root, body=body))


def page_address(page: str) -> str | None:
    """Return the address of a page below `docs`, relative to the live page; None if the page does not exist."""
    return f"docs/{page}" if page and _find(page) else None


def _find(path: str) -> Path | None:
    # Dots and links in the path may not lead out of the folder.
    try:
        file = (DOCS / path).resolve()
        is_page = (file.suffix == ".md" or file.suffix in _PICTURES) and file.is_relative_to(DOCS.resolve())
        return file if is_page and file.is_file() else None
    except (OSError, ValueError):  # a name that no file system can hold
        return None


@cache
def _renderer() -> MarkdownIt:
    # HTML inside a page is shown as text.
    return MarkdownIt("commonmark", {"html": False}).enable("table")
