"""What a connector asks its source through: the one outside client, and nothing that changes the source."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from connectors.engine.drain.call import CALL_SECONDS, in_our_words
from connectors.sdk.connector import Response
from connectors.sdk.errors import ConnectorError, CredentialRejected, Misconfigured, RequestRefused
from governance.egress.addresses import AllowList
from governance.egress.client import Egress
from governance.egress.database import QueryRefused, read_rows
from governance.egress.errors import EgressError
from governance.egress.sftp import LoginRefused
from tenants.ids import uuid7

WRITES = "25006"  # read_only_sql_transaction


class PollCall:
    """One reading of one stream. Implements `connectors.sdk.connector.Call`."""

    reference = ""

    def __init__(
        self, config: Mapping[str, str], secrets: Mapping[str, str], *, egress: Egress, allow: AllowList
    ) -> None:
        self.config = config
        self.secrets = secrets
        self.session: dict[str, Any] = {}
        self.idempotency_key: UUID = uuid7()
        self.version_served = ""
        self._egress = egress
        self._allow = allow

    async def request(
        self,
        step: str,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
        changes: bool = False,
        version: str = "",
    ) -> Response:
        if changes:
            raise RequestRefused(f"A poll changes nothing: {step} was not sent.")
        try:
            answer = await self._egress.request(
                method, url, headers=headers, body=body, deadline=CALL_SECONDS, allow=self._allow
            )
        except EgressError as error:
            raise in_our_words(error, changes=False) from error
        return Response(answer.status, answer.headers, answer.body)

    async def rows(self, url: str, statement: Any, values: Sequence[Any]) -> tuple[list[tuple[Any, ...]], bool]:
        username, tls = self.config.get("username", ""), self.config.get("tls", "")
        try:
            return await read_rows(
                url, statement, values, allow=self._allow, username=username, secrets=self.secrets, tls=tls
            )
        except EgressError as error:
            raise _of_a_database(error) from error

    def served(self, version: str) -> None:
        self.version_served = version


def _of_a_database(error: EgressError) -> Exception:
    found: ConnectorError
    if isinstance(error, LoginRefused):
        found = CredentialRejected("The database refuses our user name and password.")
    elif isinstance(error, QueryRefused) and error.state == WRITES:
        found = Misconfigured("Reading this table writes: a function of the view does. We only read.")
    elif isinstance(error, QueryRefused):
        found = Misconfigured(f"The database refuses to be read: {error.reason}.", detail=f"SQLSTATE {error.state}")
    else:
        return in_our_words(error, changes=False)
    return found
