"""How much of a run a message contains."""

from __future__ import annotations

#: SNS: fewer than 100 characters, printable ASCII to be safe with every protocol (API, Publish).
MAX_SUBJECT = 99
#: SNS: 262,144 bytes for the whole message; some are kept back.
MAX_MESSAGE_BYTES = 250_000
#: Lines of a mail without its steps and its last links, and characters of a line.
MAIL_LINES = 60
MAIL_COLUMNS = 100
#: Entries of each list beside the findings, such as the repairs of the run, and of all lists.
SHOWN_OTHERS = 3
SHOWN_OTHERS_TOGETHER = 12
#: Characters of the names of a group of findings; consumers of a finding, and regions.
NAMES_COLUMNS = 90
SHOWN_REGIONS = 8
SHOWN_CONSUMERS = 2
#: Bytes of the commands of a mail.
COMMANDS_BYTES = 80_000
#: Findings of a step whose details a mail has if there is no report.
STEP_DETAILS = 10
#: Amazon Q Developer in chat applications, custom notifications: a next step has 350 characters,
#: and a description 8,000, which fewer than 50 lines stay below.
MAX_NEXT_STEP = 350
CHAT_COLUMNS = 158
CHAT_GROUPS = 12
CHAT_OTHERS = 3
CHAT_STEPS = 3
#: Values of one attribute, and the characters of a value.
MAX_VALUES = 500
MAX_VALUE = 256
#: Characters of a name, an error and an action in the document for programs, and its scopes.
MAX_NAME = 500
MAX_ERROR = 500
MAX_DETAIL = 1000
SHOWN_SCOPES = 50
