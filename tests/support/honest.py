"""Honest programs: our own, and the canonical solutions of benchmarks whose data are on this machine."""

import ast
import gzip
import json
import os
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import pytest

REPEATS = int(os.environ.get("REPEATS", "3"))  # how often tests that execute all canonical solutions do so
DATA = Path(os.environ.get("BENCHMARK_DATA", Path(__file__).parents[3] / "shared" / "data"))


@contextmanager
def load(processes):
    """Keep that many processes busy on the cores beside the test."""
    busy = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(processes)]
    try:
        yield
    finally:
        for process in busy:
            process.kill()
            process.wait()


def path_of(name):
    """The path of a file of the benchmarks' data; skips the test where there is no such file."""
    path = DATA / name
    if not path.exists():
        pytest.skip(f"no {path}: benchmark data are not part of the project; BENCHMARK_DATA names their folder")
    return path


def read_lines(name):
    """Records of a JSONL file of the benchmarks' data."""
    path = path_of(name)
    with gzip.open(path, "rt") if path.suffix == ".gz" else open(path) as file:
        return [json.loads(line) for line in file]


def limits(**line):
    """A program line with generous limits."""
    return {"timeout": 10, "memory_mb": 2048, **line}


def humaneval():
    """HumanEval's 164 canonical solutions."""
    return [
        limits(
            id=task["task_id"], mode="call", code=task["prompt"] + task["canonical_solution"],
            entry_point=task["entry_point"], tests=task["test"],
        )
        for task in read_lines("humaneval/HumanEval.jsonl.gz")
    ]  # fmt: skip


def _function_under_test(task):
    defined = {node.name for node in ast.walk(ast.parse(task["code"])) if isinstance(node, ast.FunctionDef)}
    called = [
        node.id
        for test in task["test_list"]
        for node in ast.walk(ast.parse(test))
        if isinstance(node, ast.Name) and node.id in defined
    ]
    return called[0]


def mbpp():
    """MBPP's 974 solutions: code, then set-up, then tests."""
    return [
        limits(
            id=f"MBPP/{task['task_id']}", mode="call", code=task["code"], entry_point=_function_under_test(task),
            tests=task["test_setup_code"] + "\n" + "\n".join(task["test_list"]),
        )
        for task in read_lines("mbpp/mbpp.jsonl")
    ]  # fmt: skip


def bigcodebench():
    """The 293 tasks of BigCodeBench whose solutions pass offline with the standard library alone."""
    wanted = set(json.loads((DATA / "bigcodebench/stdlib_only_verified_ids.json").read_text())) if DATA.exists() else ()
    return [
        limits(
            id=task["task_id"], mode="unittest", timeout=60, code=task["complete_prompt"] + task["canonical_solution"],
            tests=task["test"],
        )
        for task in read_lines("bigcodebench/BigCodeBench.hf.jsonl.gz")
        if task["task_id"] in wanted
    ]  # fmt: skip


_TREE = """
class Node:
    def __init__(self, value, left=None, right=None):
        self.value, self.left, self.right = value, left, right
    def __eq__(self, other):
        return isinstance(other, Node) and (self.value, self.left, self.right) == (other.value, other.left, other.right)
"""
_STACK = """
class Empty(Exception): pass
class Stack:
    def __init__(self, items=()): self.items = list(items)
    def push(self, item): self.items.append(item); return self
    def pop(self):
        if not self.items: raise Empty('nothing there')
        return self.items.pop()
    def __len__(self): return len(self.items)
    def __eq__(self, other): return isinstance(other, Stack) and self.items == other.items
    def __add__(self, other): return Stack(self.items + other.items)
    def __mul__(self, count): return Stack(self.items * count)
    def __contains__(self, item): return item in self.items
    def __getitem__(self, index): return self.items[index]
    def __repr__(self): return f'Stack({self.items})'
    def __enter__(self): return self
    def __exit__(self, *_): self.items.clear()
"""

