"""Groups of settings that several apps share, such as the brokers, and how a setting is declared.

A group has the name of its table in a settings file. It builds the settings of its adapter when it is loaded, so a wrong value is found at once.
"""

from pathlib import Path
from typing import Any, Final, Literal

import attrs
import typed_settings as ts

from adapters.cassandra.settings import CassandraSettings
from adapters.finnhub.settings import FINNHUB_URL, FinnhubSettings
from adapters.kafka.security import KafkaSecurity
from adapters.kafka.settings import KafkaSettings
from adapters.simulator.settings import SimulatorSettings
from domain.rules import Rules

from .secret_files import require_private_file, secret_of

_FINNHUB: Final = FinnhubSettings()
_KAFKA: Final = KafkaSettings()
_CASSANDRA: Final = CassandraSettings()
_FILE: Final = {"metavar": "FILE"}


def comma_list(default: tuple[str, ...], text: str, *, metavar: str = "A,B,...") -> Any:
    """Declare a setting that is a list: separated by commas in a flag or a variable, an array in TOML."""
    return ts.option(default=default, help=text, click={"multiple": False, "type": str, "metavar": metavar})


def in_seconds(name: str, default: float | None, text: str, *, zero: bool = False) -> Any:
    """Declare a span of time whose flag is named without its unit: the setting `duration_s` is `--duration`."""

    def check(_instance: object, _attribute: object, value: float | None) -> None:
        if value is not None and not (value > 0 or (zero and value == 0)):
            raise ValueError(
                f"--{name}: a {'number of seconds, 0 or more' if zero else 'positive number of seconds'}, not {value}"
            )

    return ts.option(default=default, validator=check, help=f"{text} [seconds]", click={"param_decls": (f"--{name}",)})


def _text(path: Path | None) -> str:
    """Return a path as the adapters take it: empty for None."""
    return "" if path is None else str(path)


@attrs.frozen(kw_only=True)
class FinnhubOptions:
    """The connection to Finnhub."""

    token: ts.SecretStr = ts.secret(default=ts.SecretStr(""), help="API key")
    token_file: Path | None = ts.option(
        default=None,
        help="File with the API key, readable by its owner alone; or set TAPELINE_FINNHUB_TOKEN",
        click=_FILE,
    )
    url: str = ts.option(default=FINNHUB_URL, help="Address of Finnhub's WebSocket, or of a simulator's")
    max_symbols: int = ts.option(
        default=50, validator=attrs.validators.ge(1), help="Symbols of the watchlist that the key can carry"
    )
    silence_timeout_s: float = in_seconds(
        "finnhub-silence-timeout",
        _FINNHUB.silence_timeout_s,
        "Close a connection that was silent for this time, and reconnect; Finnhub pings every 60 s",
    )

    def __attrs_post_init__(self) -> None:
        self.adapter()

    def adapter(self) -> FinnhubSettings:
        """Return the settings of the adapter. Raise ValueError on a wrong address."""
        return FinnhubSettings(url=self.url, token=self.key, silence_timeout_s=self.silence_timeout_s)

    @property
    def key(self) -> str:
        """The API key; empty if there is none. Raise SecretFileError if its file cannot be used."""
        return secret_of("finnhub.token", self.token, self.token_file)


@attrs.frozen(kw_only=True)
class KafkaOptions:
    """The brokers."""

    bootstrap_servers: str = ts.option(
        default="127.0.0.1:9092", help="Brokers for the first connection, as host:port,host:port"
    )
    trades_topic: str = ts.option(default="trades", help="Topic of valid trades")
    dead_letters_topic: str = ts.option(default="trades.dlq", help="Topic of dead letters")
    events_topic: str = ts.option(default="feed.events", help="Topic of events of the feeds' connections")
    candles_topic: str = ts.option(default="candles", help="Topic of candles, if the aggregator publishes them")
    watchlist_topic: str = ts.option(default="watchlist", help="Topic of the symbols that producers share")
    linger_ms: int = ts.option(default=5, help="How long a record may wait for others in its batch")
    buffer_messages: int = ts.option(
        default=_KAFKA.buffer_messages,
        help="Records that may wait for an acknowledgement; more apply backpressure to the feed",
    )
    buffer_kib: int = ts.option(
        default=_KAFKA.buffer_kib, help="The same bound in KiB; the one that is reached first applies"
    )
    connect_timeout_s: float = ts.option(
        default=_KAFKA.connect_timeout_s, help="How long to wait for a broker at the start"
    )
    properties: dict[str, str] = ts.secret(
        factory=dict, help="More librdkafka properties, such as compression.type=zstd; they may be secrets"
    )
    security_protocol: Literal["PLAINTEXT", "SSL", "SASL_SSL"] = ts.option(
        default="PLAINTEXT", help="Protection of connections: SSL is TLS, SASL_SSL adds a user and a password"
    )
    ssl_ca_file: Path | None = ts.option(
        default=None, help="Authority of the brokers' certificates, PEM  [default: the system's]", click=_FILE
    )
    ssl_cert_file: Path | None = ts.option(default=None, help="Client certificate and its chain, PEM", click=_FILE)
    ssl_key_file: Path | None = ts.option(default=None, help="Private key of the client certificate, PEM", click=_FILE)
    sasl_mechanism: Literal["SCRAM-SHA-512", "SCRAM-SHA-256", "PLAIN", "OAUTHBEARER"] = ts.option(
        default="SCRAM-SHA-512", help="How the client proves who it is"
    )
    sasl_username: str = ts.option(default="", help="User, if the brokers require one")
    sasl_password: ts.SecretStr = ts.secret(default=ts.SecretStr(""), help="Password")
    sasl_password_file: Path | None = ts.option(
        default=None,
        help="File with the password, readable by its owner alone; or set TAPELINE_KAFKA_SASL_PASSWORD",
        click=_FILE,
    )
    sasl_token_endpoint: str = ts.option(
        default="", help="For OAUTHBEARER: address that gives a token for the user and the password, by OpenID Connect"
    )
    sasl_token_scope: str = ts.option(default="", help="What that token is asked for")

    def __attrs_post_init__(self) -> None:
        self.adapter()

    def adapter(self) -> KafkaSettings:
        """Return the settings of the adapter. Raise ValueError on wrong values, or if a secret file cannot be used."""
        if self.ssl_key_file is not None:
            require_private_file(self.ssl_key_file)
        return KafkaSettings(
            bootstrap_servers=self.bootstrap_servers,
            trades_topic=self.trades_topic,
            dead_letters_topic=self.dead_letters_topic,
            events_topic=self.events_topic,
            candles_topic=self.candles_topic,
            watchlist_topic=self.watchlist_topic,
            linger_ms=self.linger_ms,
            buffer_messages=self.buffer_messages,
            buffer_kib=self.buffer_kib,
            connect_timeout_s=self.connect_timeout_s,
            security=KafkaSecurity(
                protocol=self.security_protocol,
                ca_file=_text(self.ssl_ca_file),
                cert_file=_text(self.ssl_cert_file),
                key_file=_text(self.ssl_key_file),
                sasl_mechanism=self.sasl_mechanism,
                username=self.sasl_username,
                password=secret_of("kafka.sasl_password", self.sasl_password, self.sasl_password_file),
                token_endpoint=self.sasl_token_endpoint,
                token_scope=self.sasl_token_scope,
            ),
            extra=self.properties,
        )


