"""One demo for all end-to-end tests: it costs half a minute to start."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.e2e.demo import Demo


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """Running, with orders arriving in a Tryton that is ready. When it has stopped nothing of it is left."""
    made = Demo(tmp_path_factory.mktemp("demo"))
    try:
        made.start()
        yield made
        made.stop()
        assert made.process.returncode == 0, made.said()
        assert made.said().endswith("stopped\n"), made.said()
        assert not made.left_running()
    finally:
        made.kill()


@pytest.fixture
def calm(demo: Demo) -> Iterator[Demo]:
    """The demo with its own orders held back."""
    demo.pause()
    yield demo
    demo.resume()
