"""Version 1 of the API."""

from django.urls import path, re_path

from console.api import endpoints, exceptions, messages, overview, pauses, schema

urlpatterns = [
    path("messages", messages.Messages.as_view(), name="api-messages"),
    path("messages/<uuid:message_id>", messages.Message.as_view(), name="api-message"),
    path("exceptions", exceptions.Exceptions.as_view(), name="api-exceptions"),
    path("exceptions/<uuid:exception_id>", exceptions.Exception_.as_view(), name="api-exception"),
    path("exceptions/<uuid:exception_id>/retry", exceptions.Retry.as_view(), name="api-exception-retry"),
    path("exceptions/<uuid:exception_id>/resolve", exceptions.Resolve.as_view(), name="api-exception-resolve"),
    path("exceptions/<uuid:exception_id>/split", exceptions.Split.as_view(), name="api-exception-split"),
    path("deliveries/<uuid:delivery_id>/release", exceptions.Release.as_view(), name="api-delivery-release"),
    path("connections", overview.Connections.as_view(), name="api-connections"),
    path("endpoints", endpoints.Endpoints.as_view(), name="api-endpoints"),
    path("endpoints/<slug:key>", endpoints.Endpoint.as_view(), name="api-endpoint"),
    path("endpoints/<slug:key>/hold", endpoints.Hold.as_view(), name="api-endpoint-hold"),
    path("endpoints/<slug:key>/let-go", endpoints.LetGo.as_view(), name="api-endpoint-let-go"),
    path("endpoints/<slug:key>/probe", endpoints.Probe.as_view(), name="api-endpoint-probe"),
    path("endpoints/<slug:key>/lift-wait", endpoints.LiftWait.as_view(), name="api-endpoint-lift-wait"),
    path("endpoints/<slug:key>/full-pace", endpoints.FullPace.as_view(), name="api-endpoint-full-pace"),
    path("endpoints/<slug:key>/limits", endpoints.Limits.as_view(), name="api-endpoint-limits"),
    path("pauses", pauses.Pauses.as_view(), name="api-pauses"),
    path("pauses/begin", pauses.Begin.as_view(), name="api-pauses-begin"),
    path("pauses/end", pauses.End.as_view(), name="api-pauses-end"),
    path("overview", overview.Overview.as_view(), name="api-overview"),
    path("schema", schema.Schema.as_view(), name="api-schema"),
    path("docs", schema.Reader.as_view(), name="api-docs"),
    re_path(r"^.*$", schema.Nothing.as_view(), name="api-nothing"),
]
