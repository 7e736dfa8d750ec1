"""Sums of agents are kept by model, and sums of sessions are new: both are added up from the reports once."""

from django.db import migrations, models

LARGEST_SUM = 10**16
FIGURES = ("input_tokens", "output_tokens", "cost_microusd")


def add_up(apps, editor):
    is_sqlite = editor.connection.vendor == "sqlite"
    if is_sqlite:
        at, size = "CAST(strftime('%s', at) AS INTEGER)", "length(CAST(model AS BLOB))"
        sums = [f"CAST(min(total({name}), {LARGEST_SUM}) AS INTEGER)" for name in FIGURES]
    else:
        at, size = "floor(extract(epoch from at))::bigint", "octet_length(model)"
        sums = [f"least(sum({name}), {LARGEST_SUM})" for name in FIGURES]
    day = f"{at} - {at} % 86400"
    model = f"CASE WHEN {size} = length(model) THEN model ELSE substr(model, 1, 100) END"
    session = (
        "CASE WHEN agent_name <> 'unknown' OR substr(session_id, 1, 7) = 'unknown'"
        " THEN substr(session_id, length(agent_name) + 1) ELSE '?' || session_id END"
    )
    head = (
        f"INSERT INTO tokens_rollup (workspace_id, dimension, starts, key, part, last, {', '.join(FIGURES)}, requests)"
    )
    figures = f"{', '.join(sums)}, count(*) FROM tokens_tokenusage"
    editor.execute("DELETE FROM tokens_rollup WHERE dimension = 'agent'", None)
    editor.execute(
        f"{head} SELECT workspace_id, 'agent', {day}, agent_name, {model}, 0, {figures} GROUP BY 1, 3, 4, 5", None
    )
    editor.execute(
        f"{head} SELECT workspace_id, 'session', 0, agent_name, {session}, max({at}) * 1000 + 999, {figures}"
        " GROUP BY 1, 4, 5",
        None,
    )


class Migration(migrations.Migration):
    dependencies = [
        ("tokens", "0002_usage_of_agent"),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name="rollup",
            name="rollup_once",
        ),
        migrations.AddField(
            model_name="rollup",
            name="last",
            field=models.BigIntegerField(default=0),
        ),
        migrations.AddField(
            model_name="rollup",
            name="part",
            field=models.CharField(blank=True, default="", max_length=520),
        ),
        migrations.AlterField(
            model_name="rollup",
            name="dimension",
            field=models.CharField(
                choices=[
                    ("total", "Total"),
                    ("model", "Model"),
                    ("agent", "Agent"),
                    ("project", "Project"),
                    ("task", "Task"),
                    ("session", "Session"),
                ],
                max_length=8,
            ),
        ),
        migrations.AddIndex(
            model_name="rollup",
            index=models.Index(
                condition=models.Q(("dimension", "session")),
                fields=["workspace_id", "last", "key"],
                name="rollup_sessions",
            ),
        ),
        migrations.AddConstraint(
            model_name="rollup",
            constraint=models.UniqueConstraint(
                fields=("workspace_id", "dimension", "starts", "key", "part"), name="rollup_once"
            ),
        ),
        migrations.RunPython(add_up, migrations.RunPython.noop),
    ]
