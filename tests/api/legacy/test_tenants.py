from __future__ import annotations

import orjson
from django.test import override_settings

from activity.models import Event
from provisioning.models import ProvisionJob
from tests.base import LegacyApiTestCase

TENANTS, JOBS = "/api/super/tenants", "/api/super/provision-jobs"
BODY = {"slug": "acme", "display_name": "Acme", "gateway_port": 19000}
JOB_KEYS = [
    "id", "tenant_id", "job_type", "status", "dry_run", "requested_by", "approved_by", "runner_host",
    "idempotency_key", "request_json", "plan_json", "result_json", "error_text", "started_at", "completed_at",
    "created_at", "updated_at",
]  # fmt: skip
OF_TENANT = ["tenant_slug", "tenant_display_name", "linux_user", "openclaw_home", "workspace_root"]


@override_settings(SUPER_TEMPLATE="/etc/openclaw.json")
class TenantTests(LegacyApiTestCase):
    def ask(self, method, path, body=None, as_=None):
        return self.call(method, path, body, as_=as_ or "test-admin-key")

    def make(self, **body):
        answer = self.ask("POST", TENANTS, {**BODY, **body})
        assert answer.status == 201, answer.body
        return answer.body

    def audited(self):
        return list(Event.objects.audit(1).values_list("type", flat=True))

    def test_a_tenant_comes_with_a_queued_job(self):
        made = self.make(config={"a": 1})
        tenant, job = made["tenant"], made["job"]
        assert (tenant["status"], tenant["linux_user"], tenant["config"]) == ("pending", "oc-acme", {"a": 1})
        assert (tenant["openclaw_home"], tenant["workspace_root"]) == (
            "/home/oc-acme/.openclaw",
            "/home/oc-acme/workspace",
        )
        assert (tenant["plan_tier"], tenant["owner_gateway"], tenant["dashboard_port"]) == ("standard", "primary", None)
        assert (list(job), job["job_type"], job["status"], job["dry_run"]) == (JOB_KEYS, "bootstrap", "queued", 1)
        assert job["requested_by"] == "api" and job["request_json"]["slug"] == "acme"
        assert set(job["plan_json"][0]) == {"key", "title", "command", "requires_root", "timeout_ms"}
        assert self.audited() == ["tenant_bootstrap_requested"]
        rows = self.ask("GET", TENANTS).body["tenants"]
        acme = next(row for row in rows if row["slug"] == "acme")
        assert (acme["latest_job_id"], acme["latest_job_status"], acme["config"]) == (job["id"], "queued", {"a": 1})
        assert next(row for row in rows if row["id"] == 1)["latest_job_id"] is None

    def test_slug_and_linux_user_are_taken_once(self):
        self.make()
        for body in ({}, {"slug": "other", "linux_user": "oc-acme"}):
            answer = self.ask("POST", TENANTS, {**BODY, **body})
            assert (answer.status, answer.body) == (409, {"error": "Tenant slug or linux user already exists"})

    def test_bad_bodies_are_refused(self):
        for body in (
            b"{", [], {**BODY, "slug": "a"}, {**BODY, "slug": "-a-"}, {**BODY, "slug": 5}, {**BODY, "display_name": ""},
            {**BODY, "gateway_port": 80}, {**BODY, "gateway_port": "19000"}, {**BODY, "gateway_port": None},
            {**BODY, "gateway_port": True}, {**BODY, "dashboard_port": 70000}, {**BODY, "config": []},
            {**BODY, "owner_gateway": "x" * 121}, {**BODY, "linux_user": "root; rm"}, {**BODY, "linux_user": 2**60},
        ):  # fmt: skip
            answer = self.ask("POST", TENANTS, body)
            assert (answer.status, list(answer.body)) == (400, ["error"]), body

    def test_without_a_template_nothing_is_looked_at(self):
        with override_settings(SUPER_TEMPLATE=""):
            answer = self.ask("POST", TENANTS, b"{")
            assert answer.status == 400
            assert "MC_SUPER_TEMPLATE_OPENCLAW_JSON" in answer.body["error"]

    def test_decommissioning_queues_a_job(self):
        id = self.make(config={"a": 1})["tenant"]["id"]
        answer = self.ask("POST", f"{TENANTS}/{id}/decommission", {"remove_linux_user": True, "reason": "gone"})
        assert (answer.status, answer.body["tenant"]["config"]) == (201, '{"a":1}')
        job = answer.body["job"]
        assert (job["job_type"], job["request_json"]["reason"]) == ("decommission", "gone")
        assert [step["key"] for step in job["plan_json"]] == ["stop-gateway", "remove-user"]
        assert self.audited()[0] == "tenant_decommission_requested"
        assert self.ask("POST", f"{TENANTS}/{id}/decommission").status == 201
        for key in (999, "abc", "9" * 40):
            assert self.ask("POST", f"{TENANTS}/{key}/decommission", {}).status == 404

    def test_jobs_are_listed_newest_first_and_filtered(self):
        id = self.make()["tenant"]["id"]
        sent = {"tenant_id": id, "job_type": "update", "dry_run": False, "request_json": {"b": 2}, "plan_json": [{}]}
        made = self.ask("POST", JOBS, sent)
        job = made.body["job"]
        assert (made.status, job["request_json"], job["plan_json"], job["dry_run"]) == (201, '{"b":2}', "[{}]", 0)
        rows = self.ask("GET", JOBS).body["jobs"]
        assert [row["job_type"] for row in rows] == ["update", "bootstrap"]
        assert (list(rows[0]), rows[0]["plan_json"]) == ([*JOB_KEYS, *OF_TENANT], [{}])
        for query, n in (
            (f"tenant_id={id}", 2), ("tenant_id=1", 0), ("tenant_id=x", 0), (f"tenant_id={2**70}", 0),
            ("status=queued", 2), ("status=nope", 0), ("limit=1", 1), ("limit=junk", 2),
        ):  # fmt: skip
            assert len(self.ask("GET", f"{JOBS}?{query}").body["jobs"]) == n, query

    def test_bad_jobs_are_refused(self):
        for body, status in (
            ({}, 400), ({"tenant_id": "1"}, 400), ({"tenant_id": 999, "job_type": "update"}, 404),
            ({"tenant_id": 1}, 400), ({"tenant_id": 1, "job_type": "x"}, 400),
            ({"tenant_id": 1, "job_type": "update", "plan_json": "x"}, 400),
            ({"tenant_id": 2**63 - 1, "job_type": "update"}, 404), (b"", 400),
        ):  # fmt: skip
            assert self.ask("POST", JOBS, body).status == status, body
        assert self.ask("POST", JOBS, {}).body == {"error": "tenant_id is required"}

    def test_one_job_shows_its_events(self):
        id = self.make()["job"]["id"]
        job = self.ask("GET", f"{JOBS}/{id}").body["job"]
        assert list(job) == [*JOB_KEYS, *OF_TENANT, "events"]
        assert orjson.loads(job["events"][0]["data"]) == {"requested_by": "api", "dry_run": True}
        for key in (999, "abc", "9" * 40):
            answer = self.ask("GET", f"{JOBS}/{key}")
            assert (answer.status, answer.body) == (404, {"error": "Job not found"})

    def test_decisions_follow_the_states(self):
        id = self.make()["job"]["id"]
        allowed = {
            "approve": {"queued", "rejected", "failed"},
            "reject": {"queued", "approved", "failed"},
            "cancel": {"queued", "approved", "failed", "rejected"},
        }
        for status in ("queued", "approved", "running", "completed", "failed", "rejected", "cancelled"):
            for action, states in allowed.items():
                ProvisionJob.objects.filter(pk=id).update(status=status)
                answer = self.ask("POST", f"{JOBS}/{id}", {"action": action, "reason": "so"})
                assert answer.status == (200 if status in states else 400), (status, action)
        assert {"provision_job_approved", "provision_job_rejected", "provision_job_cancelled"} < set(self.audited())
        answer = self.ask("POST", f"{JOBS}/{id}", {"action": "dance"})
        assert (answer.status, answer.body) == (400, {"error": "Invalid action. Use approve, reject, or cancel."})

    def test_a_job_runs_only_when_approved_and_fails_without_a_runner(self):
        id = self.make()["job"]["id"]
        assert self.ask("POST", f"{JOBS}/{id}/run").status == 400
        assert self.ask("POST", f"{JOBS}/{id}", {"action": "approve"}).body["job"]["approved_by"] == "api"
        answer = self.ask("POST", f"{JOBS}/{id}/run")
        job = self.ask("GET", f"{JOBS}/{id}").body["job"]
        assert (answer.status, job["status"], job["error_text"]) == (400, "failed", answer.body["error"])
        assert job["events"][-1]["level"] == "error"

    def test_a_live_job_needs_three_people(self):
        id = self.make(dry_run=False)["job"]["id"]
        self.ask("POST", f"{JOBS}/{id}", {"action": "approve"})
        assert "three people" in self.ask("POST", f"{JOBS}/{id}/run").body["error"]
        ProvisionJob.objects.filter(pk=id).update(requested_by="ann", approved_by="ben")
        assert "MC_SUPER_PROVISION_EXEC" in self.ask("POST", f"{JOBS}/{id}/run").body["error"]
        assert ProvisionJob.objects.get(pk=id).status == "approved"

    def test_administrators_of_other_tenants_are_kept_out(self):
        for path in (TENANTS, JOBS):
            answer = self.call("GET", path, as_=self.charlie)
            assert (answer.status, answer.body) == (403, {"error": "Workspace not accessible for tenant"})