CALLS = {
    "temporary files": ("import os, tempfile\ndef f(x):\n    with tempfile.NamedTemporaryFile('w', delete=False) as t: t.write(x)\n    text = open(t.name).read()\n    os.unlink(t.name)\n    return text", "assert f('abc') == 'abc'"),
    "threads": ("from concurrent.futures import ThreadPoolExecutor\ndef f(x):\n    with ThreadPoolExecutor(8) as pool: return list(pool.map(abs, x))", "assert f([-1, 2]) == [1, 2]"),
    "working folder": ("import os\ndef f():\n    os.mkdir('a')\n    return os.listdir(os.getcwd())", "assert f() == ['a']"),
    "main guard": ("def f(x): return x\nif __name__ == '__main__':\n    print(input())", "assert f(1) == 1"),
    "noise and warnings": ("import sys, warnings\nprint('loading' * 1000)\ndef f(x):\n    warnings.warn('old')\n    print(x, file=sys.stderr)\n    return x", "assert f(1) == 1"),
    "recursion": ("import sys\nsys.setrecursionlimit(20_000)\ndef f(n): return n and 1 + f(n - 1)", "assert f(15_000) == 15_000"),
    "changed argument": ("def f(x):\n    x.append(1)\n    x.sort()", "a = [3, 2]\nassert f(a) is None and a == [1, 2, 3]"),
    "changed inside": ("def f(x): x['a'].append({1})", "a = {'a': []}\nf(a)\nassert a == {'a': [{1}]}"),
    "the same object": ("def f(x): return x", "a = [1]\nassert f(a) is a\nb = [a, a]\nassert f(b)[0] is f(b)[1]"),
    "set and bytearray": ("def f(s, b):\n    s.add(4)\n    b.extend(b'x')\n    return s, b", "s, b = {1}, bytearray(b'a')\nassert f(s, b) == ({1, 4}, b'ax') and s == {1, 4} and b == b'ax'"),
    "types": ("def f(x): return x", "import math\nfor v in [None, True, 1, -10**5000, 1.5, 'ü\\ud800', b'a', (1, (2,)), {1, 2}, frozenset({(1,)}), {'a': {1: []}}, 2 + 3j, range(3), ..., slice(1, 2)]:\n    assert f(v) == v and type(f(v)) is type(v)\nassert math.isnan(f(math.nan)) and f(math.inf) == math.inf and str(f(-0.0)) == '-0.0'"),
    "library types": ("def f(x): return x", "import collections, datetime, decimal, fractions\nfor v in [collections.Counter('aab'), collections.OrderedDict(a=1), collections.deque([1], 3), decimal.Decimal('1.10'), fractions.Fraction(1, 3), datetime.datetime(2020, 1, 2, 3, 4, 5, 6), datetime.date(2020, 1, 2), datetime.timedelta(1, 2, 3)]:\n    assert f(v) == v and type(f(v)) is type(v)"),
    "counter as dict": ("from collections import Counter, defaultdict\ndef f(x): return Counter(x)\ndef g(x):\n    d = defaultdict(list)\n    d[x].append(x)\n    return d", "assert f('aab') == {'a': 2, 'b': 1}\nassert g(1) == {1: [1]}"),
    "named tuple": ("from collections import namedtuple\nP = namedtuple('P', 'x y')\ndef f(): return P(1, 2)", "assert f() == (1, 2) and f().x == 1"),
    "integer enum": ("from enum import IntEnum\nclass E(IntEnum): A = 3\ndef f(): return E.A", "assert f() == 3"),
    "generator": ("def f(n):\n    for i in range(n): yield i", "assert list(f(3)) == [0, 1, 2]\nassert next(f(2)) == 0\nassert sum(f(4)) == 6"),
    "endless generator": ("import itertools\ndef f(): return itertools.count()", "assert [x for x, _ in zip(f(), range(3))] == [0, 1, 2]"),
    "views and maps": ("def f(d): return d.keys(), map(str, d)", "keys, names = f({1: 2})\nassert keys == {1} and list(names) == ['1']"),
    "exceptions": ("def f(x):\n    if x < 0: raise ValueError('negative', x)\n    return {}[x]", "try:\n    f(-1)\n    assert False\nexcept ValueError as e:\n    assert e.args == ('negative', -1)\ntry:\n    f(1)\n    assert False\nexcept KeyError: pass"),
    "assertRaises": ("def f(x): raise TypeError('no')", "import unittest\nwith unittest.TestCase().assertRaises(TypeError): f(1)\nassert True"),
    "callback": ("def f(g, x): return [g(g, v) if v == 9 else g(None, v) for v in x]", "seen = []\ndef g(h, v):\n    seen.append(v)\n    return v * 2\nassert f(g, [1, 9]) == [2, 18] and seen == [1, 9]"),
    "returned function": ("def f(n):\n    def add(x): return x + n\n    return add", "assert f(2)(3) == 5"),
    "constant": ("LIMIT = 7\ndef f(): return LIMIT", "assert f() == LIMIT == 7"),
    "helpers": ("def encode(x): return x[::-1]\ndef f(x): return x[::-1]", "assert f(encode('abc')) == 'abc'"),
    "name of a built-in": ("def sum(a, b): return a + b\ndef f(): return 0", "assert f() == 0 and sum([1, 2]) == 3"),
    "a tree of the program's": (_TREE + "def f(t): return 0 if t is None else t.value + f(t.left) + f(t.right)", "t = Node(1, Node(2))\nt.right = Node(3)\nassert f(t) == 6 and t.right.value == 3\nassert Node(1) == Node(1) and Node(1) != Node(2)"),
    "a class": (_STACK + "f = Stack", "s = Stack()\nassert len(s) == 0 and not s\nassert s.push(1).push(2).pop() == 2\nassert s.items == [1] and 1 in s and s[0] == 1\nassert Stack([1]) + Stack([2]) == Stack([1, 2]) and Stack([1]) * 2 == Stack([1, 1])\nassert repr(s) == 'Stack([1])' and isinstance(s, Stack) and not isinstance(3, Stack)\ntry:\n    Stack().pop()\n    assert False\nexcept Empty as e:\n    assert str(e) == 'nothing there'\nwith s as t: pass\nassert t.items == []"),
    "check": ("def f(x): return x", "METADATA = {}\ndef check(candidate):\n    assert candidate(1) == 1\n    assert candidate([]) == []"),
    "huge": ("def f(n): return ['x' * 100] * n, 10 ** 20_000", "a, b = f(100_000)\nassert len(a) == 100_000 and b == 10 ** 20_000"),
    "deep": ("def f(n):\n    found = []\n    for _ in range(n): found = [found]\n    return found", "value, depth = f(10_000), 0\nwhile value: value, depth = value[0], depth + 1\nassert depth == 10_000"),
    "holds itself": ("def f():\n    a = [1]\n    a.append(a)\n    return a", "a = f()\nassert a[1] is a"),
    "arrays": ("import numpy as np\ndef f(x):\n    x *= 2\n    return np.array([[1, 2.5]]), np.int64(3)", "import numpy as np\na = np.arange(3)\nb, c = f(a)\nassert a.tolist() == [0, 2, 4] and b.shape == (1, 2) and c == 3 and isinstance(c, np.integer)"),
    "random numbers": ("import random\ndef f(): return [random.random() for _ in range(3)]", "a, b = f(), f()\nassert a != b and all(0 <= x < 1 for x in a)"),
    "ordered dictionaries": ("from collections import OrderedDict\ndef f(x):\n    d = OrderedDict(sorted(x.items()))\n    d.move_to_end(1)\n    return d\ndef g(d):\n    d.move_to_end(2)\n    return list(d)", "from collections import OrderedDict\nassert list(f({2: 1, 1: 2})) == [2, 1]\nd = OrderedDict([(2, 1), (1, 2)])\nassert g(d) == [1, 2] and list(d) == [1, 2]"),
    "numpy without a line of its own": ("import json, numpy as np\ndef f(x): return np.array(x), np.float64(1.55)", "a, b = f([1, 2])\nassert a.tolist() == [1, 2] and b.round(1) == 1.6"),
    "exceptions that inherit": ("class Base(Exception): pass\nclass A(Base):\n    def __init__(self, code):\n        super().__init__('bad')\n        self.code = code\n    def __str__(self): return f'code {self.code}'\ndef f(): raise A(7)", "try:\n    f()\n    assert False\nexcept Base as e:\n    assert isinstance(e, A) and e.code == 7 and str(e) == 'code 7' and type(e).__name__ == 'A'"),
    "exceptions unnamed": ("class E(ValueError): pass\ndef f(): raise E('x')\ndef g(): open('/no/such')", "try:\n    f()\n    assert False\nexcept ValueError as e:\n    assert type(e).__name__ == 'E'\ntry:\n    g()\n    assert False\nexcept FileNotFoundError as e:\n    assert '/no/such' in str(e)"),
    "coroutines": ("import asyncio\nasync def f(x):\n    await asyncio.sleep(0)\n    return x * 2", "import asyncio\nassert asyncio.run(f(2)) == 4\nasync def both(): return await asyncio.gather(f(1), f(2))\nassert asyncio.run(both()) == [2, 4]"),
    "names of functions": ("import functools\ndef f(g):\n    @functools.wraps(g)\n    def h(*a): return g(*a)\n    return h\ndef g(x): return x", "assert f.__name__ == 'f' and g.__name__ == 'g'"),
    "what the program imports": ("from collections import Counter\nimport datetime\ndef f(x): return Counter(x)\ndef g(): return datetime.date(2020, 1, 2)", "assert isinstance(f('aab'), Counter) and f('aab') == Counter('aab')\nassert g() == datetime.date(2020, 1, 2)"),
    "objects of the tests": ("def f(n): n.val = n.get() + 5\ndef g(it): return next(it) + next(it)", "class Node:\n    def __init__(self, v): self.v = v\n    def get(self): return self.v\nn = Node(1)\nf(n)\nassert n.val == 6\nassert g(iter([1, 2])) == 3"),
    "callbacks in threads": ("from concurrent.futures import ThreadPoolExecutor\ndef f(g, xs):\n    with ThreadPoolExecutor(4) as pool: return list(pool.map(g, xs))", "assert f(lambda x: x * 2, range(20)) == [2 * x for x in range(20)]"),
    "paths and surrogates": ("from pathlib import Path\ndef f(x): return Path(x) / 'b'\ndef g(x): return x, [x, x]", "from pathlib import Path\nassert f('a') == Path('a/b')\ns = '\\ud83d' + '\\ude00'\nassert g(s) == (s, [s, s]) and len(g(s)[0]) == 2"),
    "numbers by conversion": ("class Money:\n    def __init__(self, n): self.n = n\n    def __float__(self): return self.n\n    def __round__(self, d=0): return round(self.n, d)\n    def __hash__(self): return hash(self.n)\n    def __eq__(self, o): return self.n == o.n\ndef f(n): return Money(n)", "assert float(f(1.5)) == 1.5 and round(f(1.26), 1) == 1.3 and len({Money(1), Money(1), Money(2)}) == 2"),
    "its own source": ("import inspect\ndef f(): return inspect.getsource(f)", "assert f().startswith('def f')"),
    "dataclass": ("from dataclasses import dataclass\n@dataclass\nclass P:\n    x: int = 0\ndef f(): return P(3)", "assert f() == P(3) and f().x == 3 and f() != P(4)"),
    "iterator that starts anew": ("class Down:\n    def __init__(self, n): self.n = n\n    def __iter__(self):\n        self.now = self.n\n        return self\n    def __next__(self):\n        if not self.now: raise StopIteration\n        self.now -= 1\n        return self.now + 1\ndef f(n): return Down(n)", "c = Down(2)\nassert list(f(3)) == [3, 2, 1] and list(c) == [2, 1] and list(c) == [2, 1]"),
    "class derived from a dictionary": ("from collections import OrderedDict\nclass Cache(OrderedDict):\n    def __init__(self, size):\n        super().__init__()\n        self.size = size\n    def get(self, k):\n        if k not in self: return -1\n        self.move_to_end(k)\n        return self[k]\n    def put(self, k, v):\n        self[k] = v\n        if len(self) > self.size: self.popitem(last=False)\nf = Cache", "c = Cache(2)\nc.put(1, 1)\nc.put(2, 2)\nassert c.get(1) == 1\nc.put(3, 3)\nassert c.get(2) == -1 and c.get(1) == 1"),
    "class derived from a list": ("class Stack(list):\n    def push(self, x): self.append(x)\n    def peek(self): return self[-1]\nf = Stack", "s = Stack()\ns.push(1)\ns.push(2)\nassert s.peek() == 2 and len(s) == 2 and s == [1, 2] and isinstance(s, Stack)"),
    "text enum": ("from enum import Enum\nclass Color(str, Enum):\n    RED = 'red'\n    def shout(self): return self.value.upper()\ndef f(): return Color.RED", "assert f() == 'red' and f() == Color.RED and f().value == 'red' and f().shout() == 'RED'"),
    "named tuple with methods": ("from typing import NamedTuple\nclass Point(NamedTuple):\n    x: int\n    y: int\n    def norm(self): return self.x ** 2 + self.y ** 2\ndef f(a, b): return Point(a, b)", "assert f(3, 4).norm() == 25 and f(1, 2)._replace(x=5) == (5, 2)\nassert Point(1, 2) == f(1, 2) == (1, 2)"),
    "context manager that suppresses": ("class f:\n    def __init__(self, *kinds): self.kinds = kinds\n    def __enter__(self): return self\n    def __exit__(self, kind, error, trace): return kind is not None and issubclass(kind, self.kinds)", "with f(ValueError): raise ValueError\ntry:\n    with f(ValueError): raise KeyError\n    assert False\nexcept KeyError: pass"),
    "context manager that sees": ("class f:\n    def __init__(self): self.log = []\n    def __enter__(self): return self\n    def __exit__(self, kind, error, trace): self.log.append(kind.__name__ if kind else None)", "c = f()\ntry:\n    with c: raise KeyError('x')\nexcept KeyError: pass\nwith c: pass\nassert c.log == ['KeyError', None]"),
    "event bus": ("class Bus:\n    def __init__(self): self.held = {}\n    def on(self, e, g): self.held.setdefault(e, []).append(g)\n    def off(self, e, g): self.held[e].remove(g)\n    def emit(self, e, *a): return [g(*a) for g in self.held.get(e, [])]\nf = Bus", "b, seen = Bus(), []\ndef g(v): seen.append(v * 2)\nb.on('x', seen.append)\nb.on('x', g)\nb.emit('x', 1)\nb.off('x', g)\nb.emit('x', 5)\nassert seen == [1, 2, 5]"),
    "wraps": ("import functools\ndef f(g):\n    @functools.wraps(g)\n    def h(*a): return g(*a)\n    return h", "@f\ndef g(x):\n    'the doc'\n    return x\nassert g(1) == 1 and g.__name__ == 'g' and g.__doc__ == 'the doc'"),
    "its documentation": ("def f(x):\n    '''Squares.'''\n    return x * x", "assert f.__doc__ == 'Squares.' and f(2) == 4"),
    "callback that returns a function": ("def f(g): return lambda a, b: g(a)(b)", "assert f(lambda a: lambda b: a + b)(1, 2) == 3"),
    "class of the tests, decorated": ("def f(kind):\n    made = {}\n    def get(*a):\n        if kind not in made: made[kind] = kind(*a)\n        return made[kind]\n    return get", "@f\nclass A:\n    def __init__(self): self.x = 1\nassert A() is A() and A().x == 1"),
    "list nodes of the tests": ("def f(h):\n    p = None\n    while h: h.next, p, h = p, h, h.next\n    return p", "class Node:\n    def __init__(self, v, next=None): self.v, self.next = v, next\nr, out = f(Node(1, Node(2, Node(3)))), []\nwhile r:\n    out.append(r.v)\n    r = r.next\nassert out == [3, 2, 1]"),
    "exception of the tests": ("def f(n, kind):\n    def wrap(g):\n        def h(*a):\n            for i in range(n):\n                try: return g(*a)\n                except kind:\n                    if i == n - 1: raise\n        return h\n    return wrap", "class Boom(Exception): pass\ncount = []\n@f(3, Boom)\ndef g(least):\n    count.append(1)\n    if len(count) < least: raise Boom('x')\n    return 7\nassert g(3) == 7 and len(count) == 3\ntry:\n    g(10)\n    assert False\nexcept Boom as e:\n    assert str(e) == 'x' and len(count) == 6"),
    "exceptions of libraries": ("import json\nfrom decimal import Decimal\ndef f(s): return json.loads(s)\ndef g(s): return Decimal(s)", "import json\nfrom decimal import InvalidOperation\ntry:\n    f('{')\n    assert False\nexcept json.JSONDecodeError as e:\n    assert e.pos >= 0\ntry:\n    g('x')\n    assert False\nexcept InvalidOperation: pass"),
    "classes below classes": ("class Animal: pass\nclass Dog(Animal): pass\ndef f(): return Dog()", "assert issubclass(Dog, Animal) and not issubclass(Animal, Dog) and isinstance(f(), Animal)"),
    "async for and with": ("async def f(n):\n    for i in range(n): yield i\nclass A:\n    async def __aenter__(self): return 5\n    async def __aexit__(self, *a): return None\ndef g(): return A()", "import asyncio\nasync def go():\n    async with g() as x: return x, [y async for y in f(3)]\nassert asyncio.run(go()) == (5, [0, 1, 2])"),
    "operators in place and divmod": ("class Bag:\n    def __init__(self, n=0): self.x, self.n = [], n\n    def __iadd__(self, v):\n        self.x.append(v)\n        return self\n    def __divmod__(self, o): return divmod(self.n, o)\n    def __reversed__(self): return iter(self.x[::-1])\nf = Bag", "b = Bag(7)\nb += 1\nb += 2\nassert b.x == [1, 2] and divmod(b, 2) == (3, 1) and list(reversed(b)) == [2, 1]"),
    "default dictionaries": ("from collections import defaultdict\ndef f(d, k): d[k] += 1\ndef g(pairs):\n    d = defaultdict(list)\n    for k, v in pairs: d[k].append(v)\n    return d", "from collections import defaultdict\nd = defaultdict(int)\nf(d, 'a')\nassert d == {'a': 1} and d['z'] == 0\nassert g([(1, 2), (1, 3)]) == {1: [2, 3]} and g([])['z'] == [] and isinstance(g([]), defaultdict)"),
    "patterns, and classes of libraries": ("import re\ndef f(p, s): return bool(p.search(s))\ndef g(): return re.compile('a+')\ndef h(kind, x): return kind(x)", "import re\nfrom decimal import Decimal\nassert f(re.compile('a+'), 'caat') is True and g() == re.compile('a+')\nassert h(Decimal, '1') == Decimal(1)"),
}  # fmt: skip

