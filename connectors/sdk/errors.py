"""The closed family of errors a connector may raise. Everything else is a defect of the connector.

`operator_message` is one sentence for the person who has to act; `detail` is redacted evidence.
`error_class` is the class shown on the desk (`product.md` T3).
"""

from __future__ import annotations

from datetime import timedelta


class ConnectorError(Exception):
    """Base of the family. Never raised itself."""

    error_class = "transport"
    retryable = False

    def __init__(
        self,
        operator_message: str,
        *,
        detail: str = "",
        error_class: str | None = None,
        retry_after: timedelta | None = None,
    ) -> None:
        super().__init__(operator_message)
        self.operator_message = operator_message
        self.detail = detail
        self.retry_after = retry_after
        if error_class is not None:
            self.error_class = error_class


class CredentialRejected(ConnectorError):
    """The target refused our credential. The retailer acts."""

    error_class = "credential"


class Misconfigured(ConnectorError):
    """The connection's settings cannot work. The retailer acts."""

    error_class = "credential"


class Throttled(ConnectorError):
    """The target asks us to slow down. We wait; `retry_after` is what it asked for."""

    error_class = "throttled"
    retryable = True


class Unavailable(ConnectorError):
    """The target could not be reached, or said so itself, before it can have done anything. We wait."""

    error_class = "transport"
    retryable = True


class PayloadChanged(ConnectorError):
    """What came does not have the shape we know. We act."""

    error_class = "mapping"


class RequestRefused(ConnectorError):
    """The target understood and said no (or we know it would). Sending it again cannot help. We act."""

    error_class = "validation"


class TooEarly(ConnectorError):
    """What this belongs to is not in the target yet. We wait, and let what comes later in its lane go first."""

    error_class = "out_of_order"
    retryable = True


class Needs(TooEarly):
    """A thing is not in the target yet that this one cannot do without. It waits, and no tries are used up.

    It goes as soon as the cross-reference knows the thing at this target; after `within` a person is asked.
    `object_id` is the source's. `may_be_behind`: it may come behind this one in the same lane, and goes first then.
    """

    def __init__(
        self,
        object_type: str,
        object_id: str,
        operator_message: str = "",
        *,
        detail: str = "",
        within: timedelta = timedelta(minutes=30),
        may_be_behind: bool = False,
    ) -> None:
        thing = f"{object_type.replace('_', ' ')} {object_id}"
        super().__init__(operator_message or f"It waits for {thing}, which is not in the target yet.", detail=detail)
        self.object_type = object_type
        self.object_id = object_id
        self.within = within
        self.may_be_behind = may_be_behind


class UnmappedValue(RequestRefused):
    """A retailer's value table says nothing of this value, and the target does not know it by itself.

    A person adds the value, and what waits for it goes on. `place`: where it was read.
    """

    error_class = "unmapped_value"

    def __init__(self, table: str, value: str, operator_message: str = "", *, place: str = "") -> None:
        said = operator_message or f"The value table {table} has no entry for {value!r}."
        super().__init__(said, detail=f"value table {table}, value {value}, from {place or 'the document'}")
        self.table = table
        self.value = value
        self.place = place


class Uncertain(ConnectorError):
    """The call left and nobody knows whether it took effect. We ask the target (by idempotency class)."""

    error_class = "transport"
    retryable = True
