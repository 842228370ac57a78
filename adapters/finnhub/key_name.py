"""A name for an API key: equal for two users of the same key, and it does not reveal the key.

The name is a slow hash (scrypt, RFC 7914), with its purpose as the salt: for another purpose the same key has another name.
"""

import hashlib


def name_of_key(key: str, purpose: str) -> str:
    """Return the name of a key for a purpose, always the same one: 16 hex digits."""
    return hashlib.scrypt(key.encode(), salt=purpose.encode(), n=2**14, r=8, p=1, dklen=8).hex()
