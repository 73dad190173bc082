"""What fuzzing has found and what was mended, each with a test that would find it again."""

from __future__ import annotations

#: A sentence each: what came in, what came of it, and what comes of it now.
FINDINGS = (
    # --- Names ---
    (
        "A full-width `*`, or a character that only looks like a dot, became a wildcard or a "
        "label of the name that was asked for; it is refused."
    ),
    (
        "A letter that Unicode has assigned since IDNA 2003, such as a capital ß, became "
        "another name; it is refused, and its `xn--` form is taken."
    ),
    (
        "A capital letter that Unicode has given a small one since, such as a Cherokee or a "
        "Georgian one, became another name; it is refused."
    ),
    # --- Events and environments ---
    (
        "JSON that is too deep ended an invocation, or a cold start, with a RecursionError; it "
        "is a fault like any other."
    ),
    (
        "An event of megabytes got an error of megabytes, which no failure destination takes; "
        "the error names as many faults as 30,000 characters hold, and counts the others."
    ),
    (
        "Digits and letters of other scripts passed for those of account ids, regions and ARNs; "
        "they are none."
    ),
    (
        "A wish beside the step of a run over an organization, such as `dry_run`, was not "
        "heeded; it is refused."
    ),
    ("A run that was started in the year 1, or 9999, ended with an OverflowError; it is refused."),
    (
        "`rate()` with more days than a calendar has ended every invocation with an "
        "OverflowError; such a schedule never comes due."
    ),
    ("Keys of events and of variables were shown with their control characters; they are escaped."),
    # --- What AWS answers ---
    (
        "A certificate that never ends (31 December 9999) lost a whole region for the command "
        "line on a machine east of Greenwich; all moments are read in UTC."
    ),
    (
        "An answer without a member that is promised ended the creation function with a "
        "KeyError; it ends with AnswerNotUnderstoodError, which says what is missing in which "
        "answer."
    ),
    (
        "An answer about another certificate than the one that was asked for lost the whole "
        "account and region; it is one certificate that could not be read."
    ),
    (
        "A renewal in a state that this version does not know passed for one that AWS has not "
        "begun; its verdict is Unknown."
    ),
    (
        "A validation record of another type than CNAME would have been written as a CNAME; "
        "nothing is written, and the error says why."
    ),
    (
        "A certificate that ends before it begins had negative thresholds, so that it looked "
        "well until its last moment; the usual ones count."
    ),
    ("A finding that Security Hub refused without a code was a KeyError; it is told as refused."),
    (
        "An answer of STS that was no XML reached errors, logs and messages together with the "
        "credentials in it; nothing quotes it, nor what cannot be read of a secret."
    ),
    (
        "The id of a message, the value of a validation record and the id of a zone reached "
        "results with their control characters; they are cleaned."
    ),
    # --- What an earlier run has left ---
    (
        "An entry of the ledger about something that is no ARN kept every message from going "
        "out (ValueError); the ledger is told to be unreadable."
    ),
    (
        "An entry whose JSON is too deep, or a move with a time without a zone, ended in errors "
        "of Python's; the ledger is told to be unreadable."
    ),
    (
        "A list of accounts that is empty, or none, made a run over an organization end well "
        "without a look at anything; it fails, and says so."
    ),
    (
        "A document of a step with a certificate that has no ARN, or a time without a zone, "
        "ended the telling of all accounts; that one account counts as not looked at."
    ),
    (
        "A document of a step without all regions of its account, or about another one, made "
        "that account look well without a look at it, and `null` was told in Python's words; such "
        "an account counts as not looked at."
    ),
    (
        "What can be looked at again was told with the control characters of the document that "
        "said so; it is cleaned."
    ),
    # --- What goes out ---
    (
        "Fifty findings that were over, with a hundred long names each, made a message that SNS "
        "does not take; names are cut there, and what is still too long is told in short."
    ),
    (
        "A message only about an IAM server certificate that is over had an empty attribute "
        "`region`, which SNS refuses; the region is `global`."
    ),
    (
        "What the ledger, or a step, says was told or can be looked at again could mention "
        "everybody in a chat; it is text as well."
    ),
    (
        "Control and direction characters reached the JSON of messages, events, reports and "
        "results; they are cleaned where data is made of a finding."
    ),
    (
        "What AWS said could bring control characters into the error of a function; every error "
        "of ours is cleaned."
    ),
    (
        "An account whose failure had no visible text made a finding that Security Hub refuses; "
        "it has the usual text."
    ),
    # --- Servers ---
    (
        "A server that resets a connection that asks for TLS 1.2 was told to be out of reach; it "
        "is asked again in any version."
    ),
    # --- The command line ---
    "What was typed was repeated with its control characters; they are cleaned.",
    (
        "A name of a file that the system does not take was told to be a bug of ours; it is "
        "told for what it is."
    ),
)
