"""What a connector asks its source through: the one outside client, and nothing that changes the source."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from connectors.engine.drain.call import CALL_SECONDS, in_our_words
from connectors.sdk.connector import Response
from connectors.sdk.errors import RequestRefused
from governance.egress.addresses import AllowList
from governance.egress.client import Egress
from governance.egress.errors import EgressError
from tenants.ids import uuid7


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

    def served(self, version: str) -> None:
        self.version_served = version
