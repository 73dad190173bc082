"""How much of a run a message contains: the limits of SNS and of chats, and what people read."""

from __future__ import annotations

#: SNS: fewer than 100 characters, printable ASCII to be safe with every protocol (API, Publish).
MAX_SUBJECT = 99
#: SNS: 262,144 bytes for the whole message; some are kept back.
MAX_MESSAGE_BYTES = 250_000
#: What a finding takes at the least in all bodies together: more than fit are not even formatted.
LEAST_FINDING_BYTES = 1000
#: Amazon Q Developer in chat applications, custom notifications. Titles may have 250 and next steps
#: 350 characters, which a subject and the meaning of an action stay below.
MAX_DESCRIPTION = 8000
CHAT_FINDINGS = 15
CHAT_ERRORS = 5
#: Values of one attribute; a longer list would crowd out the findings.
MAX_VALUES = 500
SHOWN_NAMES = 2
#: Of what uses a certificate, and of what is served under its names.
SHOWN_TEXTS = 5
SHOWN_OTHERS = 20
SHOWN_SCOPES = 50
SHOWN_CHANGES = 50
MAX_ERROR = 500
LEAST_ERROR = 100
#: Of what a certificate is called, and of what was done for it, in the document for machines.
MAX_NAME = 500
MAX_DETAIL = 1000
