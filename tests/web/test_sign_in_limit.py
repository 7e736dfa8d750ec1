from tests.base import BaseTestCase


class SignInLimitTests(BaseTestCase):
    def test_the_sixth_attempt_within_a_minute_has_to_wait(self) -> None:
        guess = {"username": "alice", "password": "a guess"}
        answers = [self.client.post("/login/", guess, headers={"x-real-ip": "203.0.113.9"}) for _ in range(6)]
        assert [answer.status_code for answer in answers] == [401, 401, 401, 401, 401, 429]
        assert "Too many attempts" in answers[-1].content.decode()

    def test_a_person_without_approval_is_told_so(self) -> None:
        self.bob.is_approved = False
        self.bob.save()
        answer = self.client.post(
            "/login/", {"username": "bob", "password": "bob-password-long"}, REMOTE_ADDR="203.0.113.10"
        )
        assert answer.status_code == 401
        assert "waits for an administrator" in answer.content.decode()
