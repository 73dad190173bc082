"""Runs terraform in a copy of the module, with a provider that it finds by itself.

    with Workspace("examples/dev", cloud.environment()) as stack:
        stack.apply()
        assert stack.changes() == []

Terraform does not use the developer's settings: its environment is built from scratch, its home is
a temporary folder, and the repository never contains `.terraform` or a state.
"""

from __future__ import annotations

import atexit
import functools
import json
import os
import re
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import Any, Self

REPOSITORY = Path(__file__).parents[2]
MINIMUM_VERSION = (1, 9)
PROVIDER = Path("registry.terraform.io") / "hashicorp" / "aws"

# The files of the module; the copy contains nothing else.
SOURCES = ("*.tf", "modules", "examples", "lambda/dist", "tests/*.tftest.hcl", "tests/mocks")

# A provider that retries without limit must not block a test run.
TIMEOUT_SECONDS = 300
# The shortest limit of a socket's path (macOS), and the length that the provider appends.
SOCKET_PATH = 103
SOCKET_NAME = len("/plugin1234567890")
GRACE_SECONDS = 5
REATTACH = "TF_REATTACH_PROVIDERS"

# With Go's defaults, terraform and the provider spend a fifth of their time on garbage: the schema
# of a thousand resources fills their memory.
# https://pkg.go.dev/runtime#hdr-Environment_Variables
GARBAGE = {"GOGC": "400", "GOMEMLIMIT": "512MiB"}

