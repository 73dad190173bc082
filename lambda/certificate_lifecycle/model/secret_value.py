"""Texts that must not show: passphrases, private keys, and what secrets hold."""

from __future__ import annotations

from typing import NoReturn


class SecretStr:
    """A text that no log, message or traceback shows; only `get_secret_value` gives it away."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def get_secret_value(self) -> str:
        """Return the text, for the one call that needs it."""
        return self._text

    def __repr__(self) -> str:
        return "Hidden()"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a hidden text is not written down")
