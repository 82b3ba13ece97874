from django.apps import AppConfig


class LedgerConfig(AppConfig):
    name = "monitoring.ledger"
    label = "ledger"
