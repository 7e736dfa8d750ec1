from django.apps import AppConfig


class ChatConfig(AppConfig):
    name = "chat"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from governance.services import renaming

        from .services.renaming import rename_speaker

        renaming.followers.append(rename_speaker)
