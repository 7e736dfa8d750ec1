"""The asynchronous client's methods: those of `groups.py`, awaited."""

from __future__ import annotations

from .bound import AsyncGroup, AsyncMethod
from .calls import agents, approvals, permissions, runs, system, tasks, webhooks, work


class AsyncTasks(AsyncGroup):
    list = AsyncMethod(tasks.list_tasks)
    get = AsyncMethod(tasks.get_task)
    create = AsyncMethod(tasks.create_task)
    update = AsyncMethod(tasks.update_task)
    claim = AsyncMethod(tasks.claim_task)
    start = AsyncMethod(tasks.start_task)
    submit = AsyncMethod(tasks.submit_task)
    transition = AsyncMethod(tasks.transition_task)
    transitions = AsyncMethod(tasks.list_transitions)
    messages = AsyncMethod(tasks.list_messages)
    comment = AsyncMethod(tasks.post_message)
    attach = AsyncMethod(tasks.attach_artifact)


class AsyncApprovals(AsyncGroup):
    list = AsyncMethod(approvals.list_approvals)
    pending = AsyncMethod(approvals.pending_approvals)
    get = AsyncMethod(approvals.get_approval)
    request = AsyncMethod(approvals.request_approval)
    decide = AsyncMethod(approvals.decide_approval)
    cancel = AsyncMethod(approvals.cancel_approval)


class AsyncPermissions(AsyncGroup):
    list = AsyncMethod(permissions.list_permissions)
    get = AsyncMethod(work.read_permission)
    request = AsyncMethod(work.request_permission)
    respond = AsyncMethod(permissions.respond_permission)
    withdraw = AsyncMethod(work.withdraw_permission)


class AsyncPolicy(AsyncGroup):
    evaluate = AsyncMethod(approvals.evaluate_policy)
    active = AsyncMethod(approvals.active_policy)


class AsyncAgents(AsyncGroup):
    list = AsyncMethod(agents.list_agents)
    get = AsyncMethod(agents.get_agent)
    register = AsyncMethod(agents.register_agent)
    update = AsyncMethod(agents.update_agent)
    control = AsyncMethod(agents.control_agent)
    heartbeat = AsyncMethod(agents.heartbeat)


class AsyncTokens(AsyncGroup):
    issue = AsyncMethod(agents.issue_token)
    renew = AsyncMethod(agents.renew_token)
    revoke = AsyncMethod(agents.revoke_token)


class AsyncRuns(AsyncGroup):
    report = AsyncMethod(runs.report_run)
    update = AsyncMethod(runs.update_run)


class AsyncToolCalls(AsyncGroup):
    report = AsyncMethod(runs.report_tool_call)
    update = AsyncMethod(runs.update_tool_call)


class AsyncNotifications(AsyncGroup):
    list = AsyncMethod(system.list_notifications)
    ack = AsyncMethod(system.ack_notification)


class AsyncAlerts(AsyncGroup):
    list = AsyncMethod(system.list_alerts)
    acknowledge = AsyncMethod(system.acknowledge_alert)
    resolve = AsyncMethod(system.resolve_alert)


class AsyncStats(AsyncGroup):
    overview = AsyncMethod(system.overview)
    agent_costs = AsyncMethod(system.agent_costs)


class AsyncWebhooks(AsyncGroup):
    create = AsyncMethod(webhooks.create_webhook)
    list = AsyncMethod(webhooks.list_webhooks)
    get = AsyncMethod(webhooks.get_webhook)
    update = AsyncMethod(webhooks.update_webhook)
    rotate = AsyncMethod(webhooks.rotate_secret)
    delete = AsyncMethod(webhooks.delete_webhook)
    deliveries = AsyncMethod(webhooks.list_deliveries)
    retry = AsyncMethod(webhooks.retry_delivery)
    test = AsyncMethod(webhooks.send_test)
    replay = AsyncMethod(webhooks.replay_webhook)


class AsyncActivity(AsyncGroup):
    timeline = AsyncMethod(runs.timeline)


class AsyncDocuments(AsyncGroup):
    get = AsyncMethod(system.get_document)


class AsyncServer(AsyncGroup):
    health = AsyncMethod(system.health)
