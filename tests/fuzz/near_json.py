"""Strategies of bytes that are JSON, or nearly so: what a careless or hostile sender makes of the messages that we read."""

from hypothesis import strategies as st

numbers = st.one_of(
    st.integers().map(str),
    st.integers(1, 6_000).map(lambda digits: "9" * digits),  # Python refuses to make an int of more than 4,300 digits
    st.from_regex(r"-?[0-9]{1,30}(\.[0-9]{0,30})?([eE][+-]?[0-9]{1,30})?", fullmatch=True),
    st.sampled_from(["NaN", "Infinity", "-Infinity", "-0", "-0.0", "1e999999999999999999", "0x10", "1_000", "٣"]),
)
strings = st.one_of(
    st.text().map(lambda text: f'"{text}"'),
    st.sampled_from(['"AAPL"', '"trade"', '"ping"', '"error"', r'"\ud800"', r'"\u0000"', r'"\udc00\ud800"', '"\\']),
)
_literals = st.sampled_from(["null", "true", "false", "", "[", "{", "[]", "{}"])
keys = st.sampled_from(['"type"', '"data"', '"msg"', '"s"', '"p"', '"v"', '"t"', '"c"', '"c', "s"]) | strings
blanks = st.sampled_from(["", "", "", " ", "\t", "\n", "\x00", "\ufeff"])


def _array(items: list[str]) -> str:
    return f"[{','.join(items)}]"


def _object(pairs: list[tuple[str, str]]) -> str:
    """Write an object; unlike a dict it may hold a key twice."""
    return "{" + ",".join(f"{key}:{value}" for key, value in pairs) + "}"


values = st.recursive(
    numbers | strings | _literals,
    lambda inner: (
        st.lists(inner, max_size=4).map(_array)
        | st.lists(st.tuples(keys, inner), max_size=6).map(_object)
        | st.tuples(blanks, inner).map("".join)
    ),
    max_leaves=12,
)
_deep = st.tuples(st.sampled_from(["[", '{"a":', '{"type":"trade","data":[']), st.integers(1, 20_000)).map(
    lambda nest: nest[0] * nest[1]
)
documents = (values | _deep).map(lambda text: text.encode("utf-8", "surrogatepass"))
"""Any document, one that is nested very deeply among them."""

trades = st.fixed_dictionaries(
    {},
    optional={
        '"s"': strings,
        '"p"': numbers | values,
        '"v"': numbers | values,
        '"t"': st.integers(1_699_999_000_000, 1_700_000_010_000).map(str) | numbers,
        '"c"': st.lists(strings, max_size=3).map(_array) | values,
    },
).map(lambda fields: _object(list(fields.items())))
usual_trades = st.tuples(st.sampled_from(["AAPL", "MSFT"]), st.integers(1, 999)).map(
    lambda trade: f'{{"c":null,"p":{trade[1]}.5,"s":"{trade[0]}","t":1700000000000,"v":1}}'
)
frames = st.lists(usual_trades | trades | values, max_size=6).map(
    lambda items: f'{{"data":{_array(items)},"type":"trade"}}'.encode("utf-8", "surrogatepass")
)
"""Frames of trades, each usual, odd or no trade at all."""
