"""Thousands of records, seeded: valid trades of every ugly kind, and records that each rule rejects."""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable, Iterator
from decimal import Decimal

import attrs

from domain.decimals import NOTIONAL_LIMIT, PRICE_LIMIT, SCALE, VOLUME_LIMIT, plain
from domain.identity import content_checksum, make_trade_id
from domain.market import classify
from domain.record import MAX_RECORD_BYTES, encode
from domain.rules import Rules
from domain.trade import Trade

T0_MS = 1_700_000_000_000
SYMBOLS = ("AAPL", "BINANCE:BTCUSDT", "OANDA:EUR_USD", "IC MARKETS:1", "0700.HK")
TICK = Decimal(1).scaleb(-SCALE)


@attrs.frozen(kw_only=True)
class Entry:
    """What a broker holds of one record."""

    value: bytes | None
    appended_ms: int


class Records:
    """A seeded source of records; `entry()` gives the next one."""

    def __init__(self, seed: int, rules: Rules | None = None) -> None:
        self._random = random.Random(seed)
        self._rules = rules or Rules()
        self._now_ms = T0_MS
        self._last: Trade | None = None
        self._ugly: tuple[Callable[[], Entry], ...] = (
            self._wrong_number,
            self._wrong_number,
            self._product_at_its_limit,
            self._wrong_time,
            self._wrong_symbol,
            self._mutated,
            self._garbage,
            self._other_version,
            self._grown,
        )

    def entries(self, count: int) -> list[Entry]:
        """Return the next `count` entries, about two in three of them valid."""
        return [self.entry() for _ in range(count)]

    def entry(self) -> Entry:
        return self._random.choice(self._ugly)() if self._random.random() < 0.4 else self._entry(self.trade())

    def trade(self) -> Trade:
        """Return a valid trade: often of the same millisecond as another, at times identical, late, or out of order."""
        if self._last is not None and self._random.random() < 0.03:
            return self._last
        self._now_ms += self._random.choice((0, 0, 0, 1, 7, 250, 2_000))
        behind_ms = self._random.choice((0, 0, 0, 0, 1, 500, 45_000, 400_000))
        symbol = self._random.choice(SYMBOLS)
        price, volume = self._amounts()
        codes = tuple(
            self._random.choices(
                ("1", "12", "24", "16", "41", "T", "", "a,b", "[x]", " "), k=self._random.choice((0, 0, 1, 3))
            )
        )
        market = classify(symbol)
        # Ids are often of the same ordinal, so that price and checksum break ties as well.
        trade_id = make_trade_id(self._random.choice((0, 1, 9_999, 10_000)), content_checksum(price, volume, codes))
        if self._random.random() < 0.1:
            trade_id = "0000-00000000"
        self._last = Trade(
            symbol=symbol,
            price=price,
            volume=volume,
            timestamp_ms=self._now_ms - behind_ms,
            trade_id=trade_id,
            conditions=codes,
            received_ms=self._now_ms + self._random.randrange(50),
            venue=market.venue,
            asset_class=market.asset_class,
        )
        return self._last

    def mutated(self, value: bytes) -> bytes:
        """Change, drop, double or insert a few bytes anywhere."""
        data = bytearray(value)
        for _ in range(self._random.randint(1, 3)):
            at = self._random.randrange(len(data))
            kind = self._random.randrange(5)
            if kind == 0:
                data[at] = self._random.randrange(256)
            elif kind == 1:
                del data[at]
            elif kind == 2:
                data[at:at] = self._random.choice(
                    (b"\n", b"\r", b"\xe2\x80\xa8", b"\x00", b" ", b'"', b"\\", b"0", b"}", b"-")
                )
            elif kind == 3:
                data[at:at] = data[at : at + self._random.randrange(1, 40)]
            else:
                data += self._random.choice((b"\n", b"\r\n", b" ", b"\x85", b"}", b"\xff"))
        return bytes(data)

    def _amounts(self) -> tuple[Decimal, Decimal]:
        kind = self._random.random()
        if kind < 0.2:
            return Decimal(self._random.randrange(1, 10**7)).scaleb(-5), Decimal(0)
        if kind < 0.3:
            return self._random.choice(
                (
                    (TICK, VOLUME_LIMIT - TICK),
                    (PRICE_LIMIT - TICK, TICK),
                    (PRICE_LIMIT - TICK, Decimal(99_999)),
                    (Decimal(9_999), VOLUME_LIMIT - TICK),
                    (TICK, TICK),
                )
            )
        return (
            Decimal(self._random.randrange(1, 10**12)).scaleb(-SCALE),
            Decimal(self._random.randrange(1, 10 ** self._random.randrange(1, 16))).scaleb(-SCALE),
        )

    def _entry(self, trade: Trade, value: bytes | None = None) -> Entry:
        appended_ms = trade.received_ms + self._random.choice((0, 3, 40, -20))
        return Entry(value=encode(trade) if value is None else value, appended_ms=appended_ms)

    def _with(self, field: str, text: str) -> Entry:
        """Write another text in the place of a field's value."""
        trade = self.trade()
        value = encode(trade).decode()
        start = value.index(f'"{field}":') + len(field) + 3
        end = value.index(',"', start)
        return self._entry(trade, (value[:start] + text + value[end:]).encode())

    def _wrong_number(self) -> Entry:
        limit = self._random.choice((PRICE_LIMIT, VOLUME_LIMIT, NOTIONAL_LIMIT))
        text = self._random.choice(
            (
                "0", "-0", "-0.0", "-1", "-0.000000001", "0.000000001", "0.00000001", "1.100000000", "1.123456780000000000",
                "0.000000000000000001", "99999999999999999999.999999999999999999", "99999999999999999999.999999995",
                "-99999999999999999999", plain(limit), plain(limit - TICK), plain(limit - TICK / 10), f"{plain(limit)}.000000000",
                "100000000000000000000", "1e5", "01", ".5", "1.", "+1", "NaN", "Infinity", "null", '"1"', "1.0000000000000000001",
            )
        )  # fmt: skip
        return self._with(self._random.choice(("price", "volume")), text)

    def _product_at_its_limit(self) -> Entry:
        price, volume = self._random.choice(
            (
                (Decimal(100_000), Decimal(10) ** 10),
                (Decimal(100_000), Decimal(10) ** 10 - TICK),
                (Decimal(100_000) - TICK, Decimal(10) ** 10),
                (Decimal(100_000) + TICK, Decimal(10) ** 10),
            )
        )
        return self._entry(attrs.evolve(self.trade(), price=price, volume=volume))

    def _wrong_time(self) -> Entry:
        trade = self.trade()
        clock_ms = trade.received_ms
        rules = self._rules
        edge = self._random.choice((clock_ms - rules.max_age_ms, clock_ms + rules.future_tolerance_ms))
        timestamp_ms = edge + self._random.choice((-50, -1, 0, 1, 50))
        changed = attrs.evolve(trade, timestamp_ms=timestamp_ms)
        if self._random.random() < 0.2:
            text = self._random.choice(("-0", "-1", "999999999999999", "-999999999999999", "1000000000000000", "1.0"))
            return self._with(self._random.choice(("timestamp_ms", "received_ms")), text)
        return Entry(value=encode(changed), appended_ms=clock_ms + self._random.choice((0, -1, 1)))

    def _wrong_symbol(self) -> Entry:
        name = self._random.choice(
            ("", " ", " A", "A ", "A" * 64, "A" * 65, "A" * 128, "A" * 129, "É", "A\\\\", "a\tb", "{", "~", "1\\n2")
        )
        return self._with("symbol", f'"{name}"')

    def _mutated(self) -> Entry:
        trade = self.trade()
        return self._entry(trade, self.mutated(encode(trade)))

    def _garbage(self) -> Entry:
        value = self._random.choice(
            (
                None, b"", b"{", b"{}", b"null", b"[]", b"\n", b"\xff\xfe", b"1\n2\n3\n4\n5\n6\n7\n8\n9", b'{"v":1,"', b'{"v":1}',
                b'{"v":' * 800, b'{"v":1,"symbol":"' + b"A" * MAX_RECORD_BYTES, b'{"v":2,"' + b"x" * MAX_RECORD_BYTES, b"\x00" * 70_000,
                self._random.randbytes(200),
            )
        )  # fmt: skip
        return Entry(value=value, appended_ms=self._now_ms)

    def _other_version(self) -> Entry:
        version = self._random.choice(
            (b"2", b"0", b"01", b"11", b"999999999", b"1000000000", b"-1", b"1.0", b'"1"', b"null")
        )
        trade = self.trade()
        return self._entry(trade, encode(trade).replace(b'{"v":1', b'{"v":' + version, 1))

    def _grown(self) -> Entry:
        trade = self.trade()
        added = self._random.choice(
            (
                ',"side":"buy"', ',"sequence":12', ',"a":null,"b":true,"c":false,"d":-1.5', ',"price":2', ',"priced":2', ',"v":1', ',"v1":1',
                ',"a":1,"a":2', ',"a":[1]', ',"a":{"b":1}', ',"A":1', ',"a":"' + "x" * 65 + '"', ',"n":1' * 16, ',"n":1' * 17, ', "a":1',
            )
        )  # fmt: skip
        return self._entry(trade, encode(trade)[:-1] + added.encode() + b"}")


