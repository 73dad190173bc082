"""How much of a run a message contains."""

from __future__ import annotations

#: SNS: fewer than 100 characters, printable ASCII to be safe with every protocol (API, Publish).
MAX_SUBJECT = 99
#: SNS: 262,144 bytes for the whole message; some are kept back.
MAX_MESSAGE_BYTES = 250_000
#: The least size of a finding in all bodies together, to format no more findings than fit.
LEAST_FINDING_BYTES = 1000
#: Amazon Q Developer in chat applications, custom notifications. Titles may have 250 and next steps
#: 350 characters, which a subject and the meaning of an action stay below.
MAX_DESCRIPTION = 8000
CHAT_FINDINGS = 15
CHAT_ERRORS = 5
#: Values of one attribute.
MAX_VALUES = 500
SHOWN_NAMES = 2
#: Consumers and probe results of a certificate.
SHOWN_TEXTS = 5
SHOWN_OTHERS = 20
SHOWN_OLD_FAILURES = 10
SHOWN_SCOPES = 50
SHOWN_CHANGES = 50
MAX_ERROR = 500
LEAST_ERROR = 100
#: Characters of names and of actions in the document for programs.
MAX_NAME = 500
MAX_DETAIL = 1000
