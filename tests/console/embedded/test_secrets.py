"""data/secrets.json and the other small files."""

from __future__ import annotations

import json
import subprocess
import sys

from console.embedded.files import write_json
from console.embedded.paths import DataFolder
from console.embedded.secrets import load_secrets
from tests.paths import ROOT


def test_secrets_are_made_once_and_only_the_owner_may_read_them(tmp_path):
    folder = DataFolder(tmp_path / "data")
    made = load_secrets(folder)
    assert load_secrets(folder) == made
    assert folder.secrets.stat().st_mode & 0o777 == 0o600


def test_keys_lie_in_a_closed_folder(tmp_path):
    folder = DataFolder(tmp_path / "data")
    folder.create()
    assert folder.keys.stat().st_mode & 0o777 == 0o700


def test_a_secret_that_a_new_version_needs_is_added_and_the_others_stay(tmp_path):
    folder = DataFolder(tmp_path)
    before = load_secrets(folder)
    known = json.loads(folder.secrets.read_text())
    del known["broker_password"]
    write_json(folder.secrets, known)
    after = load_secrets(folder)
    assert after.django_secret_key == before.django_secret_key
    assert after.broker_password not in ("", before.broker_password)


def test_two_processes_that_begin_at_once_agree(tmp_path):
    code = (
        "import sys; from console.embedded.paths import DataFolder; from pathlib import Path\n"
        "from console.embedded.secrets import load_secrets\n"
        "print(load_secrets(DataFolder(Path(sys.argv[1]))).owner_password)"
    )
    command = [sys.executable, "-c", code, str(tmp_path)]
    both = [subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    first, second = (process.communicate()[0] for process in both)
    assert first == second != ""
