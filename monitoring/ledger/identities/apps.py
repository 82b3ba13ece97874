from django.apps import AppConfig


class IdentitiesConfig(AppConfig):
    name = "monitoring.ledger.identities"
    label = "identities"
