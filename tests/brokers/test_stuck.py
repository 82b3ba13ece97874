"""A worker that looks alive and takes no tasks: it ends by itself, and the one that is started in its place works."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from celery import Celery

from console.pulse import PULSE_SECONDS, SILENT_SECONDS
from tests.brokers.servers import missing
from tests.brokers.system import Hosts, hosts
from tests.chaos.plan import Profile

pytestmark = [pytest.mark.e2e, pytest.mark.brokers]

IDLE = Profile(seed=12, seconds=1.0, rate=1.0, partners=1, retailers=1, webs=0, workers=2, wrong=0.0)


@pytest.fixture(params=["redis", "rabbitmq"])
def system(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hosts]:
    if why := missing(request.param):
        pytest.skip(why)
    folder = tmp_path_factory.mktemp(request.param)
    folder.parent.chmod(0o755)
    with hosts(IDLE, folder, request.param) as running:
        yield running


def test_a_consumer_that_stopped_is_noticed_beside_one_that_works_and_replaced(system):
    system.wait(lambda: all(system.heartbeat_age(name, "worker") < 5 for name in system.workers), 30)
    before = {name: system.supervisor.parts[name].pid for name in system.workers}
    stop_consuming(system, "worker1")

    seconds = system.wait(lambda: system.supervisor.fell["worker"] == 1, SILENT_SECONDS + 2 * PULSE_SECONDS)
    assert seconds > PULSE_SECONDS, "it must not have died of something else"
    assert "takes no tasks although the broker does" in system.supervisor.log("worker1").read_text()
    system.wait(lambda: system.supervisor.parts["worker1"].pid not in (None, before["worker1"]), 10)
    system.wait(lambda: system.heartbeat_age("worker1", "worker") < 2, 30)
    assert system.supervisor.parts["worker2"].pid == before["worker2"]


def stop_consuming(system: Hosts, worker: str) -> None:
    """Of every queue, as after a reconnect that went wrong; it still answers to its name."""
    with Celery(broker=system.app_env()["BROKER_URL"]) as remote:
        nodes = [name for answer in remote.control.ping(timeout=3) for name in answer if name == f"celery@{worker}"]
        for queue in ("celery", f"pulse.{nodes[0]}"):
            answers = remote.control.cancel_consumer(queue, destination=nodes, reply=True, timeout=5)
            assert answers and "ok" in answers[0][nodes[0]], answers
