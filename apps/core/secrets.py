"""Encrypting what must be read again, with a key that never enters the database."""

import base64
import hashlib
from functools import cache

from cryptography.fernet import Fernet
from django.conf import settings


def column_key() -> bytes:
    """The Fernet key derived from the installation's secret; also for processes without Django."""
    digest = hashlib.sha256(b"hearth column encryption\0" + settings.SECRET_KEY.encode()).digest()
    return base64.urlsafe_b64encode(digest)


@cache
def _cipher() -> Fernet:
    return Fernet(column_key())


def encrypt(plain: str) -> str:
    return _cipher().encrypt(plain.encode()).decode()


def decrypt(sealed: str) -> str:
    """Raises cryptography.fernet.InvalidToken when another key sealed it."""
    return _cipher().decrypt(sealed.encode()).decode()