def amounts_at_their_bounds() -> Iterator[bytes]:
    """Return records of every pair of a price and a volume at the bounds of what is usual and of what is valid, and of how they are written."""
    value = encode(attrs.evolve(Records(seed=1).trade(), price=Decimal(1), volume=Decimal(1), symbol="A")).decode()
    numbers = [
        "0", "-0", "-0.00000001", "0.00000001", "0.000000001", "0.0000000010", "1.500000000", "1.123456780000000000", "1.123456785",
        "9999999.99999999", "9999999.999999999", "10000000", "99999999.99999999", "99999999.999999999", "100000000.0",
        "9999999999.99999999", "9999999999.999999999", "10000000000", "99999999999.99999999", "100000000000", "99999999999999999999",
    ]  # fmt: skip
    for price, volume in itertools.product(numbers, numbers):
        yield value.replace('"price":1,"volume":1,', f'"price":{price},"volume":{volume},', 1).encode()


def padded() -> Iterator[bytes]:
    """Return valid records of, just below and just above the greatest length, and records that take patterns long to refuse."""
    trade = Records(seed=1).trade()
    short = encode(trade)[:-1]
    for size in (MAX_RECORD_BYTES - 1, MAX_RECORD_BYTES, MAX_RECORD_BYTES + 1):
        yield short + b'"' * (size - len(short))
        # No record of a known form is as long; one of another version is named so up to the limit.
        yield b'{"v":2,"'.ljust(size, b"x")
    yield short + b',"abcdefghijklmnopqrstuvwxyz012345":"%s"' % (b"y" * 64) * 16 + b"}"
    yield short + b',"abcdefghijklmnopqrstuvwxyz012345":"%s"' % (b"y" * 64) * 16 + b"]"
    yield short.replace(b'"conditions":[', b'"conditions":["a"' + b',"bbbbbbbbbbbbbbbb"' * 200)
    yield b'{"v":1,"symbol":"' + b"[" * 4000
    yield b"{" * MAX_RECORD_BYTES
    yield b'{"v":1,' * 1_000_000
    yield b"\xf0\x9f\x92\xa9" * 260_000
    yield b"9" * 1_048_576
