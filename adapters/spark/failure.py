"""Why a query failed, in one line, out of the hundreds that Java and Python wrap around it."""

import re
from typing import Final

# From the most telling to the least: the deepest cause in Java; what Java told Py4J; an error's own name and text.
_CAUSED_BY: Final = re.compile(r"^Caused by: (.+)$", re.MULTILINE)
_TOLD_PY4J: Final = re.compile(r"^: (.+)$", re.MULTILINE)
_ERROR: Final = re.compile(r"^((?!py4j\.)[\w.$]+(?:Error|Exception): .+)$", re.MULTILINE)
# The Cassandra connector breaks its sentence into lines, and the cause is on the third.
_NOT_WRITTEN: Final = re.compile(r"(Failed to write statements to \S+)\. The\s+latest exception was\s+(.+)")
_IDS: Final = re.compile(r"^\[STREAM_FAILED\] Query \[[^\]]*\] terminated with exception: ")
LIMIT: Final = 500

# Of a damaged checkpoint Spark says many things: of its logs these, of its state often a bare EOFException, so the frames on top tell.
_OF_LOGS: Final = re.compile(
    r"Failed to read log file|StreamMetadata|CONCURRENT_STREAM_LOG_UPDATE|Multiple streaming queries are concurrently using|CANNOT_LOAD_STATE_STORE"
)
_OF_STATE: Final = re.compile(
    r"execution\.streaming\.(?:state\.(?:RocksDB|StateStoreChangelog|HDFSBacked)|HDFSMetadataLog|CheckpointFileManager|FileSystemBased"
    r"|FileContextBased)"
)
_TOP_FRAMES: Final = 12


def root_cause(text: str) -> str:
    """Give the line that names the cause; of a text without one, its first line."""
    if found := _NOT_WRITTEN.search(text):
        return f"{found[1]}: {found[2]}".strip()[:LIMIT]
    for pattern, place in ((_CAUSED_BY, -1), (_TOLD_PY4J, 0), (_ERROR, -1)):
        if lines := pattern.findall(text):
            return str(lines[place]).strip()[:LIMIT]
    first = next((line.strip() for line in text.splitlines() if line.strip()), "no reason given")
    return _IDS.sub("", first)[:LIMIT]


def explain(text: str, checkpoint: str) -> str:
    """Give the cause, and what to do where it is the checkpoint."""
    cause = root_cause(text)
    if checkpoint not in cause and not _is_of_checkpoint(text):
        return cause
    return (
        f"{cause} - this is about the checkpoint {checkpoint}, which cannot be read or written. Where the disk and its rights are in "
        "order, it is damaged: use another checkpoint folder, which reads the topic from its start and writes the same rows again"
    )


def _is_of_checkpoint(text: str) -> bool:
    top = text.rpartition("Caused by: ")[2].splitlines()[:_TOP_FRAMES]
    return _OF_LOGS.search(text) is not None or any(_OF_STATE.search(line) for line in top)
