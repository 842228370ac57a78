"""The log of a Cassandra node: lines on its standard output and, where the node writes an audit log, a file with these entries alone."""

from __future__ import annotations

from pathlib import Path
from typing import Final
from xml.sax.saxutils import escape

AUDIT_LOG: Final = "audit.log"
"""The name of the file, in the folder of the node."""

_LINES = "<encoder><pattern>%date{ISO8601} %-5level %logger{0} %msg%n</pattern></encoder>"


def logback(audit_log: Path | None) -> str:
    """Return the contents of logback.xml."""
    return f"""\
<configuration>
  <appender name="console" class="ch.qos.logback.core.ConsoleAppender">
    {_LINES}
  </appender>
  <root level="INFO"><appender-ref ref="console"/></root>{"" if audit_log is None else _audit(audit_log)}
</configuration>
"""


def _audit(file: Path) -> str:
    return f"""
  <appender name="audit" class="ch.qos.logback.core.FileAppender">
    <file>{escape(str(file))}</file>
    {_LINES}
  </appender>
  <logger name="org.apache.cassandra.audit.FileAuditLogger" additivity="false"><appender-ref ref="audit"/></logger>"""
