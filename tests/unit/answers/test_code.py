"""Extraction of the code from an answer."""

import pytest

from refinement.answers.code import extract_code


@pytest.mark.parametrize(
    ("response", "code"),
    [
        ("```python\na = 1\n```", "a = 1\n"),
        ("Look:\n```python\na = 1\n```\nand\n```\nb = 2\n```\n", "a = 1\nb = 2\n"),
        ("```bash\nls\n```\n```py\na = 1\n```", "a = 1\n"),
        ("a = 1", "a = 1"),
        ("```python\na = 1", "a = 1\n"),
        ("This is prose.", None),
        ("", None),
        ("```bash\nls\n```", None),
        ("```python\n```", None),
    ],
)
def test_the_code_of_a_response(response, code):
    assert extract_code(response) == code
