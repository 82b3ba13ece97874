"""The shapes of the API's answers, for callers and for the published schema. Fields are named one by one."""

from __future__ import annotations

from rest_framework import serializers as s

_NOT_STATED = "null: not stated"


class Problem(s.Serializer):
    type = s.CharField()
    title = s.CharField()
    status = s.IntegerField()
    code = s.CharField(help_text="For programs.")
    detail = s.CharField(help_text="For people.")
    request_id = s.CharField(help_text="Also in the header X-Request-Id; tell it when you ask us.")
    errors = s.DictField(required=False, help_text="Of a request that is not valid: field or parameter to sentences.")


class ReasonIn(s.Serializer):
    reason = s.CharField(max_length=500, help_text="Kept in the audit trail.")


class RetryIn(ReasonIn):
    insist = s.BooleanField(
        default=False, help_text="Send it although the target has accepted a newer state of the same object since."
    )


class LimitsIn(ReasonIn):
    concurrency = s.IntegerField(allow_null=True, help_text="Calls at once. null: the connector's.")
    per_second = s.FloatField(allow_null=True, help_text="Calls a second. null: the connector's.")


class ExceptionState(s.Serializer):
    id = s.UUIDField()
    state = s.CharField()


class SplitState(ExceptionState):
    sent_without_it = s.IntegerField(help_text="How many later messages of its lane go on.")


class Money(s.Serializer):
    value = s.CharField(help_text="Decimal as text.")
    currency = s.CharField()


class Way(s.Serializer):
    target = s.CharField()
    state = s.CharField()
    document = s.CharField(allow_null=True)
    confirmed = s.BooleanField()
    error = s.CharField(allow_null=True)
    api_version_requested = s.CharField(allow_null=True)
    api_version_served = s.CharField(allow_null=True, help_text=_NOT_STATED)


class MessageSummary(s.Serializer):
    id = s.UUIDField()
    received_at = s.DateTimeField()
    retailer = s.CharField()
    number = s.CharField(allow_null=True)
    object_type = s.CharField(allow_null=True)
    topic = s.CharField()
    store = s.CharField(allow_null=True)
    value = Money(allow_null=True, help_text="null: unknown, never 0.")
    source = s.CharField()
    door = s.CharField()
    api_version = s.CharField(allow_null=True, help_text=_NOT_STATED)
    status = s.CharField()
    why = s.CharField(allow_null=True)
    latency_ms = s.FloatField(allow_null=True)
    repeats = s.IntegerField()
    exception_id = s.UUIDField(allow_null=True)
    deliveries = Way(many=True)


class MessagePage(s.Serializer):
    results = MessageSummary(many=True)
    older = s.CharField(allow_null=True, help_text="The next page's address on this host.")
    newer = s.CharField(allow_null=True)


class Step(s.Serializer):
    number = s.IntegerField()
    name = s.CharField()
    changes = s.BooleanField(help_text="Whether this call changes something at the target.")
    method = s.CharField()
    target = s.CharField()
    status = s.IntegerField(allow_null=True, help_text="null: no answer came.")
    started_at = s.DateTimeField()
    duration_us = s.IntegerField()
    api_version_requested = s.CharField(allow_null=True)
    api_version_served = s.CharField(allow_null=True, help_text=_NOT_STATED)
    error = s.CharField(allow_null=True)


class Attempt(s.Serializer):
    id = s.UUIDField()
    number = s.IntegerField()
    trigger = s.CharField()
    started_at = s.DateTimeField()
    duration_us = s.IntegerField()
    transform_us = s.IntegerField()
    target_us = s.IntegerField()
    outcome = s.CharField()
    error_class = s.CharField(allow_null=True)
    error = s.CharField(allow_null=True)
    api_version_requested = s.CharField(allow_null=True)
    api_version_served = s.CharField(allow_null=True, help_text=_NOT_STATED)
    steps = Step(many=True)


class Delivery(s.Serializer):
    id = s.UUIDField()
    flow = s.CharField()
    target = s.CharField()
    connector = s.CharField()
    operation = s.CharField()
    kind = s.CharField()
    state = s.CharField()
    reference = s.CharField(help_text="Our reference in the target.")
    idempotency_key = s.UUIDField()
    document = s.CharField(allow_null=True)
    effect = s.CharField(allow_null=True)
    ran_at = s.DateTimeField(allow_null=True)
    accepted_at = s.DateTimeField(allow_null=True)
    confirmed_at = s.DateTimeField(allow_null=True)
    error_class = s.CharField(allow_null=True)
    error = s.CharField(allow_null=True)
    attempts = Attempt(many=True)


