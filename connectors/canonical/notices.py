"""What a system tells us that is no business document: something changed, a file is ready, an answer, a warning."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

from connectors.canonical.base import Canonical, Document


class ChangeSignal(Document, kw_only=True, tag_field="object", tag="change_signal"):
    """Something changed and must be fetched. It holds no amounts: nothing can be posted from it.

    `subject_id` is None where many changed: then `resource` says what to poll.
    """

    subject_type: str
    subject_id: str | None
    change: str  # created, updated, deleted, or the source's word
    previous: str | None = None
    current: str | None = None
    parent_id: str | None = None  # the order of a refund, the product of a level
    account: str | None = None
    resource: str | None = None
    sequence: str | None = None


class ReportAvailable(Document, kw_only=True, tag_field="object", tag="report_available"):
    """A file is ready. Any amount beside it means nothing and is not kept."""

    report: str
    url: str | None = None
    account: str | None = None
    period_start: date | None = None
    period_end: date | None = None


class ConnectionNotice(Document, kw_only=True, tag_field="object", tag="connection_notice"):
    """The system ended or changed our access: uninstalled, revoked."""

    kind: str
    account: str | None = None


class PrivacyRequest(Document, kw_only=True, tag_field="object", tag="privacy_request"):
    kind: str  # export, erasure, shop_erasure
    customer_id: str | None = None
    order_ids: tuple[str, ...] = ()
    account: str | None = None


class AuditEvent(Document, kw_only=True, tag_field="object", tag="audit_event"):
    """What somebody did in the other system."""

    action: str
    actor: str | None = None
    subject: str | None = None
    account: str | None = None


class ApiFinding(Document, kw_only=True, tag_field="object", tag="api_finding"):
    """What a system says of our use of it: deprecation, sunset, throttle, error. `retryable` None: it does not say."""

    kind: str
    code: str | None = None
    message: str | None = None
    operation: str | None = None
    api_version: str | None = None
    ends_at: datetime | None = None
    retryable: bool | None = None
    retry_after_seconds: Decimal | None = None
    limit: Decimal | None = None
    remaining: Decimal | None = None
    unit: str | None = None  # of limit and remaining: requests, microseconds


class AcknowledgedDocument(Canonical):
    kind: str
    control_number: str
    accepted: bool
    code: str | None = None
    errors: tuple[str, ...] = ()


class Acknowledgement(Document, kw_only=True, tag_field="object", tag="acknowledgement"):
    """The partner's machine took our documents, or did not."""

    accepted: bool
    code: str | None = None
    group: str | None = None
    documents: tuple[AcknowledgedDocument, ...] = ()


class EventEnvelope(Document, kw_only=True, tag_field="object", tag="event"):
    """A CloudEvent whose content is not ours to know. It is known by `source` and `id` together."""

    source: str
    kind: str
    subject: str | None = None
    content_type: str | None = None
    content_schema: str | None = None
    account: str | None = None
