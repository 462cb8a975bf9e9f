"""The report is one whole page that says what the numbers say."""

import dataclasses
import html.parser
import re
import shutil
import subprocess

import pytest
from small_result import make_result

from pysciml.errors import RunError
from pysciml.report import render, write_report
from pysciml.study import load_result

VOID = {"meta", "br", "path", "use", "rect", "image", "stop", "hr", "img", "link"}


class Page(html.parser.HTMLParser):
    """Reads a page strictly: every element is closed in order, every id is used once."""

    def __init__(self, text):
        super().__init__()
        self.open, self.ids, self.references, self.texts = [], [], [], []
        self.attributes = []
        self.rows = []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.attributes += [(tag, name, value or "") for name, value in attrs]
        self.ids += [value for name, value in attrs if name == "id"]
        if tag == "tr":
            self.rows.append([])
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.attributes += [(tag, name, value or "") for name, value in attrs]
        self.ids += [value for name, value in attrs if name == "id"]

    def handle_endtag(self, tag):
        if tag not in VOID:
            assert self.open.pop() == tag

    def handle_data(self, data):
        self.texts.append(data)
        if self.open and self.open[-1] in ("td", "th"):
            self.rows[-1].append(data)


@pytest.fixture(scope="module")
def shown(tmp_path_factory):
    """Return a result that no test changes, and its page as text."""
    result = make_result(tmp_path_factory.mktemp("shown"))
    return result, render(result)


@pytest.fixture(scope="module")
def page(shown):
    return Page(shown[1])


def test_the_page_is_well_formed(page):
    assert len(page.ids) == len(set(page.ids))
    assert len(page.ids) > 100


def test_every_reference_inside_a_figure_has_its_target(page):
    used = set()
    for _, name, value in page.attributes:
        if name == "href" and value.startswith("#"):
            used.add(value[1:])
        used |= set(re.findall(r"url\(#([^)]*)\)", value))
    assert used
    assert used <= set(page.ids)


def test_nothing_is_loaded_from_elsewhere(shown, page):
    for tag, name, value in page.attributes:
        if name in ("src", "href", "srcset", "action", "data") or "url(" in value:
            assert value.startswith(("#", "data:")) or "url(#" in value, (tag, name, value[:60])
    text = shown[1]
    for loader in ("<script", "<link", "@import", "<iframe", "http://", "https://"):
        assert loader not in text


def test_what_users_write_is_text_and_not_markup(page):
    words = " ".join(page.texts)
    assert "Two <oscillators> & more" in words
    assert "A study <b>with</b> marks." in words
    assert ("oscillators", "", "") not in page.attributes
    assert "L<Thal>" in words


def test_the_table_holds_the_scores(shown, page):
    table = shown[0].table
    for index, horizon in enumerate(table["horizon"].values):
        row = next(row for row in page.rows if row and row[0] == f"{horizon:.2f}")
        scores = [f"{score:.3f}" for score in table["nrmse"].isel(horizon=index).values]
        assert row[1:5] == scores
    assert page.rows[-2][-1] == "better"
    assert page.rows[-1][-1] == "worse"


def test_the_headline_admits_what_was_lost(page):
    words = " ".join(page.texts)
    assert "GOKU-UI forecasts better than the ridge VAR at 1.9 s; it is worse at 3.8 s." in words


@pytest.mark.parametrize(
    "key",
    ["forecasts", "coverage", "reconstruction", "latent", "parameters", "couplings-C", "training"],
)
def test_each_section_has_its_figure(page, key):
    assert ("section", "id", key) in page.attributes
    assert any(i.startswith(f"{key}-") for i in page.ids)


def test_figures_say_what_they_show(page):
    labels = [value for tag, name, value in page.attributes if (tag, name) == ("svg", "aria-label")]
    figures = [1 for tag, name, _ in page.attributes if (tag, name) == ("svg", "role")]
    assert len(labels) == len(figures) == 8
    assert all(len(label) > 40 for label in labels)


def test_colours_follow_the_page(shown):
    from pysciml.plotting.style import COLOURS

    body = shown[1].partition("</style>")[2]
    assert not [colour for colour in COLOURS.values() if colour in body]
    assert "var(--model)" in body


def test_frequencies_are_in_hertz(page):
    assert "frequency, Hz" in page.texts


def test_facts_are_told(page):
    words = " ".join(page.texts)
    for fact in ("12,345 trained parameters", "1 min 1 s", "seed 1", "jax, because", "100 volumes"):
        assert fact in words
    assert "name = " in words


def test_a_saved_result_gives_the_same_page(result):
    result.save()
    again = load_result(result.path)
    study = dataclasses.replace(again.study, path=result.study.path)
    assert render(dataclasses.replace(again, study=study)) == render(result)


def test_a_run_that_has_not_ended_gives_a_shorter_page(result):
    path = write_report(result.path)
    assert path == result.path / "report.html"
    words = " ".join(Page(path.read_text("utf-8")).texts)
    assert "Training has not ended" in words
    assert f"pysciml resume {result.path}" in words


def test_a_left_out_subject_has_a_table_of_its_own(result):
    data = dataclasses.replace(result.study.data, leave_out="101309")
    study = dataclasses.replace(result.study, data=data)
    page = Page(render(dataclasses.replace(result, study=study, left_out=result.table)))
    assert "Subject 101309, left out of training" in page.texts
    assert len([row for row in page.rows if row and row[0] == "1.89"]) == 2


def test_a_run_of_something_else_is_refused(tmp_path):
    from pysciml.runs import RunDirectory

    RunDirectory.create(tmp_path / "other", "goku", {})
    with pytest.raises(RunError, match=r"it has no study\.toml"):
        write_report(tmp_path / "other")


def test_a_damaged_evaluation_is_refused(result):
    (result.path / "evaluation.nc").write_bytes(b"\x89HDF\r\n\x1a\nxx")
    with pytest.raises(RunError, match=r"evaluation\.nc is damaged"):
        write_report(result.path)


CHROMIUM = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)


@pytest.mark.skipif(CHROMIUM is None, reason="there is no chromium on this machine")
def test_a_browser_shows_the_page(result, tmp_path):
    result.save()
    path = write_report(result.path)
    flags = "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run "
    flags += "--disable-background-networking --disable-component-update --disable-sync "
    flags += "--enable-logging=stderr --virtual-time-budget=2000"
    done = subprocess.run(
        [
            str(CHROMIUM),
            *flags.split(),
            f"--user-data-dir={tmp_path / 'profile'}",
            "--dump-dom",
            path.resolve().as_uri(),
        ],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    page = Page(done.stdout)
    assert [row[0] for row in page.rows if row and row[0] == "1.89"]
    assert sum(tag == "svg" for tag, name, _ in page.attributes if name == "role") == 8
    assert "CONSOLE" not in done.stderr  # what a page complains of is logged there