class MessageDetail(s.Serializer):
    id = s.UUIDField()
    received_at = s.DateTimeField()
    occurred_at = s.DateTimeField(allow_null=True)
    retailer = s.CharField()
    number = s.CharField(allow_null=True)
    object_type = s.CharField(allow_null=True)
    object_id = s.CharField(allow_null=True)
    topic = s.CharField()
    event_id = s.CharField()
    source = s.CharField()
    connector = s.CharField()
    door = s.CharField()
    api_version = s.CharField(allow_null=True, help_text=_NOT_STATED)
    store = s.CharField(allow_null=True)
    value = Money(allow_null=True)
    status = s.CharField()
    rule = s.CharField(allow_null=True)
    latency_ms = s.FloatField(allow_null=True)
    trace_id = s.CharField()
    cause_id = s.UUIDField(allow_null=True)
    business_keys = s.ListField(child=s.DictField(child=s.CharField()))
    repeated_at = s.ListField(child=s.DateTimeField())
    exception_ids = s.ListField(child=s.UUIDField())
    deliveries = Delivery(many=True)


class ExceptionSummary(s.Serializer):
    id = s.UUIDField()
    state = s.CharField()
    opened_at = s.DateTimeField()
    last_seen_at = s.DateTimeField()
    retailer = s.CharField()
    message_id = s.UUIDField()
    delivery_id = s.UUIDField(allow_null=True)
    connection = s.CharField(allow_null=True)
    flow = s.CharField(allow_null=True)
    error_class = s.CharField()
    title = s.CharField()
    number = s.CharField(allow_null=True)
    store = s.CharField(allow_null=True)
    value = Money(allow_null=True)
    failures = s.IntegerField()
    resolution = s.CharField(allow_null=True)
    resolved_at = s.DateTimeField(allow_null=True)


class ExceptionPage(s.Serializer):
    results = ExceptionSummary(many=True)
    older = s.CharField(allow_null=True)
    newer = s.CharField(allow_null=True)


class Transition(s.Serializer):
    at = s.DateTimeField()
    from_state = s.CharField(allow_null=True)
    to_state = s.CharField()
    by = s.CharField()
    reason = s.CharField(allow_null=True)


class ExceptionDetail(ExceptionSummary):
    detail = s.CharField(allow_null=True)
    why_not_retry = s.CharField(allow_null=True)
    why_not_split = s.CharField(allow_null=True)
    waiting_behind = s.IntegerField(help_text="Later messages of its lane that wait for it.")
    split = s.BooleanField(help_text="It was taken out of its order.")
    transitions = Transition(many=True)


class Connection(s.Serializer):
    key = s.CharField()
    label = s.CharField()
    retailer = s.CharField()
    connector = s.CharField()
    state = s.CharField()
    live = s.BooleanField()
    api_version = s.CharField(allow_null=True)


class Connections(s.Serializer):
    results = Connection(many=True)


class WaitingShare(s.Serializer):
    share = s.ChoiceField(["live", "retry", "replay"])
    count = s.IntegerField()
    due = s.IntegerField(help_text="How many could go at once.")
    oldest = s.DateTimeField(help_text="When the message of the oldest came.")


class EndpointLimits(s.Serializer):
    concurrency = s.IntegerField(help_text="In force, at full pace.")
    per_second = s.FloatField(help_text="In force, at full pace.")
    own_concurrency = s.IntegerField(allow_null=True, help_text="Set by a person; null: the connector's.")
    own_per_second = s.FloatField(allow_null=True, help_text="Set by a person; null: the connector's.")


class LastMinute(s.Serializer):
    runs = s.IntegerField()
    failed = s.IntegerField()