@attrs.frozen(kw_only=True)
class CassandraOptions:
    """The store."""

    hosts: tuple[str, ...] = comma_list(("127.0.0.1",), "Nodes for the first connection", metavar="HOST,HOST,...")
    port: int = ts.option(default=9042, help="CQL port")
    keyspace: str = ts.option(default="tapeline", help="Keyspace of the tables")
    local_dc: str = ts.option(default="dc1", help="Data centre to connect to")
    username: str = ts.option(default="", help="User, if the server requires one")
    password: ts.SecretStr = ts.secret(default=ts.SecretStr(""), help="Password")
    password_file: Path | None = ts.option(
        default=None,
        help="File with the password, readable by its owner alone; or set TAPELINE_CASSANDRA_PASSWORD",
        click=_FILE,
    )
    tls: bool = ts.option(default=False, help="Connect by TLS, with verified host names")
    ca_file: Path | None = ts.option(
        default=None, help="Authority of the nodes' certificates, PEM  [default: the system's]", click=_FILE
    )
    cert_file: Path | None = ts.option(default=None, help="Client certificate and its chain, PEM", click=_FILE)
    key_file: Path | None = ts.option(default=None, help="Private key of the client certificate, PEM", click=_FILE)
    tls_server_name: str = ts.option(
        default="", help="Name in the certificate of every node, other than Spark's  [default: the node's address]"
    )
    consistency: str = ts.option(default=_CASSANDRA.consistency, help="Consistency level of reads and writes")

    def __attrs_post_init__(self) -> None:
        self.adapter()

    def adapter(self) -> CassandraSettings:
        """Return the settings of the adapter. Raise ValueError on wrong values, or if a secret file cannot be used."""
        if self.key_file is not None:
            require_private_file(self.key_file)
        return CassandraSettings(
            hosts=self.hosts,
            port=self.port,
            keyspace=self.keyspace,
            local_dc=self.local_dc,
            username=self.username,
            password=secret_of("cassandra.password", self.password, self.password_file),
            tls=self.tls,
            ca_file=_text(self.ca_file),
            cert_file=_text(self.cert_file),
            key_file=_text(self.key_file),
            tls_server_name=self.tls_server_name,
            consistency=self.consistency,
        )


@attrs.frozen(kw_only=True)
class SimulatorOptions:
    """The simulated feed, where one is used."""

    rate: float = ts.option(default=50.0, help="Trades a second, all symbols together")
    seed: int = ts.option(default=7, help="The same seed gives the same walk of prices")

    def __attrs_post_init__(self) -> None:
        self.adapter()

    def adapter(self) -> SimulatorSettings:
        """Return the settings of the adapter."""
        # Nobody reads the ledger of frames here.
        return SimulatorSettings(rate=self.rate, seed=self.seed, ledger_limit=0)


@attrs.frozen(kw_only=True)
class RuleOptions:
    """Tolerances of the validation."""

    max_age_s: float = ts.option(default=Rules().max_age_ms / 1000, help="Reject trades older than this")
    future_tolerance_s: float = ts.option(
        default=Rules().future_tolerance_ms / 1000, help="Reject trades stamped further ahead than this"
    )

    def __attrs_post_init__(self) -> None:
        self.adapter()

    def adapter(self) -> Rules:
        """Return the rules of the domain."""
        return Rules(max_age_ms=round(self.max_age_s * 1000), future_tolerance_ms=round(self.future_tolerance_s * 1000))
