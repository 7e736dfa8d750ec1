"""The blocking client's methods, by the kind of object they are about."""

from __future__ import annotations

from .bound import Group, Method
from .calls import agents, approvals, permissions, runs, system, tasks, webhooks, work


class Tasks(Group):
    list = Method(tasks.list_tasks)
    get = Method(tasks.get_task)
    create = Method(tasks.create_task)
    update = Method(tasks.update_task)
    claim = Method(tasks.claim_task)
    start = Method(tasks.start_task)
    submit = Method(tasks.submit_task)
    transition = Method(tasks.transition_task)
    transitions = Method(tasks.list_transitions)
    messages = Method(tasks.list_messages)
    comment = Method(tasks.post_message)
    attach = Method(tasks.attach_artifact)


class Approvals(Group):
    list = Method(approvals.list_approvals)
    pending = Method(approvals.pending_approvals)
    get = Method(approvals.get_approval)
    request = Method(approvals.request_approval)
    decide = Method(approvals.decide_approval)
    cancel = Method(approvals.cancel_approval)


class Permissions(Group):
    list = Method(permissions.list_permissions)
    get = Method(work.read_permission)
    request = Method(work.request_permission)
    respond = Method(permissions.respond_permission)
    withdraw = Method(work.withdraw_permission)


class Policy(Group):
    evaluate = Method(approvals.evaluate_policy)
    active = Method(approvals.active_policy)


class Agents(Group):
    list = Method(agents.list_agents)
    get = Method(agents.get_agent)
    register = Method(agents.register_agent)
    update = Method(agents.update_agent)
    control = Method(agents.control_agent)
    heartbeat = Method(agents.heartbeat)


class Tokens(Group):
    issue = Method(agents.issue_token)
    renew = Method(agents.renew_token)
    revoke = Method(agents.revoke_token)


class Runs(Group):
    report = Method(runs.report_run)
    update = Method(runs.update_run)


class ToolCalls(Group):
    report = Method(runs.report_tool_call)
    update = Method(runs.update_tool_call)


class Notifications(Group):
    list = Method(system.list_notifications)
    ack = Method(system.ack_notification)


class Alerts(Group):
    list = Method(system.list_alerts)
    acknowledge = Method(system.acknowledge_alert)
    resolve = Method(system.resolve_alert)


class Stats(Group):
    overview = Method(system.overview)
    agent_costs = Method(system.agent_costs)


class Webhooks(Group):
    create = Method(webhooks.create_webhook)
    list = Method(webhooks.list_webhooks)
    get = Method(webhooks.get_webhook)
    update = Method(webhooks.update_webhook)
    rotate = Method(webhooks.rotate_secret)
    delete = Method(webhooks.delete_webhook)
    deliveries = Method(webhooks.list_deliveries)
    retry = Method(webhooks.retry_delivery)
    test = Method(webhooks.send_test)
    replay = Method(webhooks.replay_webhook)


class Activity(Group):
    timeline = Method(runs.timeline)


class Documents(Group):
    get = Method(system.get_document)


class Server(Group):
    health = Method(system.health)
