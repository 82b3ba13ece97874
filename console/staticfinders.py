"""Static files that ship inside wheels: plotly.js and htmx. Served from there, never copied into the project."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from django.contrib.staticfiles.finders import BaseFinder
from django.core.files.storage import FileSystemStorage

# public path -> (package, path inside it); both end in the same file name
FILES = {
    "vendor/plotly.min.js": ("plotly", "package_data/plotly.min.js"),
    "vendor/htmx-2.min.js": ("django_htmx", "static/django_htmx/htmx-2.min.js"),
}
# packages whose static folder is served whole
TREES = ("drf_spectacular_sidecar",)


def _package_dir(package: str) -> Path:
    spec = find_spec(package)
    if spec is None or spec.origin is None:
        raise FileNotFoundError(f"{package} is not installed")
    return Path(spec.origin).parent


class WheelFinder(BaseFinder):
    def check(self, **kwargs: Any) -> list[Any]:
        return []

    def find(self, path: str, find_all: bool = False, **kwargs: Any) -> str | list[str] | None:
        found = self._located(path)
        if found is None:
            return [] if find_all else None
        return [str(found)] if find_all else str(found)

    def list(self, ignore_patterns: list[str] | None) -> Iterator[tuple[str, FileSystemStorage]]:
        for public, (package, inside) in FILES.items():
            storage = FileSystemStorage(location=_package_dir(package) / Path(inside).parent)
            storage.prefix = str(Path(public).parent)
            yield Path(inside).name, storage
        for package in TREES:
            storage = FileSystemStorage(location=_package_dir(package) / "static")
            root = Path(storage.location)
            for file in sorted(root.rglob("*")):
                if file.is_file():
                    yield str(file.relative_to(root)), storage

    def _located(self, path: str) -> Path | None:
        if path in FILES:
            package, inside = FILES[path]
            return _package_dir(package) / inside
        for package in TREES:
            root = (_package_dir(package) / "static").resolve()
            candidate = (root / path).resolve()
            if candidate.is_relative_to(root) and candidate.is_file():
                return candidate
        return None
