from django.apps import AppConfig


class GovernanceConfig(AppConfig):
    name = "governance"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from agents.services import changing
        from tasks.services import bookkeeping

        from .services.pending import after_move
        from .services.permissions.ending import agent_leaves

        bookkeeping.followers.append(after_move)
        changing.leavers.append(agent_leaves)
