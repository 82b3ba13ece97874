"""A value without an entry asks a person; once it is there, all that waited for it go by themselves."""

from __future__ import annotations

from connectors.engine.needs.models import Need
from monitoring.exceptions.models import ExceptionItem, Transition
from tests.connectors.engine.needs.conftest import add_value, noted, odd, sent, until
from tests.support.engine import World


async def test_a_value_that_is_nowhere_is_an_exception_of_its_own_and_never_guessed(needy: World):
    await needy.post(odd(1001, "?BOX"))
    await needy.settle()
    item = await needy.ask(ExceptionItem.objects.get)
    assert (item.error_class, item.state) == ("unmapped_value", "open")
    need = await needy.ask(Need.objects.get)
    assert (need.kind, need.name, need.key) == ("value", "sku", "?BOX")
    assert "lines[0].sku" in item.detail


async def test_all_that_wait_for_the_value_go_once_it_is_there_in_their_order(needy: World):
    async with needy.draining():
        await needy.post(odd(1001, "?BOX"))
        await needy.post(odd(1002, "?BOX"))
        await needy.post(odd(1003, "?OTHER"))
        await noted(needy, 3)
        await needy.post(odd(1001, "HP-TEE-M", updated="2026-11-20T11:00:00Z"), "orders/updated")
        await until(needy, "exception", "exception", "exception", "waiting")
        await needy.ask(lambda: add_value(needy, "?BOX", "HP-BOX"))
        await until(needy, "delivered", "delivered", "exception", "delivered")
    went = await sent(needy)
    assert sorted(went) == ["5000001001", "5000001001", "5000001002"]
    assert await needy.ask(lambda: Need.objects.get().key) == "?OTHER"
    reasons = await needy.ask(
        lambda: list(Transition.objects.filter(to_state="retrying").values_list("reason", flat=True))
    )
    assert reasons == ["What it waited for is there now."] * 2


async def test_an_entry_in_another_table_or_for_another_value_wakes_nobody(needy: World):
    async with needy.draining():
        await needy.post(odd(1001, "?BOX"))
        await noted(needy)
        await needy.ask(lambda: add_value(needy, "?BOX", "x", table="tender"))
        await needy.ask(lambda: add_value(needy, "?CASE", "x"))
        await needy.post(odd(1002, "?CASE"))
        await until(needy, "exception", "delivered")


async def test_a_value_added_since_the_settings_were_read_is_used_at_once(needy: World):
    """The drain reads its settings every few seconds; a person is not asked for what is there already."""
    async with needy.draining():
        await needy.post(odd(1001, "HP-TEE-M"))
        await until(needy, "delivered")
        await needy.ask(lambda: add_value(needy, "?BOX", "HP-BOX"))
        await needy.post(odd(1002, "?BOX"))
        await until(needy, "delivered", "delivered", seconds=3)
    assert not await needy.ask(ExceptionItem.objects.exists)


async def test_a_default_that_the_table_states_is_used(needy: World):
    await needy.ask(lambda: add_value(needy, "*", "HP-MISC"))
    await needy.post(odd(1001, "?BOX"))
    await needy.settle()
    assert not await needy.ask(ExceptionItem.objects.exists)
