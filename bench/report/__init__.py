"""The results as Markdown: figures, tables, plots and the page."""
