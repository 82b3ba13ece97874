"""data/runtime.json: where the parts of the running `up` listen."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, fields
from urllib.parse import urlsplit

from console.embedded.files import read_json, write_json
from console.embedded.paths import DataFolder


@dataclass(frozen=True)
class Runtime:
    """Ports and addresses of one run.

    They outlive the run, so that the next one takes the same ports when they are free; `supervisor_pid` is
    None once `up` has stopped.
    """

    supervisor_pid: int | None = None
    postgres_port: int | None = None
    broker_port: int | None = None
    broker_url: str | None = None
    web_port: int | None = None
    # Name (see console.embedded.demo.ADDRESSES) → URL; empty without the demo.
    sandbox: dict[str, str] = field(default_factory=dict)


def load_runtime(folder: DataFolder) -> Runtime:
    known = read_json(folder.runtime)
    names = {item.name for item in fields(Runtime)}
    return Runtime(**{name: value for name, value in known.items() if name in names})


def save_runtime(folder: DataFolder, runtime: Runtime) -> None:
    write_json(folder.runtime, asdict(runtime))


def port_of(url: str | None) -> int | None:
    return urlsplit(url).port if url else None
