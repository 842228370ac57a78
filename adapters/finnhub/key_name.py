"""A name for an API key, by which two users of one key can be told from users of two, and nobody can tell the key.

It is a slow hash (scrypt, RFC 7914), salted by what the name is for: the same key has another name elsewhere.
"""

import hashlib


def name_of_key(key: str, purpose: str) -> str:
    """Give the name: always the same one for a key and a purpose, 16 hex digits."""
    return hashlib.scrypt(key.encode(), salt=purpose.encode(), n=2**14, r=8, p=1, dklen=8).hex()
