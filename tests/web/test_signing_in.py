from playwright.sync_api import expect

from tests.server import ADMIN, PASSWORD, Server

from .conftest import Opener


def test_a_stranger_is_asked_to_sign_in_and_comes_where_they_wanted(visit: Opener, server: Server) -> None:
    page = visit("/agents/?sort=name", stranger=True)
    expect(page).to_have_url(f"{server.url}/login/?next=/agents/%3Fsort%3Dname")
    page.get_by_label("Name").fill(ADMIN)
    page.get_by_label("Password").fill(PASSWORD)
    page.keyboard.press("Enter")
    expect(page).to_have_url(f"{server.url}/agents/?sort=name")


def test_a_wrong_password_says_so_and_keeps_the_name(visit: Opener) -> None:
    page = visit("/login/", stranger=True)
    page.get_by_label("Name").fill("admin")
    page.get_by_label("Password").fill("not it")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).to_have_text("Name or password is wrong.")
    expect(page.get_by_label("Name")).to_have_value("admin")


def test_an_address_elsewhere_is_not_followed(visit: Opener) -> None:
    page = visit("/login/?next=https://example.org/", stranger=True)
    expect(page.locator("input[name=next]")).to_have_value("/")


def test_signing_out_shuts_the_pages(visit: Opener, server: Server) -> None:
    page = visit("/login/", stranger=True)
    page.get_by_label("Name").fill(ADMIN)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("button", name="account menu").click()
    page.get_by_role("button", name="Sign out").click()
    expect(page).to_have_url(f"{server.url}/login/")
    page.goto(f"{server.url}/costs/")
    expect(page).to_have_url(f"{server.url}/login/?next=/costs/")
