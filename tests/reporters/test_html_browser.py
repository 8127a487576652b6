"""The page of a run in a browser: Debian's or anybody's Chromium, headless, from a file."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

from runner.engine.events import Entry
from runner.reporters.html.report import HtmlReport
from runner.reporters.reporter import Broadcast
from tests.reporters.html_story import HOSTILE, suite
from tests.reporters.story import story

NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
FOUND = next(filter(None, map(shutil.which, NAMES)), None)
WIDE, NARROW = {"width": 1280, "height": 900}, {"width": 390, "height": 844}


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Start Chromium; where there is none, or nothing to drive it with, say how to come by it."""
    driver = pytest.importorskip(
        "playwright.sync_api", reason="the browser is driven by playwright: pip install '.[browser]'"
    )
    if FOUND is None:
        pytest.skip("there is no Chromium: apt-get install chromium")
    with driver.sync_playwright() as playwright:
        # The sandbox of the browser needs what root in a container does not have.
        arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
        started = playwright.chromium.launch(executable_path=FOUND, args=arguments)
        yield started
        started.close()


class Shown:
    """A page of a report, and what the browser had to say of it."""

    def __init__(self, browser: Any, path: Path, **options: Any) -> None:
        self.context = browser.new_context(**options)
        self.page = self.context.new_page()
        self.said: list[str] = []
        self.asked: list[str] = []
        self.page.on("console", lambda message: self.said.append(message.text))
        self.page.on("pageerror", lambda error: self.said.append(str(error)))
        self.page.on("request", lambda request: self.asked.append(request.url))
        self.page.goto(path.as_uri())

    def visible(self, selector: str) -> list[str]:
        """Give the ids of the elements that can be seen."""
        script = "(all) => all.filter((each) => each.checkVisibility()).map((each) => each.id)"
        return list(self.page.locator(selector).evaluate_all(script))

    def focused(self) -> str:
        return str(self.page.evaluate("document.activeElement.parentElement.getAttribute('aria-label')"))


def written(path: Path, entries: Iterable[Entry]) -> Path:
    with path.open("w", encoding="utf-8") as stream:
        broadcast = Broadcast([HtmlReport(stream)])
        for entry in entries:
            broadcast.tell(entry)
        broadcast.close()
    return path


@pytest.fixture(scope="module")
def run_page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return written(tmp_path_factory.mktemp("page") / "run.html", story())


@pytest.fixture(scope="module")
def suite_page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    told = suite(40, fails=frozenset({4, 20}), skips=frozenset({39}), body=HOSTILE)
    return written(tmp_path_factory.mktemp("page") / "suite.html", told)


@pytest.fixture
def opened(browser: Any) -> Iterator[Any]:
    """Open pages that are closed at the end of the test, and have had nothing to complain of."""
    pages: list[Shown] = []

    def open_page(path: Path, **options: Any) -> Shown:
        pages.append(Shown(browser, path, viewport=options.pop("viewport", WIDE), **options))
        return pages[-1]

    yield open_page
    for each in pages:
        each.context.close()
        assert each.said == []
        assert [url for url in each.asked if not url.startswith("file:")] == []


@pytest.mark.parametrize("viewport", [WIDE, NARROW], ids=["wide", "narrow"])
def test_the_failed_step_is_found_by_its_role_and_name(opened: Any, run_page: Path, viewport: dict[str, int]) -> None:
    page = opened(run_page, viewport=viewport).page
    step = page.get_by_role("group", name="step fetch: failed", exact=True)
    assert step.is_visible()
    assert step.get_by_role("heading", name="fetch", exact=True).is_visible()
    assert "404 is not 200" in step.inner_text()
    assert page.get_by_role("heading", name="Pet shop", exact=True).is_visible()
    assert (
        page.get_by_role("main").count()
        == page.get_by_role("banner").count()
        == page.get_by_role("search").count()
        == 1
    )


@pytest.mark.parametrize("viewport", [WIDE, NARROW], ids=["wide", "narrow"])
@pytest.mark.parametrize("which", ["run_page", "suite_page"])
def test_nothing_is_wider_than_the_window(
    opened: Any, request: pytest.FixtureRequest, which: str, viewport: dict[str, int]
) -> None:
    page = opened(request.getfixturevalue(which), viewport=viewport).page
    page.evaluate("document.querySelectorAll('details').forEach((each) => { each.open = true })")
    page.wait_for_function("!document.querySelector('details[open] > script')")
    page.evaluate("document.querySelectorAll('details').forEach((each) => { each.open = true })")
    assert page.evaluate("document.documentElement.scrollWidth") == viewport["width"]


def test_what_is_hostile_does_not_run(opened: Any, suite_page: Path) -> None:
    page = opened(suite_page).page
    assert page.get_by_role("group", name="step fetch: failed").is_visible()
    assert "onerror" in page.locator("pre.body").last.inner_text()
    assert page.evaluate("window.ran") is None


def test_the_policy_holds_also_where_markup_comes_in(browser: Any, suite_page: Path) -> None:
    shown = Shown(browser, suite_page)
    shown.page.evaluate("(text) => { document.querySelector('main').innerHTML = text }", HOSTILE)
    shown.page.wait_for_timeout(100)
    assert shown.page.evaluate("window.ran") is None
    assert any("Content Security Policy" in said for said in shown.said)
    shown.context.close()


