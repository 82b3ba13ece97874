"""`Idempotency-Key`: the same request twice is one act and one answer; the key with another body is refused."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import Any, Final

import orjson
from rest_framework.request import Request
from rest_framework.response import Response

from console.api.models import KeptAnswer
from console.api.permissions import principal_of
from console.api.problems import ApiError

KEPT_FOR: Final = timedelta(hours=24)
# A first request that has not ended by then died; the act itself is safe to ask for again.
GIVEN_UP_AFTER: Final = timedelta(minutes=1)
_KEY: Final = re.compile(r"^[\x21-\x7e]{1,200}$")


def once(request: Request, body: dict[str, Any], act: Callable[[], Response]) -> Response:
    """`act`'s answer, or the kept one of an earlier request with this key. Without the header just `act`.

    Only successes are kept: what was refused changed nothing and may be asked for again.
    """
    key = request.headers.get("Idempotency-Key")
    if key is None:
        return act()
    if not _KEY.match(key):
        raise ApiError(HTTPStatus.BAD_REQUEST, "idempotency_key", "Idempotency-Key: 1 to 200 visible ASCII characters.")
    row, mine = _claim(principal_of(request).id, key, _hash(request, body), datetime.now(UTC))
    if not mine:
        return Response(row.body, status=row.status, headers={"Idempotency-Replayed": "true"})
    try:
        answer = act()
    except BaseException:
        row.delete()
        raise
    KeptAnswer.objects.filter(pk=row.pk).update(status=answer.status_code, body=answer.data)
    return answer


def _claim(principal_id: str, key: str, request_hash: bytes, now: datetime) -> tuple[KeptAnswer, bool]:
    """The key's row, and whether this request is the one to act. Raises ApiError (409, 422)."""
    KeptAnswer.objects.filter(created_at__lt=now - KEPT_FOR).delete()
    row, is_new = KeptAnswer.objects.get_or_create(
        principal_id=principal_id, key=key, defaults={"request_hash": request_hash, "created_at": now}
    )
    if is_new:
        return row, True
    if bytes(row.request_hash) != request_hash:
        raise ApiError(
            HTTPStatus.UNPROCESSABLE_ENTITY, "idempotency_key_reused", "This key was used for another request."
        )
    if row.status is not None:
        return row, False
    abandoned = KeptAnswer.objects.filter(pk=row.pk, status=None, created_at__lt=now - GIVEN_UP_AFTER)
    if abandoned.update(created_at=now):
        return row, True
    raise ApiError(
        HTTPStatus.CONFLICT, "in_progress", "The first request with this key is still running.", retry_after=2
    )


def _hash(request: Request, body: dict[str, Any]) -> bytes:
    canonical = orjson.dumps([request.method, request.path, body], option=orjson.OPT_SORT_KEYS, default=str)
    return hashlib.sha256(canonical).digest()
