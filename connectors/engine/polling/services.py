"""Which streams there are to be read, and whether it is time."""

from __future__ import annotations

from django.db.models import Q
from django.db.models.functions import Now

from connectors.engine.polling.models import Cursor
from connectors.library import UnknownConnector, connector
from connectors.sdk.polling import Stream
from governance.registry.models import RetailConnection


def is_due() -> bool:
    """Whether a stream of the partner waits to be read. Makes the cursors that are missing. Cost: three queries."""
    _ensure_cursors()
    free = Q(leased_until__isnull=True) | Q(leased_until__lt=Now())
    return Cursor.objects.filter(free, due_at__lte=Now()).exists()


def streams_of(connection: RetailConnection) -> tuple[Stream, ...]:
    """What is asked of a connection, by its connector and settings; nothing while it is disconnected."""
    if connection.state == RetailConnection.State.DISCONNECTED:
        return ()
    try:
        polls = connector(connection.connector).polls
    except UnknownConnector:
        return ()
    return tuple(one for one in polls.streams(connection.config) if one.every) if polls is not None else ()


def _ensure_cursors() -> None:
    """One a stream that is asked. One that is asked no more stays, to go on from where it was."""
    wanted = {
        (row.pk, stream.key): row.retailer_id for row in RetailConnection.objects.all() for stream in streams_of(row)
    }
    known = {(row.connection_id, row.stream): row.pk for row in Cursor.objects.only("connection_id", "stream")}
    missing = [
        Cursor(connection_id=connection_id, stream=stream, retailer_id=retailer_id)
        for (connection_id, stream), retailer_id in wanted.items()
        if (connection_id, stream) not in known
    ]
    Cursor.objects.bulk_create(missing, ignore_conflicts=True)
