r"""The record of a session event on its topic: JSON of one fixed form, schema version 1, like the record of a trade.

    {"v":1,"instance":"producer-1","session":"5f3a9c1e-1","kind":"alive","at_ms":1680286540000,"seen_ms":1680286539981,"detail":"",
     "symbols":{"AAPL":1680286537580,"BINANCE:BTCUSDT":1680286537580}}

The fields come in this order, without blanks, in printable ASCII without escapes; `symbols` stays the last one. Up to 16 scalar fields may be added
before it and are ignored: that is how the schema grows. A record of another form or version is rejected, as is an event that is too old or in the future.

Two patterns decide, in Python and in Java alike: one for the record, and one for each symbol, whose matches joined by commas must be the whole list.
"""

import re
from typing import Final

from .record import ADDED_FIELD_VALUE, VERSION_PATTERN
from .rejection import Reason, Rejection
from .rules import Rules
from .session import SessionEvent, SessionEventKind
from .validation import SYMBOL_PATTERN, TEXT_CLASS
from .window import TIME_PATTERN

SCHEMA_VERSION: Final = 1
FIELDS: Final = ("v", "instance", "session", "kind", "at_ms", "seen_ms", "detail", "symbols")
MAX_EVENT_BYTES: Final = 65_536
MAX_DETAIL: Final = 200

NAME_PATTERN: Final = r"[A-Za-z0-9][A-Za-z0-9._:@/-]{0,63}"
"""The name of a producer, or of a session."""

_KINDS = "|".join(SessionEventKind)
_ADDED = rf'(?:,"(?!(?:{"|".join(FIELDS)})")[a-z][a-z0-9_]{{0,31}}":{ADDED_FIELD_VALUE}){{0,16}}'
EVENT_PATTERN: Final = (
    rf'\{{"v":{SCHEMA_VERSION},"instance":"({NAME_PATTERN})","session":"({NAME_PATTERN})","kind":"({_KINDS})",'
    rf'"at_ms":({TIME_PATTERN}),"seen_ms":({TIME_PATTERN}),"detail":"({TEXT_CLASS}{{0,{MAX_DETAIL}}})"{_ADDED},'
    # Any text without a backslash: the other pattern splits it.
    r'"symbols":\{([ -\[\]-~]*)\}\}'
)
"""Matches a whole record; its groups are the values of `FIELDS` after `v`."""
SYMBOL_SINCE_PATTERN: Final = rf'"({SYMBOL_PATTERN})":({TIME_PATTERN})'
"""Matches a symbol and the time since when it is received."""

_event = re.compile(EVENT_PATTERN, re.ASCII)
_version = re.compile(VERSION_PATTERN, re.ASCII)
_symbol = re.compile(SYMBOL_SINCE_PATTERN, re.ASCII)
_name = re.compile(NAME_PATTERN, re.ASCII)
_odd_text = re.compile(r"[^ !#-\[\]-~]")


def is_name(text: str) -> bool:
    """Return whether a text is a valid name of a producer."""
    return _name.fullmatch(text) is not None


def encode_event(event: SessionEvent) -> bytes:
    """Write an event as a record. Other characters in its detail become question marks, and a long detail is cut."""
    detail = _odd_text.sub("?", event.detail)[:MAX_DETAIL]
    symbols = ",".join(f'"{symbol}":{since_ms}' for symbol, since_ms in event.symbols.items())
    text = (
        f'{{"v":{SCHEMA_VERSION},"instance":"{event.instance}","session":"{event.session}","kind":"{event.kind}",'
        f'"at_ms":{event.at_ms},"seen_ms":{event.seen_ms},"detail":"{detail}","symbols":{{{symbols}}}}}'
    )
    return text.encode()


def decode_event(value: bytes | None, *, appended_ms: int, rules: Rules) -> SessionEvent | Rejection:
    """Read a record. Never raises. Its time is compared with `appended_ms`, so that every reading of the record has the same result."""
    if value is None or len(value) > MAX_EVENT_BYTES:
        return _malformed(f"empty, or over {MAX_EVENT_BYTES} bytes")
    text = value.decode("ascii", errors="replace")
    match = _event.fullmatch(text)
    if match is None:
        if _version.match(text) and not text.startswith(f'{{"v":{SCHEMA_VERSION},'):
            return Rejection(reason=Reason.UNSUPPORTED_VERSION, detail=f"v: not {SCHEMA_VERSION}")
        return _malformed("not of the form of schema version 1")
    instance, session, kind, at, seen, detail, listed = match.groups()
    pairs = _symbol.findall(listed)
    if ",".join(f'"{symbol}":{since}' for symbol, since in pairs) != listed:
        return _malformed("symbols: not names with times")
    symbols = {symbol: int(since) for symbol, since in pairs}
    if len(symbols) != len(pairs):
        return _malformed("symbols: one comes twice")
    at_ms, seen_ms = int(at), int(seen)
    if seen_ms > at_ms:
        return _malformed("seen_ms: after at_ms")
    if at_ms < appended_ms - rules.max_age_ms:
        return Rejection(reason=Reason.TOO_OLD, detail="at_ms")
    if at_ms > appended_ms + rules.future_tolerance_ms:
        return Rejection(reason=Reason.IN_FUTURE, detail="at_ms")
    return SessionEvent(
        instance=instance,
        session=session,
        kind=SessionEventKind(kind),
        at_ms=at_ms,
        seen_ms=seen_ms,
        detail=detail,
        symbols=symbols,
    )


def _malformed(detail: str) -> Rejection:
    return Rejection(reason=Reason.MALFORMED, detail=f"event: {detail}")