class Endpoint(s.Serializer):
    connection = s.CharField()
    label = s.CharField()
    retailer = s.CharField()
    standing = s.ChoiceField(["paused", "held", "open", "told_to_wait", "slowed", "usual"])
    says = s.CharField(help_text="The same in a sentence.")
    breaker = s.ChoiceField(["closed", "open", "held"])
    reason = s.CharField(allow_null=True, help_text="Why it is not called.")
    since = s.DateTimeField(allow_null=True, help_text="Since when the breaker is as it is; null: always.")
    probe_at = s.DateTimeField(allow_null=True, help_text="While open: when one delivery may try.")
    not_before = s.DateTimeField(allow_null=True, help_text="The target's Retry-After, while it is in force.")
    calls_under_way = s.IntegerField()
    calls_at_once = s.IntegerField(help_text="Allowed now.")
    calls_per_second = s.FloatField(help_text="Allowed now, once the bucket is empty.")
    tokens = s.IntegerField(help_text="Calls left in the bucket.")
    pace = s.FloatField(help_text="Share of its limits in use, 0.05 to 1.")
    full_at = s.DateTimeField(allow_null=True, help_text="When its pace will be full again.")
    last_minute = LastMinute()
    limits = EndpointLimits()
    waiting = WaitingShare(many=True)
    paused_flows = s.ListField(child=s.CharField())


class Endpoints(s.Serializer):
    results = Endpoint(many=True)


class PauseIn(ReasonIn):
    on = s.ListField(
        child=s.CharField(max_length=80),
        min_length=1,
        max_length=200,
        help_text="What waits, of any retailers one sees: `flow:<key>`, `source:<connection>`, `target:<connection>`.",
    )
    expires_at = s.DateTimeField(allow_null=True, default=None, help_text="null: until somebody resumes it.")
    sla = s.ChoiceField(["counts", "excluded"], default="counts")
    sla_reason = s.CharField(max_length=400, allow_blank=True, default="", help_text="Needed where it is excluded.")


class ResumeIn(ReasonIn):
    ids = s.ListField(child=s.UUIDField(), min_length=1, max_length=200)


class PauseBacklog(s.Serializer):
    count = s.IntegerField(help_text="Deliveries that wait; those that wait for a decision are not among them.")
    oldest = s.DateTimeField(allow_null=True, help_text="When the message of the oldest came.")
    drain_seconds = s.FloatField(allow_null=True, help_text="Once it may go. null: unknown.")
    says = s.CharField(help_text="The estimate in words.")


class Pause(s.Serializer):
    id = s.UUIDField()
    scope = s.ChoiceField(["flow", "source", "target"])
    on = s.CharField(help_text="Its name, as `on` of a request takes it.")
    label = s.CharField()
    retailer = s.CharField()
    reason = s.CharField()
    sla = s.ChoiceField(["counts", "excluded"])
    sla_reason = s.CharField(allow_null=True)
    opened_at = s.DateTimeField()
    opened_by = s.CharField()
    request_id = s.CharField(help_text="That of the act: what was paused together has one.")
    expires_at = s.DateTimeField(allow_null=True)
    ended_at = s.DateTimeField(allow_null=True)
    ended_by = s.CharField(allow_null=True)
    end_reason = s.CharField(allow_null=True)
    others = s.IntegerField(help_text="Open pauses over the same besides this one: it moves when all are over.")
    backlog = PauseBacklog(allow_null=True, help_text="null for one that is over.")


class Pauses(s.Serializer):
    results = Pause(many=True)


class Hop(s.Serializer):
    hop = s.CharField()
    timed = s.IntegerField()
    p50_ms = s.FloatField()
    p95_ms = s.FloatField()


class VersionInUse(s.Serializer):
    connection = s.CharField()
    connector = s.CharField()
    side = s.ChoiceField(["source", "target"])
    requested = s.CharField(allow_null=True)
    served = s.CharField(allow_null=True, help_text=_NOT_STATED)
    calls = s.IntegerField()
    share = s.FloatField()
    last_seen = s.DateTimeField()


class OpenExceptions(s.Serializer):
    count = s.IntegerField()
    at_risk = Money(many=True)
    unknown_value = s.IntegerField()
    oldest = s.DateTimeField(allow_null=True)


class Backlog(s.Serializer):
    waiting = s.IntegerField()
    retrying = s.IntegerField()
    oldest = s.DateTimeField(allow_null=True)


class Overview(s.Serializer):
    since = s.DateTimeField()
    until = s.DateTimeField()
    received = s.IntegerField()
    received_a_minute = s.FloatField(help_text="Over the last five minutes, or on average in a range of the past.")
    delivered = s.IntegerField()
    attempts = s.IntegerField()
    failed_attempts = s.IntegerField()
    failures_by_class = s.DictField(child=s.IntegerField())
    latency = Hop(many=True)
    api_versions = VersionInUse(many=True)
    exceptions = OpenExceptions()
    backlog = Backlog()
    equation = s.DictField(
        child=s.IntegerField(), allow_null=True, help_text="What became of `received`, repeats included."
    )
