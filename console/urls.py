"""Every route of the console."""

from django.urls import include, path, re_path

from console.views import (
    brand,
    connect,
    connection_edit,
    connections,
    decisions,
    exceptions,
    flows,
    message,
    messages,
    overview,
    people,
    preferences,
    sign_in,
)

urlpatterns = [
    path("", overview.overview, name="overview"),
    path("overview/equation/", overview.overview_equation, name="overview-equation"),
    path("overview/<slug:name>.csv", overview.overview_csv, name="overview-csv"),
    path("api/v1/", include("console.api.urls")),
    path("favicon.svg", brand.favicon, name="favicon"),
    path("preferences/", preferences.preferences, name="preferences"),
    path("messages/", messages.messages, name="messages"),
    path("messages/filters/", messages.message_filters, name="message-filters"),
    path("messages/rows/", messages.message_rows, name="message-rows"),
    re_path(r"^messages/export\.(?P<form>csv|jsonl)$", messages.messages_export, name="messages-export"),
    path("messages/<uuid:message_id>/", message.message, name="message"),
    path("messages/<uuid:message_id>/facts.json", message.message_json, name="message-json"),
    path("messages/<uuid:message_id>/reveal/", message.message_reveal, name="message-reveal"),
    path("messages/<uuid:message_id>/bodies/<uuid:payload_id>/", message.message_body, name="message-body"),
    path("exceptions/", exceptions.exceptions, name="exceptions"),
    path("exceptions/count/", exceptions.exception_count, name="exception-count"),
    path("exceptions/rows/", exceptions.exception_rows, name="exception-rows"),
    re_path(r"^exceptions/export\.(?P<form>csv|jsonl)$", exceptions.exceptions_export, name="exceptions-export"),
    path("exceptions/<uuid:exception_id>/", exceptions.exception, name="exception"),
    path("exceptions/<uuid:exception_id>/retry/", decisions.retry, name="exception-retry"),
    path("exceptions/<uuid:exception_id>/resolve/", decisions.resolve, name="exception-resolve"),
    path("exceptions/<uuid:exception_id>/split/", decisions.split, name="exception-split"),
    path("deliveries/<uuid:delivery_id>/release/", decisions.release, name="delivery-release"),
    path("sign-in/", sign_in.page, name="sign-in"),
    path("sign-out/", sign_in.leave, name="sign-out"),
    path("start/", sign_in.home, name="home"),
    path("welcome/", sign_in.welcome, name="welcome"),
    path("welcome/<str:token>/", sign_in.link, name="one-time-link"),
    path("connections/", connections.connections, name="connections"),
    path("connections/new/", connect.choose, name="connect"),
    path("connections/new/<slug:connector_key>/", connect.new, name="connect-new"),
    path("connections/<slug:key>/", connections.connection, name="connection"),
    path("connections/<slug:key>/state/", connections.set_state, name="connection-state"),
    path("connections/<slug:key>/address/", connections.renew_address, name="connection-address"),
    path("connections/<slug:key>/edit/", connection_edit.edit, name="connection-edit"),
    path("connections/<slug:key>/retire/", connection_edit.retire, name="connection-retire"),
    path("flows/new/", flows.new, name="flow-new"),
    path("flows/<slug:key>/state/", flows.set_state, name="flow-state"),
    path("people/", people.people, name="people"),
    path("people/invite/", people.invite, name="invite"),
    path("people/<int:person_id>/", people.person, name="person"),
    path("people/<int:person_id>/link/", people.make_link, name="person-link"),
    path("people/<int:person_id>/role/", people.set_role, name="person-role"),
    path("people/<int:person_id>/deactivate/", people.deactivate, name="person-deactivate"),
]

handler400 = "console.views.errors.bad_request"
handler403 = "console.views.errors.forbidden"
handler404 = "console.views.errors.not_found"
handler500 = "console.views.errors.broken"
