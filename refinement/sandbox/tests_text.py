"""The text of tests, before anything is run."""

import ast


def parse_tests(text: str, what: str = "its tests do") -> ast.Module:
    """Tests, or what they build on, as a syntax tree. Raises ValueError where they do not compile.

    ``what``: the beginning of that message.
    """
    try:
        tree = ast.parse(text)
        compile(tree, "<tests>", "exec", dont_inherit=True)  # a return outside a function parses
        return tree
    except (SyntaxError, ValueError, RecursionError) as error:
        raise ValueError(f"{what} not compile ({error})") from None
