"""The text of tests, before anything is run."""

import ast


def parse_tests(text: str) -> ast.Module:
    """Tests as a syntax tree. Raises ValueError where they do not compile."""
    try:
        return ast.parse(text)
    except (SyntaxError, ValueError, RecursionError) as error:
        raise ValueError(f"its tests do not compile ({error})") from None
