"""The launcher: finds Python, makes .venv once, says in one sentence what is missing."""

import os
import shutil
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
#: All that the launcher may need of a system besides Python.
TOOLS = ("sh", "dirname", "cksum", "df", "awk", "mkdir", "rm", "mv", "cat", "sleep")
REAL = Path(sys.base_prefix) / "bin" / f"python{sys.version_info.major}.{sys.version_info.minor}"

# Installs nothing, but notes what it was asked for; a module in the environment's
# site-packages stands for what was installed.
FAKE_UV = f"""#!/bin/sh
case $1 in
venv) for last; do :; done; exec {REAL} -m venv --without-pip "$last" ;;
pip) echo "$@" >>"$UV_LOG"; [ ! -e "$UV_LOG.fail" ] || exit 1 ;;
esac
"""


class Clone:
    """A clone of the project with nothing in it but the launcher and a command that answers."""

    def __init__(self, folder: Path) -> None:
        self.root = folder / "a clone"
        self.bin = folder / "bin"
        self.uv_log = folder / "uv.log"
        (self.root / "include" / "cli").mkdir(parents=True)
        self.bin.mkdir()
        shutil.copy(ROOT / "audit", self.root)
        for lock in ("requirements.txt", "requirements-dev.txt"):
            (self.root / lock).write_text("")
        (self.root / "include" / "__init__.py").touch()
        (self.root / "include" / "cli" / "__init__.py").touch()
        (self.root / "include" / "cli" / "__main__.py").write_text(
            "import os, sys; print(sys.argv[1:], os.getcwd(), os.environ['PYTHONPATH'])"
        )
        for tool in TOOLS:
            (self.bin / tool).symlink_to(shutil.which(tool) or "")

    def program(self, name: str, text: str) -> None:
        (self.bin / name).write_text(text)
        (self.bin / name).chmod(0o755)

    def with_python(self) -> "Clone":
        self.program("python3", f'#!/bin/sh\nexec {REAL} "$@"\n')
        return self

    def with_uv(self) -> "Clone":
        self.program("uv", FAKE_UV)
        return self

    def run(
        self, *arguments: str, cwd: Path | None = None, more: dict[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [self.root / "audit", *arguments],
            env={"PATH": str(self.bin), "UV_LOG": str(self.uv_log), **(more or {})},
            cwd=cwd or self.root,
            capture_output=True,
            text=True,
            timeout=120,
        )

    @property
    def installs(self) -> list[str]:
        return self.uv_log.read_text().splitlines() if self.uv_log.exists() else []


@pytest.fixture
def clone(tmp_path: Path) -> Clone:
    return Clone(tmp_path)


def one_line(done: subprocess.CompletedProcess[str]) -> str:
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1
    return done.stderr


def test_it_is_executable_and_valid_shell() -> None:
    assert (ROOT / "audit").stat().st_mode & stat.S_IXUSR
    subprocess.run(["sh", "-n", ROOT / "audit"], check=True)


def test_without_python_one_sentence_says_which_is_needed(clone: Clone) -> None:
    assert "Python 3.11, 3.12 or 3.13 is needed" in one_line(clone.run("demo"))


def test_a_too_old_python_is_named_with_its_version(clone: Clone) -> None:
    clone.program("python3", "#!/bin/sh\ncase $2 in *platform*) echo 3.9.2 ;; *) exit 1 ;; esac\n")
    said = one_line(clone.run("demo"))
    assert "only python3 (3.9.2) was found" in said


def test_a_python_named_wrongly_is_said(clone: Clone) -> None:
    said = one_line(clone.with_python().run("demo", more={"AUDIT_PYTHON": "/no/such/python"}))
    assert "AUDIT_PYTHON names '/no/such/python', which is no program" in said


def test_a_missing_venv_module_names_the_package(clone: Clone) -> None:
    clone.program(
        "python3",
        f'#!/bin/sh\ncase "$*" in *"import venv"*) exit 1 ;; esac\nexec {REAL} "$@"\n',
    )
    said = one_line(clone.run("demo"))
    assert f"apt install python3.{sys.version_info.minor}-venv" in said


def test_a_missing_lock_is_said(clone: Clone) -> None:
    (clone.root / "requirements.txt").unlink()
    assert "Is the clone complete?" in one_line(clone.with_python().run("demo"))


def test_it_installs_once_and_hands_over_everything(clone: Clone, tmp_path: Path) -> None:
    clone.with_python().with_uv()
    first = clone.run("demo", "--seed", "1 2", cwd=tmp_path)
    again = clone.run("demo", "--seed", "1 2", cwd=tmp_path)
    assert first.returncode == 0, first.stderr
    assert (
        first.stdout == again.stdout == (f"{['demo', '--seed', '1 2']} {tmp_path} {clone.root}\n")
    )
    assert len(clone.installs) == 1
    assert again.stderr == ""


def test_a_module_in_the_callers_folder_does_not_shadow_ours(clone: Clone, tmp_path: Path) -> None:
    (tmp_path / "include").mkdir()
    (tmp_path / "include" / "__init__.py").write_text("raise SystemExit('the wrong one')")
    assert clone.with_python().with_uv().run("demo", cwd=tmp_path).returncode == 0


def test_it_can_be_called_by_a_relative_path(clone: Clone, tmp_path: Path) -> None:
    clone.with_python().with_uv()
    done = subprocess.run(
        ["a clone/audit", "x"],
        env={"PATH": str(clone.bin), "UV_LOG": str(clone.uv_log)},
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr


def test_a_second_call_costs_little_before_python(clone: Clone) -> None:
    clone.with_python().with_uv().run("demo")
    # Python's own start is left out: the environment's Python is replaced by a quick program.
    python = clone.root / ".venv" / "bin" / "python"
    python.unlink()
    python.symlink_to(shutil.which("true") or "")
    took = []
    for _ in range(3):
        began = time.monotonic()
        assert clone.run("demo").returncode == 0
        took.append(time.monotonic() - began)
    assert min(took) < 0.2


def test_a_changed_lock_installs_again(clone: Clone) -> None:
    clone.with_python().with_uv().run("demo")
    (clone.root / "requirements.txt").write_text("# another\n")
    assert "updating" in clone.run("demo").stderr
    assert len(clone.installs) == 2
    assert clone.run("demo").stderr == ""


def test_tests_install_the_development_requirements_too(clone: Clone) -> None:
    clone.with_python().with_uv().run("demo")
    clone.run("test")
    clone.run("test")
    clone.run("demo")
    locks = [line.rsplit("/", 1)[1] for line in clone.installs]
    assert locks == ["requirements.txt", "requirements-dev.txt"]


def test_a_failed_install_is_not_taken_for_a_finished_one(clone: Clone) -> None:
    fail = Path(f"{clone.uv_log}.fail")
    fail.touch()
    failed = clone.with_python().with_uv().run("demo")
    assert failed.returncode == 1
    assert "could not install requirements.txt" in failed.stderr
    fail.unlink()
    assert clone.run("demo").returncode == 0
    assert len(clone.installs) == 2


def test_an_interrupted_install_starts_from_nothing(clone: Clone) -> None:
    clone.with_python().with_uv().run("demo")
    rubbish = clone.root / ".venv" / "half-written"
    rubbish.touch()
    (clone.root / ".venv" / ".audit-unfinished").touch()
    assert clone.run("demo").returncode == 0
    assert not rubbish.exists()


def test_a_venv_of_the_users_own_is_not_deleted(clone: Clone) -> None:
    mine = clone.root / ".venv" / "mine"
    mine.parent.mkdir()
    mine.touch()
    said = one_line(clone.with_python().with_uv().run("demo"))
    assert "was not made by this launcher" in said
    assert mine.exists()


def test_a_lock_left_by_a_killed_launcher_does_not_block(clone: Clone) -> None:
    dead = subprocess.Popen(["true"])
    dead.wait()
    turn = clone.root / ".venv.turn"
    turn.mkdir()
    (turn / "pid").write_text(str(dead.pid))
    assert clone.with_python().with_uv().run("demo").returncode == 0
    assert not turn.exists()


def test_two_first_calls_do_not_install_over_each_other(clone: Clone) -> None:
    clone.with_python().with_uv()
    env = {"PATH": str(clone.bin), "UV_LOG": str(clone.uv_log)}
    both = [
        subprocess.Popen([clone.root / "audit"], env=env, stdout=subprocess.DEVNULL)
        for _ in range(2)
    ]
    assert [one.wait(60) for one in both] == [0, 0]
    assert len(clone.installs) == 1


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_cannot_be_written_is_said(clone: Clone) -> None:
    clone.with_python().with_uv()
    clone.root.chmod(0o555)
    assert "Can't write to" in one_line(clone.run("demo"))


@pytest.mark.slow
def test_without_uv_plain_pip_does_it(clone: Clone) -> None:
    done = clone.with_python().run("demo")
    assert done.returncode == 0, done.stderr
    assert clone.run("demo").stderr == ""
