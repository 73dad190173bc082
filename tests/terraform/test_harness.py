"""How the harness runs terraform, shown with a fake program of that name."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.harness import terraform
from tests.harness.terraform import (
    ProviderSource,
    Terraform,
    TerraformError,
    Workspace,
    side_by_side,
)
from tests.terraform.conftest import give_up

pytestmark = pytest.mark.terraform


class Impostor:
    """A fake terraform."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self._file = directory / "bin" / "terraform"
        self._file.parent.mkdir()
        (directory / "work").mkdir()

    def does(self, script: str) -> None:
        program(self._file, script)

    def terraform(self, **environment: str) -> Terraform:
        return Terraform(self.directory / "work", self.directory, environment)


@pytest.fixture
def impostor(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Impostor]:
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setenv("HOME", str(tmp_path))
    terraform.provider.cache_clear()
    yield Impostor(tmp_path)
    terraform.provider.cache_clear()


def test_nothing_of_the_developer_s_settings_reaches_terraform(
    impostor: Impostor, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "TF_VAR_domain_name", "TF_CLI_ARGS", "TF_LOG"):
        monkeypatch.setenv(name, "mine")
    impostor.does("import json, os; print(json.dumps(dict(os.environ)))")

    said = impostor.terraform(AWS_REGION="eu-west-1").run("plan").stdout

    assert "mine" not in said
    environment = json.loads(said)
    assert environment["AWS_REGION"] == "eu-west-1"
    assert environment["HOME"] == str(impostor.directory)


def test_a_proxy_is_for_init_alone(impostor: Impostor, monkeypatch: pytest.MonkeyPatch) -> None:
    """The embedded AWS is local: no other command may use a proxy."""
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.example.com")
    impostor.does("import os; print(os.environ.get('HTTPS_PROXY'))")

    assert impostor.terraform().run("init").stdout == "http://proxy.example.com\n"
    assert impostor.terraform().run("apply").stdout == "None\n"


def test_a_failure_says_what_terraform_said(impostor: Impostor) -> None:
    impostor.does("import sys; print('to plan'); sys.exit('no such zone')")

    result = impostor.terraform().run("plan")

    with pytest.raises(TerraformError, match=r"(?s)plan ended with 1:.*to plan.*no such zone"):
        result.or_raise()


def test_a_command_that_never_ends_is_ended_with_what_it_started(impostor: Impostor) -> None:
    """A provider that retries a call without limit would block a test run for 47 minutes."""
    impostor.does(
        "import pathlib, subprocess, sys, time\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])\n"
        "pathlib.Path('child').write_text(str(child.pid))\n"
        "time.sleep(60)"
    )

    with pytest.raises(TerraformError, match="apply did not end within 2 seconds"):
        impostor.terraform().run("apply", timeout=2)

    child = int((impostor.directory / "work" / "child").read_text())
    assert gone(child)


def test_an_interrupt_ends_what_other_threads_run(impostor: Impostor) -> None:
    impostor.does("import pathlib, time; pathlib.Path('started').touch(); time.sleep(60)")
    started = impostor.directory / "work" / "started"

    def interrupted() -> None:
        with side_by_side(1) as pool:
            pool.submit(impostor.terraform().run, "apply")
            while not started.exists():
                time.sleep(0.01)
            raise KeyboardInterrupt

    begin = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        interrupted()

    assert time.monotonic() - begin < 30


