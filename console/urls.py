"""Every route of the console."""

from django.urls import path

from console.views import brand, preferences

urlpatterns = [
    path("favicon.svg", brand.favicon, name="favicon"),
    path("preferences/", preferences.preferences, name="preferences"),
]
