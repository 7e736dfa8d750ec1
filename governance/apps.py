from django.apps import AppConfig


class GovernanceConfig(AppConfig):
    name = "governance"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from tasks.services import bookkeeping

        from .services.pending import after_move

        bookkeeping.followers.append(after_move)
