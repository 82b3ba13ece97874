from django.apps import AppConfig


class RetailersConfig(AppConfig):
    name = "tenants.retailers"
    label = "retailers"