class TestAProviderThatIsKept:
    """Every command uses one process."""

    @pytest.fixture
    def binary(self, impostor: Impostor) -> Path:
        impostor.does("import os; print(os.environ.get('TF_REATTACH_PROVIDERS'))")
        return impostor.directory / "terraform-provider-aws_v5.100.0_x5"

    @pytest.fixture
    def kept(self, impostor: Impostor, binary: Path) -> Iterator[Terraform]:
        source = ProviderSource("here", "", binary)
        kept = Terraform(impostor.directory / "work", impostor.directory, {}, source)
        yield kept
        kept.end()

    def test_serves_every_command_and_ends_with_them(
        self, impostor: Impostor, binary: Path, kept: Terraform
    ) -> None:
        program(
            binary,
            "import os, pathlib, sys, time\n"
            "pathlib.Path('provider').write_text(str(os.getpid()))\n"
            "print('To attach it, set\\n')\n"
            """print("\tTF_REATTACH_PROVIDERS='{}'", flush=True)\n"""
            "time.sleep(60)",
        )

        kept.keep_provider()

        said = [kept.run(command).stdout for command in ("init", "plan", "apply")]
        assert said == ["{}\n", "{}\n", "{}\n"]
        kept.end()
        assert gone(int((impostor.directory / "work" / "provider").read_text()))

    def test_is_not_waited_for_when_it_does_not_start(self, binary: Path, kept: Terraform) -> None:
        program(binary, "print('no such flag: -debug')")

        with pytest.raises(TerraformError, match="the provider ended before it listened"):
            kept.keep_provider()

    def test_may_be_a_developer_s_own_build_which_terraform_starts(
        self, impostor: Impostor
    ) -> None:
        impostor.does("import os; print(os.environ.get('TF_REATTACH_PROVIDERS'))")
        own = impostor.terraform()

        own.keep_provider()

        assert own.run("plan").stdout == "None\n"


def test_a_provider_from_the_registry_is_fetched_once_for_all_workspaces(
    impostor: Impostor,
) -> None:
    folder = ".terraform/providers/registry.terraform.io/hashicorp/aws/5.100.0/linux_amd64"
    installed = f"{folder}/terraform-provider-aws_v5.100.0_x5"
    impostor.does(
        "import pathlib, sys\n"
        "if sys.argv[1] == 'version': print('{\"terraform_version\": \"1.11.4\"}')\n"
        f"else: file = pathlib.Path('{installed}'); file.parent.mkdir(parents=True); file.touch()"
    )

    source, reason = terraform.provider()

    assert reason == ""
    assert source is not None
    assert str(source.binary).endswith(installed)
    assert "filesystem_mirror" in source.configuration
    assert ".terraform/providers" in source.configuration


class TestWhereTerraformCannotRun:
    def test_because_it_is_not_installed(self, impostor: Impostor) -> None:
        assert not (impostor.directory / "bin" / "terraform").exists()
        assert terraform.unavailable() == "terraform is not installed"

    def test_because_it_is_too_old(self, impostor: Impostor) -> None:
        impostor.does("""print('{"terraform_version": "1.5.7"}')""")

        assert terraform.unavailable() == "terraform 1.5 is older than 1.9"

    def test_because_no_place_has_the_provider(self, impostor: Impostor) -> None:
        impostor.does(
            "import sys\n"
            "if sys.argv[1] == 'version': print('{\"terraform_version\": \"1.11.4\"}')\n"
            "else: sys.exit('could not connect')"
        )

        reason = terraform.unavailable()

        assert reason is not None
        assert reason.startswith("no aws provider could be installed; tried ")
        assert reason.endswith("the registry")

    def test_the_tests_are_skipped_and_say_why(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.delenv("CI", raising=False)

        with pytest.raises(pytest.skip.Exception, match="no provider"):
            give_up("no provider")

    def test_ci_fails_when_terraform_is_there_and_its_tests_would_be_skipped(
        self, impostor: Impostor, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("CI", "true")
        impostor.does("")

        with pytest.raises(pytest.fail.Exception, match="cannot run: no provider"):
            give_up("no provider")

    def test_ci_skips_when_terraform_is_not_there(
        self, impostor: Impostor, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        assert impostor.directory.exists()
        monkeypatch.setenv("CI", "true")

        with pytest.raises(pytest.skip.Exception):
            give_up("terraform is not installed")

    def test_a_workspace_says_the_same(self, impostor: Impostor) -> None:
        assert impostor.directory.exists()
        with pytest.raises(TerraformError, match="terraform is not installed"):
            Workspace(".", {})


def program(file: Path, script: str) -> None:
    """Write an executable Python script."""
    file.write_text(f"#!{sys.executable} -I\n{script}\n", encoding="utf-8")
    file.chmod(0o755)


def gone(pid: int, within: float = 5) -> bool:
    """Whether a process has ended, or is a zombie."""
    deadline = time.monotonic() + within
    while time.monotonic() < deadline:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        status = Path(f"/proc/{pid}/stat")
        if status.exists() and ") Z " in status.read_text():
            return True
        time.sleep(0.05)
    return False
