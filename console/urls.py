"""Every route of the console."""

from django.urls import path

from console.views import brand, connect, connections, people, preferences, sign_in

urlpatterns = [
    path("favicon.svg", brand.favicon, name="favicon"),
    path("preferences/", preferences.preferences, name="preferences"),
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
    path("people/", people.people, name="people"),
    path("people/invite/", people.invite, name="invite"),
    path("people/<int:person_id>/", people.person, name="person"),
    path("people/<int:person_id>/link/", people.make_link, name="person-link"),
    path("people/<int:person_id>/role/", people.set_role, name="person-role"),
    path("people/<int:person_id>/deactivate/", people.deactivate, name="person-deactivate"),
]
