from playwright.sync_api import expect

from tests.server import Server, unique

from .conftest import Opener


def test_an_agent_appears_works_and_spends_without_a_reload(visit: Opener, server: Server) -> None:
    page = visit("/agents/")
    name = unique("agent")
    _, connected = server.ask("POST", "/api/connect", {"tool_name": "test", "agent_name": name, "agent_role": "coder"})
    strip = page.locator(".strip").filter(has_text=name)
    expect(strip).to_contain_text("online")
    task = server.ask("POST", "/api/tasks", {"title": f"For {name}", "assigned_to": name})[1]["task"]
    server.ask("PUT", f"/api/tasks/{task['id']}", {"status": "in_progress"})
    usage = {"model": "claude-sonnet-4-5", "inputTokens": 400_000, "outputTokens": 20_000}
    server.ask("POST", f"/api/agents/{name}/heartbeat", {"token_usage": usage})
    expect(strip).to_contain_text(task["title"], timeout=12_000)
    expect(strip).to_contain_text("working")
    expect(strip.locator(".cost")).not_to_have_text("$0.00", timeout=12_000)
    expect(strip.get_by_role("img", name="work")).to_be_visible()
    server.ask("DELETE", "/api/connect", {"connection_id": connected["connection_id"]})
    expect(strip).to_contain_text("silent")


def test_the_filter_and_the_order_are_in_the_address(visit: Opener, server: Server) -> None:
    both = unique("order")
    one, other = f"{both}-aaa", f"{both}-zzz"
    for name in (other, one):
        server.ask("POST", "/api/agents", {"name": name, "role": "coder"})
    page = visit(f"/agents/?q={both}")
    page.get_by_label("Sort by").select_option("name")
    expect(page).to_have_url(f"{server.url}/agents/?q={both}&sort=name")
    # Read afresh, so that no late part of the page takes the focus away from under the keys.
    page.reload()
    expect(page.locator(".strip")).to_have_count(2)
    expect(page.locator(".strip").first).to_contain_text(one)
    page.keyboard.press("Tab")
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("k")
    expect(page.locator(".strip").first.get_by_role("link").first).to_be_focused()
    page.get_by_label("Name or role").fill(other)
    expect(page.locator(".strip")).to_have_count(1)
    expect(page).to_have_url(f"{server.url}/agents/?q={other}&sort=name")
    page.reload()
    expect(page.locator(".strip")).to_have_count(1)
    page.get_by_label("Name or role").fill("nobody is called this")
    expect(page.get_by_text("No agent fits")).to_be_visible()
