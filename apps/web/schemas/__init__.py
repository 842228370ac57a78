"""The JSON of the read API as pydantic models, from which OpenAPI is generated, and the functions that fill them from domain values.

Prices, volumes and values computed from them are decimal strings: a JSON number in a browser is exact to 15 digits only. Counts and milliseconds are
numbers. A time is given twice: as ISO 8601 in UTC, and in milliseconds since the epoch.
"""
