"""The cause of a failed query in one line, from the hundreds of lines of Java and Python."""

import re
from typing import Final

# The most useful first: the deepest cause in Java; the error that Py4J received; the name and text of an error.
_CAUSED_BY: Final = re.compile(r"^Caused by: (.+)$", re.MULTILINE)
_FROM_PY4J: Final = re.compile(r"^: (.+)$", re.MULTILINE)
_ERROR: Final = re.compile(r"^((?!py4j\.)[\w.$]+(?:Error|Exception): .+)$", re.MULTILINE)
# The Cassandra connector breaks its message into lines, and the cause is on the third.
_NOT_WRITTEN: Final = re.compile(r"(Failed to write statements to \S+)\. The\s+latest exception was\s+(.+)")
_IDS: Final = re.compile(r"^\[STREAM_FAILED\] Query \[[^\]]*\] terminated with exception: ")
LIMIT: Final = 500

# Spark has many messages about a damaged checkpoint: these for its logs, and often a bare EOFException for its state, so look at the top frames.
_OF_LOGS: Final = re.compile(
    r"Failed to read log file|StreamMetadata|CONCURRENT_STREAM_LOG_UPDATE|Multiple streaming queries are concurrently using|CANNOT_LOAD_STATE_STORE"
)
_OF_STATE: Final = re.compile(
    r"execution\.streaming\.(?:state\.(?:RocksDB|StateStoreChangelog|HDFSBacked)|HDFSMetadataLog|CheckpointFileManager|FileSystemBased"
    r"|FileContextBased)"
)
_TOP_FRAMES: Final = 12


def root_cause(text: str) -> str:
    """Return the line that names the cause, or the first line of a text without such a line."""
    if found := _NOT_WRITTEN.search(text):
        return f"{found[1]}: {found[2]}".strip()[:LIMIT]
    for pattern, place in ((_CAUSED_BY, -1), (_FROM_PY4J, 0), (_ERROR, -1)):
        if lines := pattern.findall(text):
            return str(lines[place]).strip()[:LIMIT]
    first = next((line.strip() for line in text.splitlines() if line.strip()), "no reason given")
    return _IDS.sub("", first)[:LIMIT]


def explain(text: str, checkpoint: str) -> str:
    """Return the cause, with what to do if it is the checkpoint."""
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
