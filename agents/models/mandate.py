"""What an agent may do: how freely it decides, what it may spend, and whether somebody has stopped it."""

from __future__ import annotations

from datetime import datetime

from django.db import models

from .agent import Agent


class MandateManager(models.Manager["Mandate"]):
    def of(self, agent: Agent) -> Mandate:
        """The agent's mandate. One that came by another way than registration has the usual one."""
        mandate, _ = self.get_or_create(agent=agent)
        mandate.agent = agent
        return mandate


class Mandate(models.Model):
    """Money in whole micro-dollars; null is what the role is usually given."""

    class Autonomy(models.TextChoices):
        INTERN = "INTERN"
        SPECIALIST = "SPECIALIST"
        LEAD = "LEAD"

    class Control(models.TextChoices):
        ACTIVE = "ACTIVE"
        PAUSED = "PAUSED"
        DRAINED = "DRAINED"
        QUARANTINED = "QUARANTINED"
        OFFLINE = "OFFLINE"

    class Health(models.TextChoices):
        HEALTHY = "HEALTHY"
        BUSY = "BUSY"
        IDLE = "IDLE"

    agent = models.OneToOneField(Agent, on_delete=models.CASCADE, related_name="mandate", primary_key=True)
    emoji = models.CharField(max_length=16, null=True)  # noqa: DJ001 - the contract tells null from empty
    autonomy = models.CharField(max_length=10, choices=Autonomy, default=Autonomy.SPECIALIST)
    control = models.CharField(max_length=11, choices=Control, default=Control.ACTIVE)
    status_reason = models.CharField(max_length=500, null=True)  # noqa: DJ001 - as above
    status_until = models.DateTimeField(null=True)
    # What a pause for money stands in front of: it holds again when there is money again.
    set_aside = models.JSONField(null=True)
    health = models.CharField(max_length=7, choices=Health, null=True)  # noqa: DJ001 - as above
    allowed_task_types = models.JSONField(default=list)
    allowed_tools = models.JSONField(default=list)
    budget_daily_microusd = models.BigIntegerField(null=True)
    budget_per_run_microusd = models.BigIntegerField(null=True)
    # Granted for today on top of the daily budget.
    extra_microusd = models.BigIntegerField(default=0)
    spend_today_microusd = models.BigIntegerField(default=0)
    spend_reset_at = models.DateTimeField(null=True)
    can_spawn = models.BooleanField(default=True)
    max_sub_agents = models.PositiveSmallIntegerField(default=3)
    parent = models.ForeignKey(Agent, null=True, on_delete=models.SET_NULL, related_name="sub_mandates")
    # A plain column: tasks stand above agents.
    parent_task_id = models.BigIntegerField(null=True)
    purpose = models.CharField(max_length=500, blank=True, default="")
    current_task_id = models.BigIntegerField(null=True)
    heartbeat_at = models.DateTimeField(null=True)
    last_error = models.TextField(null=True)  # noqa: DJ001 - as above
    error_streak = models.PositiveIntegerField(default=0)
    # Asked for and not yet told to the agent.
    restart_asked_at = models.DateTimeField(null=True)
    metadata = models.JSONField(default=dict)

    objects = MandateManager()

    class Meta:
        indexes = [
            models.Index(fields=["parent_task_id"], condition=models.Q(parent_task_id__isnull=False), name="spawned"),
            models.Index(fields=["status_until"], condition=models.Q(status_until__isnull=False), name="control_until"),
            models.Index(fields=["spend_reset_at"], name="spend_reset"),
        ]

    def __str__(self) -> str:
        return f"{self.agent_id}: {self.autonomy} {self.control}"

    def is_reset_due(self, now: datetime) -> bool:
        return self.spend_reset_at is not None and self.spend_reset_at <= now
