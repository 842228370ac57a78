"""The page of results: sections, tables, plots."""
