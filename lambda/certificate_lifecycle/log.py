"""The one logger; Lambda's JSON log format turns `extra` into top-level keys."""

from __future__ import annotations

import logging

logger = logging.getLogger("certificate_lifecycle")
