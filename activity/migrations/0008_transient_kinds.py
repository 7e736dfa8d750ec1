from django.db import migrations, models

from core.indexes import AddIndexBeside

TRANSIENT = (
    "agent.heartbeat", "agent.log_updated", "agent.text", "agent.todos", "agent.tool", "agent.tool_result",
    "agent.user_message", "system.log",
)  # fmt: skip
ROUTINE = ("activity.created", "agent.presence_changed", "audit.recorded", "notification.created", *TRANSIENT)


class Migration(migrations.Migration):
    """The new indexes stand before the old ones go, so that no question is ever without one."""

    atomic = False

    dependencies = [
        ("activity", "0007_causes"),
    ]

    operations = [
        AddIndexBeside(
            model_name="event",
            index=models.Index(
                condition=models.Q(("kind__in", TRANSIENT)),
                fields=["at"],
                name="event_transient",
            ),
        ),
        AddIndexBeside(
            model_name="event",
            index=models.Index(
                condition=models.Q(
                    models.Q(("kind__in", ROUTINE), _negated=True),
                    ("agent_id__isnull", False),
                ),
                fields=["agent_id", "-id"],
                name="event_told_of_agent",
            ),
        ),
        AddIndexBeside(
            model_name="event",
            index=models.Index(
                condition=models.Q(("kind__in", ROUTINE), _negated=True),
                fields=["actor", "-id"],
                name="event_told_by_actor",
            ),
        ),
        migrations.RemoveIndex(
            model_name="event",
            name="event_of_agent",
        ),
        migrations.RemoveIndex(
            model_name="event",
            name="event_by_actor",
        ),
    ]
