from django.apps import AppConfig


class AuditConfig(AppConfig):
    name = "governance.audit"
    label = "audit"

    def ready(self) -> None:
        from governance.audit import actions  # noqa: F401
        from governance.audit.auditlog import track_models

        track_models()
