"""Records of events, seeded: valid ones of every kind, and records that each rule rejects."""

from __future__ import annotations

import random

import attrs

from domain.rules import Rules
from domain.session import SessionEvent, SessionEventKind
from domain.session_record import encode_event
from domain.window import EARLIEST_MS, LATEST_MS

from .records import SYMBOLS, T0_MS, Entry

KINDS = tuple(SessionEventKind)
PRINTABLE = "".join(chr(c) for c in range(0x20, 0x7F))


class SessionRecords:
    """A seeded source; `now_ms` is the moment around which the events are."""

    def __init__(self, seed: int, now_ms: int = T0_MS) -> None:
        self._random = random.Random(seed)
        self._now_ms = now_ms

    def event(self) -> SessionEvent:
        """Return a valid event, of one of few sessions, out of order."""
        rng = self._random
        at_ms = self._now_ms - rng.randrange(6 * 3_600_000)
        names = rng.sample([*SYMBOLS, "~!#$%&()*,-./:;<=>?@[]^_`{|}", "$1", "a,b"], rng.randrange(5))
        return SessionEvent(
            instance=f"producer-{rng.randrange(2)}",
            session=f"{rng.randrange(3):08x}-1",
            kind=rng.choice([SessionEventKind.ALIVE, *KINDS]),
            at_ms=at_ms,
            seen_ms=at_ms - rng.choice([0, 20, 60_000]),
            detail=rng.choice(["", "closed by the server: 1008", '"\\ü', "$1", "{}"]),
            symbols={name: at_ms - rng.randrange(3_600_000) for name in names},
        )

    def valid(self, count: int) -> list[Entry]:
        """Return entries of valid events."""
        return [Entry(value=encode_event(self.event()), appended_ms=self._now_ms) for _ in range(count)]

    def entries(self, count: int) -> list[Entry]:
        """Return entries, about half of them valid."""
        return [self._entry() for _ in range(count)]

    def _entry(self) -> Entry:
        rng = self._random
        event = self.event()
        value: bytes | None = encode_event(event)
        assert value is not None
        match rng.randrange(16):
            case 0:
                value = None
            case 1:
                value = rng.randbytes(rng.randrange(60))
            case 2:
                value = value.replace(b'{"v":1', rng.choice([b'{"v":2', b'{"v":10', b'{"v": 1', b'{"V":1']), 1)
            case 3 | 4 | 5:
                at = rng.randrange(len(value))
                value = value[:at] + rng.choice(PRINTABLE + "\n").encode() + value[at + rng.randrange(2) :]
            case 6:
                twice = rng.choice(
                    ['"AAPL":1,"AAPL":1', '"AAPL":1,', ',"AAPL":1', '"AAPL":01', '"A":1}{"B":2', '"A":-1', ""]
                )
                value = value[: value.index(b'"symbols":{')] + f'"symbols":{{{twice}}}}}'.encode()
            case 7:
                grown = rng.choice(
                    [b'"more":1,', b'"more":null,', b'"kind":1,', b'"more":{},', b'"a":1,"b":"x","c":-0.5,']
                )
                value = value.replace(b'"symbols"', grown + b'"symbols"', 1)
            case 8:
                value = value.replace(b'"detail":"', b'"detail":"' + b"x" * rng.choice([150, 200, 201, 70_000]), 1)
            case 9:
                many = ",".join(f'"{n:060d}":{T0_MS}' for n in range(rng.choice([500, 1_000])))
                value = value[: value.index(b'"symbols":{')] + f'"symbols":{{{many}}}}}'.encode()
            case 10:
                value = value.replace(b'"seen_ms":', rng.choice([b'"seen_ms":9', b'"seen_ms":-', b'"seen_ms":0']), 1)
            case 11:
                late = rng.choice([LATEST_MS, LATEST_MS + 1, 10**15 - 1])
                value = value[: value.index(b'"symbols":{')] + f'"symbols":{{"AAPL":{late}}}}}'.encode()
            case 12:
                moment = rng.choice([EARLIEST_MS, LATEST_MS, LATEST_MS + 1])
                moved = attrs.evolve(event, at_ms=moment, seen_ms=moment, symbols={"AAPL": moment})
                return Entry(value=encode_event(moved), appended_ms=moment)
            case _:
                pass
        age_ms = rng.choice(
            [0] * 8 + [Rules().max_age_ms - 3_600_000, Rules().max_age_ms, -10_000, -3_600_000, -7 * 3_600_000]
        )
        return Entry(value=value, appended_ms=self._now_ms + age_ms)