def test_the_filter_leaves_what_has_the_words(opened: Any, suite_page: Path) -> None:
    shown = opened(suite_page)
    assert len(shown.visible("details.case")) == 40
    shown.page.get_by_role("searchbox", name="Filter").fill("ADOPT[3 pets")
    assert shown.visible("details.case") == ["case-4", *(f"case-{number}" for number in range(31, 41))]
    assert shown.page.get_by_role("status").inner_text() == "11 of 40"
    shown.page.get_by_role("searchbox", name="Filter").fill("nothing of this kind")
    assert shown.page.get_by_text("No case fits the filter.").is_visible()


def test_outcomes_and_tags_choose_too(opened: Any, suite_page: Path) -> None:
    shown = opened(suite_page)
    shown.page.get_by_role("button", name="failed 2").click()
    assert shown.visible("details.case") == ["case-5", "case-21"]
    assert shown.page.get_by_role("button", name="failed 2").get_attribute("aria-pressed") == "true"
    shown.page.get_by_role("button", name="all 40").click()
    shown.page.get_by_role("combobox", name="Tag").select_option("nightly run")
    assert len(shown.visible("details.case")) == 26
    shown.page.get_by_role("combobox", name="Tag").select_option("smoke")
    assert len(shown.visible("details.case")) == 14


def test_the_keyboard_is_enough(opened: Any, suite_page: Path) -> None:
    shown = opened(suite_page)
    press = shown.page.keyboard.press
    press("j")
    assert shown.focused() == "case adopt[0]: passed"
    press("Enter")
    press("ArrowDown")
    assert shown.focused() == "step login: passed"
    press("k")
    press("ArrowLeft")
    press("j")
    assert shown.focused() == "case adopt[1]: passed"
    press("/")
    shown.page.keyboard.type("adopt[20]")
    press("Enter")
    assert shown.focused() == "case adopt[20]: failed"
    press("ArrowRight")
    press("j")
    press("j")
    assert shown.focused() == "step fetch: failed"
    press("/")
    press("Escape")
    assert len(shown.visible("details.case")) == 40


def test_a_link_to_a_case_opens_it(opened: Any, suite_page: Path) -> None:
    page = opened(suite_page).page
    page.get_by_role("link", name="adopt[20]").click()
    page.wait_for_function("document.querySelector('#case-21').open")
    step = page.get_by_role("group", name="case adopt[20]: failed").get_by_role("group", name="step fetch: failed")
    assert step.is_visible()


BACK = "getComputedStyle(document.body).backgroundColor"


def test_the_page_is_dark_where_the_system_is_and_where_the_button_says_so(opened: Any, run_page: Path) -> None:
    shown = opened(run_page, color_scheme="dark")
    dark = shown.page.evaluate(BACK)
    assert dark == "rgb(15, 18, 22)"
    switch = shown.page.get_by_role("button", name="Switch between light and dark")
    switch.click()
    assert shown.page.evaluate(BACK) == "rgb(246, 247, 249)"
    shown.page.reload()
    assert shown.page.evaluate(BACK) == "rgb(246, 247, 249)"
    switch.click()
    assert shown.page.evaluate(BACK) == dark


def test_the_path_is_marked_in_the_picture(opened: Any, run_page: Path) -> None:
    picture = opened(run_page).page.locator("figure.flow").first
    boxes = {each.text_content(): each.get_attribute("class") for each in picture.locator("g[data-step] .name").all()}
    assert list(boxes) == ["login", "wait-for-stock", "look-up", "pay", "fetch", "say-thanks"]
    states = [each.get_attribute("class") for each in picture.locator("g[data-step]").all()]
    assert states == ["passed", "passed", "recovered", "passed", "failed", "missed"]
    ways = {
        each.get_attribute("data-way"): each.get_attribute("class") for each in picture.locator("g[data-way]").all()
    }
    assert ways["2>3>never-mind"] == ways["1>1>patience"] == "taken"
    assert ways["2>3>"] == ways["4>5>"] == "missed"


def test_the_curl_command_is_copied(opened: Any, run_page: Path) -> None:
    page = opened(run_page, permissions=["clipboard-read", "clipboard-write"]).page
    page.get_by_role("button", name="Copy the curl command").last.click()
    page.get_by_text("Copied").wait_for()
    assert page.evaluate("navigator.clipboard.readText()").startswith(
        "curl 'https://pets.example/v1/pets/42?token=***'"
    )


def test_on_paper_there_is_nothing_to_click(opened: Any, run_page: Path) -> None:
    page = opened(run_page).page
    page.emulate_media(media="print")
    assert not page.get_by_role("searchbox").is_visible()
    assert not page.locator("#theme").is_visible()
    step = page.get_by_role("group", name="step fetch: failed")
    assert step.is_visible()
    assert step.locator(".bars rect.failed").is_visible()


def test_thousands_of_cases_are_a_list_that_is_filled_when_it_is_opened(opened: Any, tmp_path: Path) -> None:
    shown = opened(written(tmp_path / "many.html", suite(2000, fails=frozenset({1500}))))
    assert shown.page.locator("details.case").count() == 2000
    assert shown.page.locator("details.step").count() == 2  # those of the one that failed
    shown.page.get_by_role("searchbox", name="Filter").fill("adopt[1500]")
    assert shown.visible("details.case") == ["case-1501"]
