"""Files of tasks and their versions. Scenario 10 of the contract."""

from __future__ import annotations

import hashlib
from typing import Any

from tests.api.v1.base import V1ApiTestCase

KEYS = {
    "id", "taskId", "agentId", "name", "type", "mimeType", "content", "storageUrl", "sizeBytes", "checksum",
    "isRedacted", "redactionNote", "version", "previousVersionId", "createdAt",
}  # fmt: skip


class DocumentTests(V1ApiTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.jordan = self.agent("jordan")
        self.task = self.new_task(assigneeIds=["jordan"])

    def attach(self, *artifacts: dict[str, Any], as_: Any = None) -> Any:
        body = {"type": "ARTIFACT", "content": "Attached", "artifacts": list(artifacts)}
        return self.ask("POST", f"/tasks/{self.task['id']}/messages", body, as_=as_ or self.jordan)

    def attached(self, **artifact: Any) -> dict[str, Any]:
        answer = self.attach({"name": "guide.md", "type": "DELIVERABLE", **artifact})
        assert answer.status == 201, answer.raw
        return answer.body["message"]["artifacts"][0]

    def document(self, id: str) -> dict[str, Any]:
        return self.ask("GET", f"/documents/{id}").body["document"]

    def test_the_same_name_again_is_the_next_version(self):
        first, second = self.attached(content="# One"), self.attached(content="# Two é")
        one, two = self.document(first["documentId"]), self.document(second["documentId"])
        assert set(one) == KEYS
        assert (one["version"], one["previousVersionId"], one["content"]) == (1, None, "# One")
        assert (two["version"], two["previousVersionId"], two["content"]) == (2, one["id"], "# Two é")
        assert (two["sizeBytes"], two["checksum"]) == (8, hashlib.sha256("# Two é".encode()).hexdigest())
        assert (two["agentId"], two["mimeType"], two["taskId"]) == ("jordan", "text/markdown", self.task["id"])
        assert (second["sizeBytes"], second["checksum"]) == (two["sizeBytes"], two["checksum"])
        listed = self.ask("GET", f"/tasks/{self.task['id']}").body["documents"]
        assert [(row["id"], row["content"]) for row in listed] == [(two["id"], None)]

    def test_what_lies_elsewhere_is_named(self):
        document = self.document(self.attached(name="film.mp4", url="https://files.example/film.mp4")["documentId"])
        assert (document["storageUrl"], document["mimeType"]) == ("https://files.example/film.mp4", "video/mp4")
        assert (document["content"], document["sizeBytes"], document["checksum"]) == (None, None, None)

    def test_a_name_alone_means_the_newest_of_that_name(self):
        assert self.attached()["documentId"] is None
        kept = self.attached(content="text")
        assert self.attached()["documentId"] == kept["documentId"]

    def test_secrets_are_taken_out(self):
        shown = self.attached(content="key: sk-ant-" + "a1" * 12)
        document = self.document(shown["documentId"])
        assert document["content"] == shown["content"] == "key: [REDACTED]"
        assert document["isRedacted"] is True
        assert document["checksum"] == hashlib.sha256(b"key: [REDACTED]").hexdigest()

    def test_what_is_no_artifact_is_refused(self):
        for artifact in (
            {"name": "", "type": "REPORT"},
            {"name": "../x", "type": "REPORT"},
            {"name": "a\x1fb", "type": "REPORT"},
            {"name": "a", "type": "PICTURE"},
            {"name": "a", "type": "REPORT", "content": "x", "url": "https://a.example/"},
            {"name": "a", "type": "REPORT", "url": "ftp://a.example/"},
            {"name": "a", "type": "REPORT", "url": "https:///x"},
            {"name": "a", "type": "REPORT", "content": "é" * 51_201},
            {"name": "a", "type": "REPORT", "mimeType": "text"},
        ):
            with self.subTest(artifact=str(artifact)[:80]):
                self.refused(self.attach(artifact), 400, "VALIDATION_ERROR")
        self.refused(self.attach(*[{"name": "a", "type": "REPORT"}] * 11), 400, "VALIDATION_ERROR")

    def test_another_workspace_has_none_of_it(self):
        id = self.attached(content="x")["documentId"]
        self.refused(self.ask("GET", f"/documents/{id}", as_=self.charlie), 404, "NOT_FOUND")
        for odd in ("doc_0", "doc_99999", "9", "task_1"):
            self.refused(self.ask("GET", f"/documents/{odd}"), 404, "NOT_FOUND")

    def test_what_is_handed_in_says_what_was_taken_out_of_it(self):
        secret = "sk-ant-" + "a1" * 12
        artifacts = [
            {"name": "key.txt", "type": "REPORT", "content": secret},
            {"name": "link.txt", "type": "REPORT", "url": f"https://example.org/?token={secret}"},
            {"name": "fine.txt", "type": "REPORT", "content": "fine"},
        ]
        path = f"/tasks/{self.task['id']}/transition"
        self.ask("POST", path, {"toStatus": "IN_PROGRESS", "workPlan": {"bullets": ["a", "b", "c"]}}, as_=self.jordan)
        checklist = {"type": "DOCS", "items": [{"label": "x", "checked": True}]}
        deliverable = {"content": "Done", "artifacts": artifacts}
        body = {"toStatus": "REVIEW", "deliverable": deliverable, "reviewChecklist": checklist}
        moved = self.ask("POST", path, body, as_=self.jordan)
        patched = self.ask("PATCH", f"/tasks/{self.task['id']}", {"deliverable": deliverable}, as_=self.jordan)
        assert (moved.status, patched.status) == (200, 200)
        shown = self.ask("GET", f"/tasks/{self.task['id']}").body
        assert secret not in str([moved.body, patched.body, shown])
        documents = {row["name"]: (row["isRedacted"], row["version"]) for row in shown["documents"]}
        assert documents == {"key.txt": (True, 2), "link.txt": (True, 2), "fine.txt": (False, 2)}

    def test_what_is_handed_in_is_kept_once(self):
        plan = {"bullets": ["a", "b", "c"]}
        path = f"/tasks/{self.task['id']}/transition"
        self.ask("POST", path, {"toStatus": "IN_PROGRESS", "workPlan": plan}, as_=self.jordan)
        artifact = {"name": "guide.md", "type": "DELIVERABLE", "content": "# Guide"}
        fields = {"deliverable": {"content": "Done", "artifacts": [artifact]}}
        shown = self.ask("PATCH", f"/tasks/{self.task['id']}", fields, as_=self.jordan).body["task"]
        stored = shown["deliverable"]["artifacts"][0]
        checklist = {"type": "DOCS", "items": [{"label": "x", "checked": True}]}
        body = {"toStatus": "REVIEW", "reviewChecklist": checklist}
        assert self.ask("POST", path, body, as_=self.jordan).status == 200
        documents = self.ask("GET", f"/tasks/{self.task['id']}").body["documents"]
        assert [(row["id"], row["version"]) for row in documents] == [(stored["documentId"], 1)]
