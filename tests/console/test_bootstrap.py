"""`make setup` on a machine with little more than Python, with a tiny lock so that nothing is downloaded."""

from __future__ import annotations

import base64
import ensurepip
import hashlib
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.paths import ROOT

BASE_PYTHON = str(Path(sys.base_prefix) / "bin" / f"python{sys.version_info[0]}.{sys.version_info[1]}")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project of one package, whose lock names a wheel beside it."""
    (tmp_path / "console").mkdir()
    shutil.copy(ROOT / "console" / "bootstrap.py", tmp_path / "console")
    shutil.copy(ROOT / "Makefile", tmp_path)
    wheel = make_wheel(tmp_path)
    digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
    (tmp_path / "requirements-dev.lock").write_text(f"tiny @ {wheel.as_uri()} --hash=sha256:{digest}\n")
    return tmp_path


def make_wheel(folder: Path) -> Path:
    files = {
        "tiny.py": "X = 1\n",
        "tiny-1.0.dist-info/METADATA": "Metadata-Version: 2.1\nName: tiny\nVersion: 1.0\n",
        "tiny-1.0.dist-info/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = "".join(f"{name},sha256={_digest(text)},{len(text)}\n" for name, text in files.items())
    files["tiny-1.0.dist-info/RECORD"] = f"{record}tiny-1.0.dist-info/RECORD,,\n"
    path = folder / "tiny-1.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return path


def _digest(text: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()


def setup(project: Path, *prefix: str, python: str = BASE_PYTHON) -> subprocess.CompletedProcess[str]:
    env = {name: value for name, value in os.environ.items() if not name.startswith(("VIRTUAL_ENV", "PYTHON", "MAKE"))}
    command = [*prefix, "make", "setup", f"PYTHON={python}"]
    return subprocess.run(command, cwd=project, capture_output=True, text=True, check=False, env=env)


def has_tiny(project: Path) -> bool:
    return subprocess.run([project / ".venv" / "bin" / "python", "-c", "import tiny"], check=False).returncode == 0


def test_the_second_time_does_nothing_until_the_lock_changes(project):
    assert setup(project).returncode == 0
    assert has_tiny(project)
    assert setup(project).stdout == ""
    with open(project / "requirements-dev.lock", "a") as lock:
        lock.write("# another lock\n")
    assert "ready after" in setup(project).stdout


def test_a_file_that_is_not_the_locked_one_is_refused(project):
    lock = project / "requirements-dev.lock"
    lock.write_text(lock.read_text().replace("sha256:", "sha256:0")[:-2] + "\n")
    done = setup(project)
    assert done.returncode != 0
    assert not has_tiny(project)


def test_a_broken_environment_is_made_again(project):
    (project / ".venv" / "bin").mkdir(parents=True)
    (project / ".venv" / "bin" / "python").symlink_to("/nonexistent/python")
    assert setup(project).returncode == 0
    assert has_tiny(project)


def test_without_ensurepip_the_systems_pip_installs(project, tmp_path):
    empty = tmp_path / "empty"
    empty.mkdir()
    hidden = f'mount --bind {empty} {Path(ensurepip.__file__).parent} && exec "$@"'
    namespace = ["unshare", "--mount", *([] if os.geteuid() == 0 else ["--map-root-user"]), "sh", "-c", hidden, "sh"]
    if subprocess.run([*namespace, "true"], capture_output=True, check=False).returncode != 0:
        pytest.skip("no mount namespace here to hide ensurepip in")
    done = setup(project, *namespace)
    assert done.returncode == 0, done.stderr
    assert has_tiny(project)
    assert not (project / ".venv" / "bin" / "pip").exists()


def test_a_missing_python_is_named_in_one_sentence(project):
    done = setup(project, python="python-that-is-not-here")
    assert done.returncode != 0
    assert "python-that-is-not-here is missing: install Python 3.11 or newer" in done.stderr


def test_a_missing_venv_module_is_named_in_one_sentence(project, tmp_path):
    wrapper = tmp_path / "python-without-venv"
    code = "import sys, runpy; sys.modules['venv'] = None; runpy.run_path(sys.argv[1], run_name='__main__')"
    wrapper.write_text(f'#!/bin/sh\nexec {BASE_PYTHON} -c "{code}" "$@"\n')
    wrapper.chmod(0o755)
    done = setup(project, python=str(wrapper))
    assert "venv module is missing: install it" in done.stderr
    assert "Traceback" not in done.stderr
