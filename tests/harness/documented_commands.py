"""Commands that the documentation names: lines of its shell blocks, and code inside sentences."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from typing import Any

from botocore import xform_name
from botocore.loaders import Loader

from tests.harness.terminal import ROOT

FILES = [
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    *sorted(ROOT.glob("docs/*.md")),
    *sorted(ROOT.glob("examples/*/README.md")),
    *sorted(ROOT.glob("modules/*/README.md")),
]
#: Its sentences also name commands of earlier versions.
_PAST = "docs/upgrading.md"
_BLOCK = re.compile(r"^( *)```(\w*)[^\n]*\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)
_SHELLS = ("bash", "console", "sh", "shell")
_CODE = re.compile(r"(?<!`)`([^`\n]+)`(?!`)")
_PROMPT = "$ "
#: Signs between two commands of one line.
_ENDS = {"|", "||", "&&", ";"}
_REDIRECTIONS = {">", ">>", "<"}


@dataclass(frozen=True, slots=True)
class Documented:
    """A command of the documentation; one inside a sentence may lack arguments."""

    file: str
    words: tuple[str, ...]
    whole: bool

    def __str__(self) -> str:
        """Return the command with its file, for the message of a test."""
        return f"{self.file}: {shlex.join(self.words)}"


def commands(program: str) -> list[Documented]:
    """Return each command of a program, once for each file."""
    found: dict[Documented, None] = {}
    for file in FILES:
        name, text = str(file.relative_to(ROOT)), file.read_text(encoding="utf-8")
        sentences = () if name == _PAST else _of_sentences(text)
        for line, whole in (*_of_blocks(text), *sentences):
            for words in _split(line):
                # A single word is a name, and `certificates = {}` is Terraform.
                if words[0] == program and words[1:] and words[1] != "=":
                    found[Documented(name, words, whole)] = None
    return list(found)


def _of_blocks(text: str) -> Iterator[tuple[str, bool]]:
    for _, language, body in _BLOCK.findall(text):
        if language in _SHELLS:
            lines = body.replace("\\\n", " ").splitlines()
            typed = [line.removeprefix(_PROMPT) for line in lines if line.startswith(_PROMPT)]
            for line in _joined(typed or lines):
                yield line, True


def _joined(lines: list[str]) -> Iterator[str]:
    """Join the lines of a quoted text; raises ValueError for a quotation that does not end."""
    text = ""
    for line in lines:
        text += f"{line}\n"
        with suppress(ValueError):
            shlex.split(text, comments=True)
            yield text
            text = ""
    if text:
        raise ValueError(f"no end of the quotation: {text}")


def _of_sentences(text: str) -> Iterator[tuple[str, bool]]:
    for code in _CODE.findall(_BLOCK.sub("", text)):
        yield code.replace("[", " ").replace("]", " ") if _is_synopsis(code) else code, False


def _is_synopsis(code: str) -> bool:
    """Whether brackets enclose an option that may be left out."""
    return "[-" in code


def _split(line: str) -> Iterator[tuple[str, ...]]:
    """Yield the commands of a line, without comments, redirections and dots for omitted words."""
    reader = shlex.shlex(line, posix=True, punctuation_chars=";|&<>")
    reader.whitespace_split = True
    try:
        tokens = list(reader)
    except ValueError:  # the code of another language
        return
    words: list[str] = []
    skipped = False
    for token in (*tokens, ";"):
        if token in _ENDS:
            if words:
                yield tuple(words)
            words = []
        elif token in _REDIRECTIONS:
            skipped = True
        elif skipped:
            skipped = False
        elif token != "...":
            words.append(token)


@cache
def operations(service: str) -> Mapping[str, set[str]]:
    """Return the commands of a service with their options, as the AWS CLI names them."""
    model: dict[str, Any] = Loader().load_service_model(service, "service-2")
    empty: dict[str, Any] = {"shape": None}
    shapes = {None: {"members": {}}, **model["shapes"]}
    return {
        xform_name(name, "-"): {
            f"--{xform_name(member, '-')}"
            for member in shapes[operation.get("input", empty)["shape"]]["members"]
        }
        for name, operation in model["operations"].items()
    }
