"""Passphrases, private keys and other contents of secrets."""

from __future__ import annotations

from typing import NoReturn


class SecretStr:
    """A text that no log, message or traceback shows; `get_secret_value` returns it."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def get_secret_value(self) -> str:
        """Return the text."""
        return self._text

    def __repr__(self) -> str:
        return "SecretStr()"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a secret is not serialised")
