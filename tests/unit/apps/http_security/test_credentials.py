import base64

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typed_settings import SecretStr

from apps.http_security.credentials import Credentials, check_token
from apps.http_security.password_hash import PasswordHash
from domain.errors import TapelineError

TOKEN = SecretStr("0123456789abcdef")
HASH = PasswordHash.of("correct horse")


def basic(user: str, password: str) -> str:
    return f"Basic {base64.b64encode(f'{user}:{password}'.encode()).decode()}"


def test_without_credentials_everyone_may_pass() -> None:
    assert Credentials().accept("")
    assert Credentials().accept("Bearer anything")


@pytest.mark.parametrize(
    "authorization",
    [
        f"Bearer {TOKEN}",
        f"bearer  {TOKEN} ",
        basic("anyone", TOKEN),
        basic("", TOKEN),
        basic("prometheus", "correct horse"),
    ],
)
def test_the_token_and_the_password_pass(authorization: str) -> None:
    assert Credentials(token=TOKEN, user="prometheus", password_hash=HASH).accept(authorization)


@pytest.mark.parametrize(
    "authorization",
    [
        "",
        "Bearer",
        "Bearer ",
        f"Bearer {TOKEN[:-1]}",
        f"Bearer {TOKEN}0",
        f"Token {TOKEN}",
        TOKEN,
        "Basic ",
        "Basic ====",
        "Basic \xff",
        basic("prometheus", ""),
        basic("prometheus", "wrong horse"),
        basic("other", "correct horse"),
        # The password belongs to the user: it is not a token.
        "Bearer correct horse",
    ],
)
def test_nothing_else_passes(authorization: str) -> None:
    assert not Credentials(token=TOKEN, user="prometheus", password_hash=HASH).accept(authorization)


@given(st.text())
def test_any_header_is_judged_without_an_error(authorization: str) -> None:
    assert not Credentials(token=TOKEN).accept(authorization)
    assert not Credentials(token=TOKEN).accept(f"Basic {authorization}")


def test_a_password_without_a_token_does_not_open_the_door_to_an_empty_token() -> None:
    only_password = Credentials(user="prometheus", password_hash=HASH)
    assert not only_password.accept("Bearer ")
    assert not only_password.accept(basic("", ""))


def test_no_secret_is_shown() -> None:
    shown = repr(Credentials(token=TOKEN, user="prometheus", password_hash=HASH))
    assert TOKEN not in shown
    assert HASH.digest.hex() not in shown
    assert repr(HASH.digest) not in shown


@pytest.mark.parametrize("token", ["", "short", "0123456789abcde", "0123456789 abcdef", "0123456789abcdefü"])
def test_a_token_that_is_not_safe_is_refused_without_being_shown(token: str) -> None:
    with pytest.raises(TapelineError, match="TAPELINE_X_TOKEN: a token has at least 16") as refusal:
        check_token(SecretStr(token), "TAPELINE_X_TOKEN")
    assert not token or token not in str(refusal.value)


@given(st.text(max_size=30))
@settings(max_examples=5, deadline=None)
def test_a_hash_survives_its_text_form_and_matches_its_password_alone(password: str) -> None:
    written = PasswordHash.parse(f"{PasswordHash.of(password)}\n")
    assert written.matches(password)
    assert not written.matches(f"{password}x")


def test_the_largest_cost_can_be_computed() -> None:
    assert not PasswordHash.parse(str(HASH).replace("16384:8", "65536:31")).matches("correct horse")


def test_the_same_password_has_a_different_hash_each_time() -> None:
    assert str(PasswordHash.of("a")) != str(PasswordHash.of("a"))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "correct horse",
        "$2y$10$abcdefghijklmnopqrstuv",
        str(HASH)[:-70],
        # Costs that would take this process down, or are none.
        str(HASH).replace("16384", "999999"),
        str(HASH).replace("16384", "16385"),
        str(HASH).replace("16384", "1"),
        str(HASH).replace("16384:8", "65536:32"),
        str(HASH).replace("16384:8", "16384:0"),
        f"{HASH}0",
        str(HASH).replace(":1:", ":1:0"),
    ],
    # The salt differs in each process, and workers must agree on the names of tests.
    ids=[
        "empty",
        "a password",
        "bcrypt",
        "cut off",
        "too costly",
        "no power of two",
        "too cheap",
        "too much memory",
        "no blocks",
        "half a byte of hash",
        "half a byte of salt",
    ],
)
def test_what_is_not_a_hash_is_refused_without_being_shown(text: str) -> None:
    with pytest.raises(TapelineError, match="a password hash has the form scrypt") as refusal:
        PasswordHash.parse(text)
    assert not text or text not in str(refusal.value)
