"""The faults that fuzzing has found. Each is fixed and has a test."""

from __future__ import annotations

#: One sentence each: the input, the fault, and the behaviour now.
FINDINGS = (
    # --- Names ---
    (
        "A full-width `*`, or a character that resembles a dot, became a wildcard or a label of "
        "the requested name; such names are rejected."
    ),
    (
        "A letter that Unicode has assigned since IDNA 2003, such as a capital ß, became another "
        "name; it is rejected, and its `xn--` form is accepted."
    ),
    (
        "A capital letter without a small form in IDNA 2003, such as a Cherokee or Georgian one, "
        "became another name; it is rejected."
    ),
    # --- Events and environments ---
    (
        "Deeply nested JSON ended an invocation, or a cold start, with a RecursionError; it is "
        "reported as an error of the input."
    ),
    (
        "An event of megabytes caused an error of megabytes, which failure destinations reject; "
        "the error has at most 30,000 characters and counts the omitted errors."
    ),
    (
        "Digits and letters of other scripts were accepted in account ids, regions and ARNs; they "
        "are rejected."
    ),
    (
        "A key beside the step of an organization's run, such as `dry_run`, was ignored; it is "
        "rejected."
    ),
    ("A run that started in the year 1 or 9999 ended with an OverflowError; it is rejected."),
    (
        "`rate()` with more days than a calendar ended every invocation with an OverflowError; "
        "such a schedule is never due."
    ),
    ("Control characters in keys of events and variables were shown; they are escaped."),
    # --- AWS responses ---
    (
        "A certificate without an expiry (31 December 9999) made the scan of its region fail in "
        "the command line in time zones east of Greenwich; all timestamps are read in UTC."
    ),
    (
        "A response without a required member ended the creation function with a KeyError; it "
        "ends with AnswerNotUnderstoodError, which names the member and the response."
    ),
    (
        "A response about another certificate made the scan of its account and region fail; only "
        "that certificate is reported as unreadable."
    ),
    (
        "A renewal with a status that this version does not know was treated as not started; its "
        "verdict is Unknown."
    ),
    (
        "A validation record of another type than CNAME would have been written as a CNAME; "
        "nothing is written, and an error is reported."
    ),
    (
        "A certificate that expires before its start had negative thresholds and was healthy "
        "until its expiry; the default thresholds apply."
    ),
    (
        "A finding that Security Hub rejected without a code caused a KeyError; it is reported as "
        "rejected."
    ),
    (
        "A malformed STS response appeared with its credentials in errors, logs and messages; "
        "malformed responses, and unreadable parts of secrets, are never quoted."
    ),
    (
        "Control characters in message ids, validation records and zone ids appeared in results; "
        "they are removed."
    ),
    # --- State of earlier runs ---
    (
        "An item of the state table whose key is not an ARN prevented all messages (ValueError); "
        "the table is reported as unreadable."
    ),
    (
        "An item with deeply nested JSON, or with a timestamp without a time zone, ended in "
        "Python errors; the table is reported as unreadable."
    ),
    (
        "An empty or missing list of accounts made an organization's run succeed without a scan; "
        "the run fails with an error."
    ),
    (
        "A result of a step with a certificate without an ARN, or with a timestamp without a time "
        "zone, ended the step for all accounts; only that account is a failed scan."
    ),
    (
        "A result of a step without all regions of its account, or about another account, made "
        "that account appear healthy, and `null` caused a Python error message; such an account "
        "is a failed scan."
    ),
    (
        "Control characters of a document appeared in messages about recovered scans; they are "
        "removed."
    ),
    # --- Messages and events ---
    (
        "Fifty resolved findings with a hundred long names each made a message that SNS rejects; "
        "names are truncated, and a message that is still too long is summarised."
    ),
    (
        "A message only about a resolved IAM server certificate had an empty attribute `region`, "
        "which SNS rejects; the region is `global`."
    ),
    (
        "Text from the state table or from a step's result could mention everyone in a chat; it "
        "is escaped."
    ),
    (
        "Control and direction characters appeared in the JSON of messages, events, reports and "
        "results; they are removed when a finding is converted to data."
    ),
    (
        "Control characters in AWS's responses appeared in the errors of a function; they are "
        "removed from all errors."
    ),
    (
        "A failed account whose error has no visible text made a finding that Security Hub "
        "rejects; it has a default text."
    ),
    # --- Servers ---
    (
        "A server that resets TLS 1.2 connections was reported as unreachable; the probe is "
        "repeated with any version."
    ),
    # --- The command line ---
    "Control characters of arguments were printed; they are removed.",
    (
        "A file name that the system rejects was reported as a bug of the program; it is reported "
        "as an error of the argument."
    ),
)
