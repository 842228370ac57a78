"""A candle on the topic `candles`: one version as an absolute value, for services that subscribe instead of polling a store.

    AAPL|60000|1680286500000 -> {"v":1,"symbol":"AAPL","window_ms":60000,"window_start_ms":1680286500000,"known_at_ms":1680286561200,
     "reason":null,"final":false,"open":"164.06",...,"eligible_open":"164.06",...,"eligible_close_trade_id":"0001-0a1b2c3d"}

1. The key names the symbol, the length and the start of the window, so the compacted topic keeps the newest version of each candle.
2. Each value replaces the one before. A replay may publish a value again, with the same `known_at_ms`.
3. `final` is true when no trade can change the candle any more. Only a reconciliation corrects it then, and its correction is final as well.
4. Decimals are texts of plain digits, times are milliseconds since the epoch, and what does not exist is null. Fields may be added.
"""

import json
from decimal import Decimal
from typing import Any, Final, Self

import attrs

from .candle import Candle
from .candle_revision import CandleVersion, RevisionReason
from .decimals import plain
from .eligible_view import EligibleView
from .trade import TradeKey

SCHEMA_VERSION: Final = 1


@attrs.frozen(kw_only=True)
class CandleUpdate:
    """One version of a candle, as it is published."""

    version: CandleVersion
    is_final: bool

    @property
    def key(self) -> str:
        """The key of its record."""
        candle = self.version.candle
        return f"{candle.symbol}|{candle.window_ms}|{candle.window_start_ms}"

    def encode(self) -> bytes:
        """Return the value of its record."""
        candle, reason = self.version.candle, self.version.reason
        fields = {
            "v": SCHEMA_VERSION,
            "symbol": candle.symbol,
            "window_ms": candle.window_ms,
            "window_start_ms": candle.window_start_ms,
            "known_at_ms": self.version.known_at_ms,
            "reason": None if reason is None else str(reason),
            "final": self.is_final,
            **_raw_fields(candle),
            **_eligible_fields(candle.eligible),
        }
        return json.dumps(fields, separators=(",", ":")).encode()

    @classmethod
    def decode(cls, value: bytes) -> Self:
        """Return the update of a record. Raise ValueError if it is none of this schema version."""
        try:
            fields = json.loads(value)
            if fields["v"] != SCHEMA_VERSION:
                raise ValueError(f"a candle of schema version {fields['v']}, not {SCHEMA_VERSION}")
            reason = fields["reason"]
            version = CandleVersion(
                candle=_candle(fields),
                known_at_ms=fields["known_at_ms"],
                reason=None if reason is None else RevisionReason(reason),
            )
            return cls(version=version, is_final=fields["final"])
        except (KeyError, TypeError, ArithmeticError) as error:
            raise ValueError(f"not a record of a candle: {error!r}") from error


def _raw_fields(candle: Candle) -> dict[str, Any]:
    return {
        "open": plain(candle.open),
        "high": plain(candle.high),
        "low": plain(candle.low),
        "close": plain(candle.close),
        "volume": plain(candle.volume),
        "trade_count": candle.trade_count,
        "update_count": candle.update_count,
        "notional": plain(candle.notional),
        "vwap": _text(candle.vwap),
        "open_timestamp": candle.open_key.timestamp_ms,
        "open_trade_id": candle.open_key.trade_id,
        "close_timestamp": candle.close_key.timestamp_ms,
        "close_trade_id": candle.close_key.trade_id,
    }


def _eligible_fields(view: EligibleView) -> dict[str, Any]:
    first, last = view.open_key, view.close_key
    return {
        "eligible_open": _text(view.open),
        "eligible_high": _text(view.high),
        "eligible_low": _text(view.low),
        "eligible_close": _text(view.close),
        "eligible_volume": plain(view.volume),
        "eligible_count": view.trade_count,
        "eligible_vwap_volume": plain(view.vwap_volume),
        "eligible_notional": plain(view.notional),
        "eligible_vwap": _text(view.vwap),
        "eligible_open_timestamp": first and first.timestamp_ms,
        "eligible_open_trade_id": first and first.trade_id,
        "eligible_close_timestamp": last and last.timestamp_ms,
        "eligible_close_trade_id": last and last.trade_id,
    }


def _candle(fields: dict[str, Any]) -> Candle:
    return Candle(
        symbol=fields["symbol"],
        window_start_ms=fields["window_start_ms"],
        window_ms=fields["window_ms"],
        open_key=TradeKey(fields["open_timestamp"], fields["open_trade_id"], Decimal(fields["open"])),
        close_key=TradeKey(fields["close_timestamp"], fields["close_trade_id"], Decimal(fields["close"])),
        high=Decimal(fields["high"]),
        low=Decimal(fields["low"]),
        volume=Decimal(fields["volume"]),
        trade_count=fields["trade_count"],
        update_count=fields["update_count"],
        notional=Decimal(fields["notional"]),
        eligible=EligibleView(
            open_key=_key(fields, "open"),
            close_key=_key(fields, "close"),
            high=_number(fields["eligible_high"]),
            low=_number(fields["eligible_low"]),
            volume=Decimal(fields["eligible_volume"]),
            trade_count=fields["eligible_count"],
            vwap_volume=Decimal(fields["eligible_vwap_volume"]),
            notional=Decimal(fields["eligible_notional"]),
        ),
    )


def _key(fields: dict[str, Any], name: str) -> TradeKey | None:
    price = _number(fields[f"eligible_{name}"])
    if price is None:
        return None
    return TradeKey(fields[f"eligible_{name}_timestamp"], fields[f"eligible_{name}_trade_id"], price)


def _text(value: Decimal | None) -> str | None:
    return None if value is None else plain(value)


def _number(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)
