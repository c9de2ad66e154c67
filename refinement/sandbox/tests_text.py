"""The text of tests, checked before anything is executed."""

import ast


def parse_tests(text: str, what: str = "its tests do") -> ast.Module:
    """The syntax tree of tests, or of a preamble. Raises ValueError where they do not compile.

    ``what``: the beginning of that message: whose text it is, and "do" or "does".
    """
    try:
        tree = ast.parse(text)
        compile(tree, "<tests>", "exec", dont_inherit=True)  # parsing alone lets a return outside a function pass
        return tree
    except (SyntaxError, ValueError, RecursionError) as error:
        raise ValueError(f"{what} not compile ({error})") from None


def defines_check(tree: ast.Module) -> bool:
    """Whether tests define a function check(candidate)."""
    return any(isinstance(node, ast.FunctionDef) and node.name == "check" for node in tree.body)
