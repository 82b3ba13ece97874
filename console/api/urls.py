"""Version 1 of the API."""

from django.urls import path, re_path

from console.api import exceptions, messages, overview, schema

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
    path("overview", overview.Overview.as_view(), name="api-overview"),
    path("schema", schema.Schema.as_view(), name="api-schema"),
    path("docs", schema.Reader.as_view(), name="api-docs"),
    re_path(r"^.*$", schema.Nothing.as_view(), name="api-nothing"),
]
