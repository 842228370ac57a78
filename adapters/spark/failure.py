"""Why a query failed, in one line, out of the hundreds that Java and Python wrap around it."""

import re
from typing import Final

# From the most telling to the least: the deepest cause in Java; what Java told Py4J; an error's own name and text.
_CAUSED_BY: Final = re.compile(r"^Caused by: (.+)$", re.MULTILINE)
_TOLD_PY4J: Final = re.compile(r"^: (.+)$", re.MULTILINE)
_ERROR: Final = re.compile(r"^((?!py4j\.)[\w.$]+(?:Error|Exception): .+)$", re.MULTILINE)
LIMIT: Final = 500


def root_cause(text: str) -> str:
    """Give the line that names the cause; of a text without one, its first line."""
    for pattern, place in ((_CAUSED_BY, -1), (_TOLD_PY4J, 0), (_ERROR, -1)):
        found = pattern.findall(text)
        if found:
            return str(found[place]).strip()[:LIMIT]
    return next((line.strip() for line in text.splitlines() if line.strip()), "no reason given")[:LIMIT]
