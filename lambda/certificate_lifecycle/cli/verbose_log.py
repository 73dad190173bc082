"""The log of `--verbose`: one line on standard error for each event, with its fields."""

from __future__ import annotations

import logging
import sys

from certificate_lifecycle.log import logger
from certificate_lifecycle.model.sanitize import clean, clean_layout

#: What every record has; the rest are the fields of `extra`.
_STANDARD = {*vars(logging.makeLogRecord({})), "asctime", "message"}


class _Line(logging.Formatter):
    """Time, level, text, and fields as `name=value`; values from AWS are untrusted."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s.%(msecs)03d %(levelname)s %(message)s", "%H:%M:%S")

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - the name of logging
        fields = {name: v for name, v in vars(record).items() if name not in _STANDARD}
        shown = (f" {name}={clean(str(value))}" for name, value in fields.items())
        return super().formatMessage(record) + "".join(shown)

    def format(self, record: logging.LogRecord) -> str:
        return clean_layout(super().format(record))


def set_up_log(*, verbose: bool) -> None:
    """Write the log to standard error, or nowhere."""
    logger.handlers.clear()
    logger.propagate = False
    if not verbose:
        logger.addHandler(logging.NullHandler())
        return
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Line())
    logger.addHandler(handler)
    logger.setLevel(logging.DEBUG)