MEMORY = {"many threads": 1024}  # MiB; each thread takes 8 MiB of addresses
RUNS = {
    "byte order mark": "\ufeffx = 1", "output closed": "import sys\nprint(1)\nsys.stdout.close()",
    "output replaced": "import io, sys\nsys.stdout = io.StringIO()\nprint(1)\nsys.stdout = None",
    "main": "import __main__\nx = 1\nassert __main__.x == 1",
    "empty": "", "main guard": "if __name__ == '__main__':\n    x = 1", "noise": "print('x' * 1_000_000)",
    "exit": "import sys\nsys.exit()", "exit 0": "raise SystemExit(0)", "proc": "assert open('/proc/self/status').read()",
    "threads": "import threading\nt = [threading.Thread(target=print) for _ in range(8)]\n[x.start() for x in t]",
    "many threads": "import threading, time\nt = [threading.Thread(target=time.sleep, args=(0.1,)) for _ in range(40)]\n[x.start() for x in t]\n[x.join() for x in t]",
    "files": "import os\nopen('a', 'w').write('x')\nassert os.listdir() == ['a']\nos.rename('a', 'b')\nos.remove('b')",
    "atexit": "import atexit\natexit.register(print, 'end')", "pickle": "import pickle\nclass A: pass\npickle.loads(pickle.dumps(A()))",
    "unix sockets": "import socket\na, b = socket.socketpair()\na.send(b'x')\nassert b.recv(1) == b'x'",
    "asyncio": "import asyncio\nasync def g():\n    await asyncio.sleep(0)\n    return 3\nassert asyncio.run(g()) == 3",
    "time": "import time\ntime.sleep(0.05)", "numpy": "import numpy\nassert numpy.ones(3).sum() == 3",
    "pandas": "import pandas\nassert pandas.DataFrame({'a': [1]}).a.sum() == 1",
}  # fmt: skip


def own():
    """Our own honest programs."""
    lines = [
        limits(id=f"call {name}", mode="call", code=code, entry_point="f", tests=tests)
        for name, (code, tests) in CALLS.items()
    ]
    return lines + [
        limits(id=f"run {name}", mode="run", code=code, memory_mb=MEMORY.get(name, 2048)) for name, code in RUNS.items()
    ]