# Only `init` may need the internet, possibly through a proxy.
NETWORK_VARIABLES = ("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "SSL_CERT_FILE")

PROBE = """
terraform {
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.100, < 7.0"
    }
  }
}
"""


# Running processes, so that an interrupt can stop those of other threads too.
_running: set[subprocess.Popen[str]] = set()


class TerraformError(Exception):
    """A terraform command failed; the message ends with its output."""


@dataclass(frozen=True, slots=True)
class Result:
    """The exit code and output of a terraform command."""

    command: str
    exit_code: int
    stdout: str
    stderr: str

    def or_raise(self, *also_fine: int) -> Result:
        if self.exit_code not in (0, *also_fine):
            raise TerraformError(
                f"{self.command} ended with {self.exit_code}:\n{self.stdout}\n{self.stderr}"
            )
        return self


@dataclass(frozen=True, slots=True)
class ProviderSource:
    """A possible source of the provider, as the text of a CLI configuration.

    `binary` is the program, once installed; a developer's own build is not installed.
    """

    description: str
    configuration: str
    binary: Path | None = None


REGISTRY = ProviderSource("the registry", "")


def provider_sources(
    environ: Mapping[str, str], home: Path, roots: Sequence[Path] = (Path("/opt"),)
) -> Iterator[ProviderSource]:
    """Return the possible sources of the provider, the developer's settings first.

    A variable with a missing path is ignored, because stale settings must not fail the tests.
    """
    for described, path in _configuration_files(environ, home):
        if path.is_file():
            yield ProviderSource(described, path.read_text(encoding="utf-8"))
    for described, directory in _mirrors(environ, home, roots):
        if (directory / PROVIDER).is_dir():
            yield ProviderSource(f"{described} {directory}", _mirror_configuration(directory))
    yield REGISTRY


def _configuration_files(environ: Mapping[str, str], home: Path) -> Iterator[tuple[str, Path]]:
    if named := environ.get("TF_CLI_CONFIG_FILE"):
        yield f"TF_CLI_CONFIG_FILE {named}", Path(named)
    yield "~/.terraformrc", home / ".terraformrc"


def _mirrors(
    environ: Mapping[str, str], home: Path, roots: Sequence[Path]
) -> Iterator[tuple[str, Path]]:
    if named := environ.get("TF_PLUGIN_DIR"):
        yield "TF_PLUGIN_DIR", Path(named)
    for directory in _implied_mirrors(environ, home):
        yield "the implied mirror", directory
    for root in roots:
        for directory in sorted(root.iterdir()) if root.is_dir() else ():
            yield "the mirror", directory


def _implied_mirrors(environ: Mapping[str, str], home: Path) -> Iterator[Path]:
    """Return Terraform's list: developer.hashicorp.com/terraform/cli/config, implied mirrors."""
    yield home / ".terraform.d" / "plugins"
    data_home = environ.get("XDG_DATA_HOME") or str(home / ".local" / "share")
    data_dirs = environ.get("XDG_DATA_DIRS") or "/usr/local/share:/usr/share"
    for directory in [data_home, *data_dirs.split(":")]:
        yield Path(directory) / "terraform" / "plugins"
    yield home / "Library" / "Application Support" / "io.terraform" / "plugins"


def _mirror_configuration(directory: Path) -> str:
    """Use only this mirror for this provider, and the registry for others."""
    path = json.dumps(str(directory.resolve()))
    return (
        "provider_installation {\n"
        f'  filesystem_mirror {{\n    path    = {path}\n    include = ["hashicorp/aws"]\n  }}\n'
        '  direct {\n    exclude = ["hashicorp/aws"]\n  }\n'
        "}\n"
    )


@functools.cache
def provider() -> tuple[ProviderSource | None, str]:
    """Return the first source from which terraform can install, or the reason why there is none."""
    if shutil.which("terraform") is None:
        return None, "terraform is not installed"
    if (version := _version()) < MINIMUM_VERSION:
        wanted = ".".join(map(str, MINIMUM_VERSION))
        return None, f"terraform {'.'.join(map(str, version))} is older than {wanted}"
    tried = []
    for source in provider_sources(os.environ, Path.home()):
        directory = Path(tempfile.mkdtemp(prefix="terraform-provider-"))
        atexit.register(shutil.rmtree, directory, ignore_errors=True)
        (directory / "main.tf").write_text(PROBE, encoding="utf-8")
        probe = Terraform(directory, directory, {}, source)
        if probe.run("init", "-backend=false").exit_code == 0:
            return _kept(source, directory / ".terraform" / "providers"), ""
        tried.append(source.description)
    return None, f"no aws provider could be installed; tried {', '.join(tried)}"


def _kept(source: ProviderSource, installed: Path) -> ProviderSource:
    """Return the installed provider as a source, so that the registry is asked only once.

    Terraform's folder of installed providers has the layout of a mirror.
    """
    if not (installed / PROVIDER).is_dir():  # such as a developer's own build of the provider
        return source
    programs = (installed / PROVIDER).glob("*/*/terraform-provider-aws*")
    return ProviderSource(source.description, _mirror_configuration(installed), next(programs))


def _version() -> tuple[int, ...]:
    with tempfile.TemporaryDirectory(prefix="terraform-version-") as directory:
        path = Path(directory)
        said = Terraform(path, path, {}).run("version", "-json").or_raise().stdout
    number = re.match(r"\d+\.\d+", str(json.loads(said)["terraform_version"]))
    return tuple(int(part) for part in number.group().split(".")) if number else (0, 0)


def unavailable() -> str | None:
    """Return why terraform cannot run here, or None."""
    return provider()[1] or None


class Provider:
    """A provider that serves several commands, because it starts slower than most commands run.

    All commands use the environment with which the provider was started.
    https://developer.hashicorp.com/terraform/plugin/debugging
    """

    def __init__(self, binary: Path, directory: Path, environment: Mapping[str, str]) -> None:
        self._process = subprocess.Popen(
            [binary, "-debug"],
            cwd=directory,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            encoding="utf-8",
            start_new_session=True,
        )
        _running.add(self._process)
        self.environment = {REATTACH: self._address()}

    def _address(self) -> str:
        """Read the address from the provider's output."""
        assert self._process.stdout is not None
        for line in self._process.stdout:
            name, _, value = line.strip().partition("=")
            if name == REATTACH:
                return value.strip("'")
        self.end()
        raise TerraformError("the provider ended before it listened")

    def end(self) -> None:
        _running.discard(self._process)
        _end(self._process)
        assert self._process.stdout is not None
        self._process.stdout.close()


class Terraform:
    """Runs terraform in a directory, with an environment built from scratch."""

    def __init__(
        self,
        directory: Path,
        home: Path,
        environment: Mapping[str, str],
        source: ProviderSource = REGISTRY,
    ) -> None:
        self.directory = directory
        configuration = home / "terraform.rc"
        configuration.write_text(source.configuration, encoding="utf-8")
        self._environment = {
            "CHECKPOINT_DISABLE": "1",
            "HOME": str(home),
            "PATH": os.environ.get("PATH", os.defpath),
            "TF_CLI_CONFIG_FILE": str(configuration),
            "TF_IN_AUTOMATION": "1",
            "TF_INPUT": "0",
            **GARBAGE,
            **environment,
        }
        # The provider creates a socket there and does not remove it.
        if len(str(home)) + SOCKET_NAME <= SOCKET_PATH:
            self._environment["TMPDIR"] = str(home)
        self._binary = source.binary
        self._provider: Provider | None = None

    def keep_provider(self) -> None:
        """Start the installed provider for all commands, until `end`."""
        if self._binary is not None:
            self._provider = Provider(self._binary, self.directory, self._environment)

    def end(self) -> None:
        """Stop the provider, if it was kept."""
        if self._provider is not None:
            self._provider.end()

    def run(self, *arguments: str, timeout: float = TIMEOUT_SECONDS) -> Result:
        command = [shutil.which("terraform") or "terraform", *arguments]
        environment = dict(self._environment)
        if arguments[0] == "init":
            environment |= {k: os.environ[k] for k in NETWORK_VARIABLES if k in os.environ}
        if self._provider is not None:
            environment |= self._provider.environment
        # Its own session, so that a timeout or an interrupt stops both terraform and the provider.
        with subprocess.Popen(
            command,
            cwd=self.directory,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            start_new_session=True,
        ) as process:
            _running.add(process)
            try:
                stdout, stderr = process.communicate(timeout=timeout)
            except subprocess.TimeoutExpired:
                _end(process)
                raise TerraformError(
                    f"terraform {arguments[0]} did not end within {timeout:g} seconds"
                ) from None
            except BaseException:  # an interrupt must stop terraform and its provider
                _end(process)
                raise
            finally:
                _running.discard(process)
        return Result(f"terraform {' '.join(arguments)}", process.returncode, stdout, stderr)


def _end(process: subprocess.Popen[str]) -> None:
    """Stop terraform and its provider, first with SIGTERM."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGTERM)
        with suppress(subprocess.TimeoutExpired):
            process.wait(GRACE_SECONDS)
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


@contextmanager
def side_by_side(count: int) -> Iterator[ThreadPoolExecutor]:
    """Return threads for parallel stacks, because most of an apply is waiting.

    An interrupt reaches only the main thread; it also stops the commands of the others.
    """
    pool = ThreadPoolExecutor(count)
    try:
        yield pool
    except BaseException:
        for process in list(_running):
            _end(process)
        raise
    finally:
        pool.shutdown(cancel_futures=True)


class Workspace:
    """A copy of the module in a temporary folder, in which terraform runs.

    `stack` is the folder to run in, relative to the repository: "." is the module itself.
    `environment` points the provider at an AWS, see `Cloud.environment`.
    `variables` become terraform.tfvars.json; tests may replace them between two applies.
    `files` are written over the copy, for tests with their own configuration.
    `version` are the files of another version of the module, instead of a copy.
    All commands share one provider process, because it starts slowly and `init` would install it.
    """

    def __init__(
        self,
        stack: str,
        environment: Mapping[str, str],
        *,
        variables: Mapping[str, object] | None = None,
        files: Mapping[str, str] | None = None,
        version: Mapping[str, bytes] | None = None,
    ) -> None:
        source, reason = provider()
        if source is None:
            raise TerraformError(reason)
        self._temporary = tempfile.TemporaryDirectory(prefix="terraform-workspace-")
        root = Path(self._temporary.name)
        self.module = root / "module"
        if version is None:
            _copy(self.module)
        else:
            _write(self.module, version)
        _write(self.module, {name: text.encode() for name, text in (files or {}).items()})
        self.directory = self.module / stack
        self.directory.mkdir(parents=True, exist_ok=True)
        self._terraform = Terraform(self.directory, root, environment, source)
        self._initialised = False
        self.variables = variables or {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._terraform.end()
        self._temporary.cleanup()

    @property
    def variables(self) -> Mapping[str, object]:
        return self._variables

    @variables.setter
    def variables(self, variables: Mapping[str, object]) -> None:
        self._variables = variables
        text = json.dumps(dict(variables))
        (self.directory / "terraform.tfvars.json").write_text(text, encoding="utf-8")

    def run(self, *arguments: str, timeout: float = TIMEOUT_SECONDS) -> Result:
        """Run a terraform command; before the first one, start the provider and initialise."""
        if not self._initialised:
            self._terraform.keep_provider()
            self._terraform.run("init", "-no-color").or_raise()
            self._initialised = True
        return self._terraform.run(*arguments, timeout=timeout)

    def apply(self) -> None:
        self.run("apply", "-auto-approve", "-no-color").or_raise()

    def change(self) -> dict[str, str]:
        """Apply, and return the action on each resource: create, update, replace or delete."""
        return _actions(self.run("apply", "-auto-approve", "-json"))

    def intended(self) -> dict[str, str]:
        """Return the actions that `change` would do."""
        return _actions(self.run("plan", "-json"))

    def become(self, version: Mapping[str, bytes] | None = None) -> None:
        """Replace the module, as a new `ref` does, by default with the current version.

        Only for a workspace of the module itself: other files are removed.
        """
        folders = (self.module / name for name in ("examples", "lambda", "modules", "tests"))
        for folder in folders:
            shutil.rmtree(folder, ignore_errors=True)
        for file in self.module.glob("*.tf"):
            file.unlink()
        if version is None:
            _copy(self.module)
        else:
            _write(self.module, version)
        self._terraform.run("init", "-no-color").or_raise()

    def destroy(self) -> None:
        self.run("destroy", "-auto-approve", "-no-color").or_raise()

    def plan(self) -> dict[str, Any]:
        """Plan, and return the plan in terraform's JSON form."""
        self.run("plan", "-out=tfplan", "-no-color").or_raise()
        return _json(self.run("show", "-json", "tfplan").or_raise().stdout)

    def changes(self) -> list[str]:
        """Return the changes of a further apply; empty if there are none."""
        result = self.run("plan", "-detailed-exitcode", "-no-color").or_raise(2)
        if result.exit_code == 0:
            return []
        return [line for line in result.stdout.splitlines() if re.match(r"\s*(#|[-+~])", line)]

    def resources(self) -> dict[str, dict[str, Any]]:
        """Return the attributes of every managed resource of the state, by address.

        `state pull` instead of `show -json`, which starts the provider and takes seconds.
        """
        text = self.run("state", "pull").or_raise().stdout
        return dict(_instances(_json(text) if text.strip() else {}))

    def output(self) -> dict[str, Any]:
        answer = _json(self.run("output", "-json").or_raise().stdout)
        return {name: output["value"] for name, output in answer.items()}


def _copy(target: Path) -> None:
    for pattern in SOURCES:
        for source in REPOSITORY.glob(pattern):
            to = target / source.relative_to(REPOSITORY)
            if source.is_dir():
                unwanted = shutil.ignore_patterns(".terraform*", "*.tfstate*", "*.tfvars*")
                shutil.copytree(source, to, ignore=unwanted)
            else:
                to.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(source, to)


def _write(target: Path, files: Mapping[str, bytes]) -> None:
    for name, content in files.items():
        to = target / name
        to.parent.mkdir(parents=True, exist_ok=True)
        to.write_bytes(content)


def _actions(result: Result) -> dict[str, str]:
    """Return the planned changes in the messages of `-json`, by address.

    https://developer.hashicorp.com/terraform/internals/machine-readable-ui#planned-change
    """
    messages = [json.loads(line) for line in result.stdout.splitlines()]
    # Errors are shown as readable messages.
    replace(result, stdout="\n".join(map(_readable, messages))).or_raise()
    changes = [message["change"] for message in messages if message["type"] == "planned_change"]
    return {
        change["resource"]["addr"]: change["action"]
        for change in changes
        if change["action"] != "read"
    }


def _readable(message: Mapping[str, Any]) -> str:
    """Return a message of `-json` with the place and the details of an error."""
    found = message.get("diagnostic", {})
    place = found.get("range", {})
    where = f"{place['filename']}:{place['start']['line']}" if place else ""
    return " ".join(filter(None, (message["@message"], where, found.get("detail"))))


def _instances(state: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield address and attributes of each resource instance in a state of format 4."""
    for resource in state.get("resources", []):
        if resource["mode"] != "managed":
            continue
        module = f"{resource['module']}." if "module" in resource else ""
        for instance in resource["instances"]:
            index = f"[{json.dumps(instance['index_key'])}]" if "index_key" in instance else ""
            address = f"{module}{resource['type']}.{resource['name']}{index}"
            yield address, instance["attributes"]


def _json(text: str) -> dict[str, Any]:
    parsed: dict[str, Any] = json.loads(text)
    return parsed
