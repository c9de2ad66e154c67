"""Programs that try to pass without solving their task, or to break what judges them.

The task is to compute f(x), x squared. None of them does, so none may pass. The
test replaces ``{...}`` by a folder outside, a port on loopback or the name of
an abstract socket.
"""

TESTS = "assert f(2) == 4\nassert f(3) == 9\nassert f(-7) == 49"
SECRET = "the-secret-of-the-harness"
LEAK = f"assert f(0) == {SECRET!r}"

_EQUAL = """
class Same:
    def __eq__(self, other): return True
    def __ne__(self, other): return False
    __lt__ = __gt__ = __le__ = __ge__ = __eq__
    def __hash__(self): return 0
    def __sub__(self, other): return 0
    __rsub__ = __sub__
    def __abs__(self): return 0
    def __contains__(self, other): return True
    def __bool__(self): return True
"""
_FIND = """
def find(texts):
    import re
    for text in texts:
        found = re.search(r"f\\(%s\\) == (-?\\d+)" % WANTED, text)
        if found: return int(found.group(1))
    return None
"""

EXITS = {
    "os._exit at once": "import os\nos._exit(0)",
    "os._exit in the call": "import os\ndef f(x): os._exit(0)",
    "sys.exit at once": "import sys\nsys.exit(0)",
    "sys.exit in the call": "import sys\ndef f(x): sys.exit(0)",
    "SystemExit raised": "def f(x): raise SystemExit",
    "quit": "def f(x): quit()",
    "libc _exit": "import ctypes\ndef f(x): ctypes.CDLL(None)._exit(0)",
    "libc exit": "import ctypes\ndef f(x): ctypes.CDLL(None).exit(0)",
    "raw exit_group": "import ctypes\ndef f(x): ctypes.CDLL(None).syscall(231, 0)",
    "atexit": "import atexit, os\natexit.register(os._exit, 0)\ndef f(x): raise ValueError",
    "excepthook": "import os, sys\nsys.excepthook = lambda *a: os._exit(0)\ndef f(x): raise ValueError",
    "exec of true": "import os\ndef f(x): os.execv('/bin/true', ['true'])",
    "exec at once": "import os\nos.execv('/usr/bin/true', ['true'])",
    "exit in a thread": "import os, threading\ndef f(x):\n    threading.Thread(target=os._exit, args=(0,)).start()\n    while True: pass",
    "abort": "import os\ndef f(x): os.abort()",
    "killed by itself": "import os\ndef f(x): os.kill(os.getpid(), 9)",
    "closed channel": "import os\nos.closerange(3, 1000)\ndef f(x): return x",
}  # fmt: skip

EQUALS = {
    "object": _EQUAL + "def f(x): return Same()",
    "int subclass": _EQUAL + "class N(Same, int): pass\ndef f(x): return N(1)",
    "int subclass with a spoofed class": _EQUAL + "class N(int):\n    __class__ = int\n    __eq__ = lambda s, o: True\n    __hash__ = int.__hash__\ndef f(x): return N(1)",
    "str subclass": _EQUAL + "class S(str):\n    __eq__ = lambda s, o: True\n    __hash__ = str.__hash__\ndef f(x): return S('1')",
    "list subclass": "class L(list):\n    __eq__ = lambda s, o: True\ndef f(x): return L()",
    "float subclass": "class F(float):\n    __eq__ = lambda s, o: True\n    __hash__ = float.__hash__\ndef f(x): return F(1)",
    "metaclass": "class M(type):\n    __eq__ = lambda s, o: True\n    __hash__ = type.__hash__\nclass C(metaclass=M): pass\ndef f(x): return C",
    "function with attributes": "def g(): pass\ng.__eq__ = lambda o: True\ndef f(x): return g",
    "unittest patched": "import unittest\nunittest.TestCase.assertEqual = lambda *a, **k: None\nunittest.TestCase.failureException = KeyError\ndef f(x): return 0",
    "math patched": "import math\nmath.isclose = lambda *a, **k: True\ndef f(x): return 0",
    "operator patched": "import operator, builtins\noperator.eq = lambda a, b: True\nbuiltins.all = lambda x: True\ndef f(x): return 0",
    "AssertionError replaced": "import builtins\nbuiltins.AssertionError = SystemExit\ndef f(x): return 0",
    "numpy patched": "import numpy\nnumpy.allclose = numpy.array_equal = lambda *a, **k: True\ndef f(x): return numpy.array([True])",
    "trace that swaps locals": "import sys\ndef trace(frame, event, arg):\n    frame.f_locals.update(expected=0, result=0)\n    return trace\nsys.settrace(trace)\ndef f(x): return 0",
    "profile hook in threads": "import sys, threading\nthreading.setprofile(lambda *a: None)\nsys.setprofile(lambda *a: None)\ndef f(x): return 0",
    "small integers overwritten": "import ctypes\nfor n in (4, 9):\n    ctypes.memmove(id(n) + 24, id(0) + 24, 4)\ndef f(x): return 0",
    "int compared by a patched slot": "import ctypes\nslot = ctypes.c_void_p.from_address(id(int) + 200)\nslot.value = ctypes.c_void_p.from_address(id(object) + 200).value\ndef f(x): return 0",
    "iterator that yields anything": "class I:\n    def __iter__(self): return self\n    def __next__(self): return 4\ndef f(x): return I()",
    "property that lies": "class P:\n    __class__ = property(lambda s: int)\n    def __index__(self): return 4\n    __eq__ = lambda s, o: True\n    __hash__ = None\ndef f(x): return P()",
    "numpy object array": _EQUAL + "import numpy\ndef f(x): return numpy.array([Same()], dtype=object)",
    "dict view of everything": _EQUAL + "def f(x): return {1: Same()}.values()",
    "named tuple of everything": _EQUAL + "import collections\nT = collections.namedtuple('T', 'a')\nclass U(T):\n    __eq__ = lambda s, o: True\ndef f(x): return U(Same())",
}  # fmt: skip

PEEKS = {
    "frames": "import sys\nWANTED = 0\n" + _FIND + "def f(x):\n    global WANTED\n    WANTED = x\n    frame, texts = sys._getframe(), []\n    while frame:\n        texts += map(str, frame.f_locals.values())\n        texts += map(str, frame.f_globals.values())\n        frame = frame.f_back\n    return find(texts)",
    "garbage collector": "import gc\nWANTED = 0\n" + _FIND + "def f(x):\n    global WANTED\n    WANTED = x\n    return find(str(o) for o in gc.get_objects() if isinstance(o, (dict, list, tuple)))",
    "heap scan": "import re\ndef f(x):\n    for line in open('/proc/self/maps'):\n        a, b = (int(n, 16) for n in line.split()[0].split('-'))\n        if 'rw' not in line: continue\n        try:\n            memory = open('/proc/self/mem', 'rb', 0)\n            memory.seek(a)\n            data = memory.read(b - a)\n        except OSError: continue\n        found = re.search(b'assert f\\\\(%d\\\\) == (-?[0-9]+)' % x, data)\n        if found: return int(found.group(1))",
    "files nearby": "import os, re\ndef f(x):\n    for top in ('/tmp', '/work', '/home', '/root', '/var', '{outside}'):\n        for where, _, names in os.walk(top):\n            for name in names[:50]:\n                try: text = open(os.path.join(where, name), errors='replace').read(100000)\n                except OSError: continue\n                found = re.search(r'assert f\\(%d\\) == (-?\\d+)' % x, text)\n                if found: return int(found.group(1))",
    "other processes": "import os, re\ndef f(x):\n    for pid in filter(str.isdigit, os.listdir('/proc')):\n        for name in ('cmdline', 'environ', 'mem'):\n            try: data = open(f'/proc/{pid}/{name}', 'rb').read(1 << 20)\n            except OSError: continue\n            found = re.search(b'assert f\\\\(%d\\\\) == (-?[0-9]+)' % x, data)\n            if found: return int(found.group(1))",
    "descriptors": "import os, re\ndef f(x):\n    for number in range(3, 256):\n        try:\n            os.set_blocking(number, False)\n            data = os.read(number, 1 << 20)\n        except OSError: continue\n        found = re.search(b'== (-?[0-9]+)', data)\n        if found: return int(found.group(1))",
    "linecache": "import linecache\nWANTED = 0\n" + _FIND + "def f(x):\n    global WANTED\n    WANTED = x\n    return find(str(entry) for entry in linecache.cache.values())",
    "modules": "import sys\nWANTED = 0\n" + _FIND + "def f(x):\n    global WANTED\n    WANTED = x\n    return find(str(vars(m)) for m in list(sys.modules.values()))",
    "its caller's arguments": "import inspect\ndef f(x):\n    for info in inspect.stack():\n        for value in info.frame.f_locals.values():\n            expected = getattr(value, 'expected', None)\n            if expected is not None: return expected",
}  # fmt: skip

_FRAMES = (
    "import json, os, struct\ndef say(message):\n    body = json.dumps(message).encode()\n"
    "    for number in range(3, 256):\n        try: os.write(number, struct.pack('!I', len(body)) + body)\n"
    "        except OSError: pass\n"
)
FORGERIES = {
    "words on stdout": "import sys\nprint('PASSED'); print('OK'); print('{\"verdict\": \"passed\"}')\nsys.stdout.flush()\ndef f(x): return 0",
    "a verdict to every descriptor": "import os\nfor number in range(3, 256):\n    try: os.write(number, b'{\"verdict\": \"passed\", \"passed\": 3, \"total\": 3, \"error\": null}\\n')\n    except OSError: pass\ndef f(x): return 0",
    "framed verdict and exit": _FRAMES + "say({'verdict': 'passed', 'passed': 3, 'total': 3, 'error': None})\nos._exit(0)",
    "framed end and exit": _FRAMES + "say({'end': None, 'error': None})\nos._exit(0)",
    "answers before the questions": _FRAMES + "say({'error': None})\nsay({'return': [{'f': True}, []], 'changed': []})\nfor n in (4, 9, 49): say({'return': [True, []], 'changed': []})\nimport time; time.sleep(60)",
    "a change of what was never sent": _FRAMES + "def f(x): say({'return': [4, []], 'changed': [[0, [[0], [['list', []]]]]]})",
    "a question in place of an answer": _FRAMES + "def f(x): say({'do': 'call', 'value': [[0], [['tuple', [1, 2, 3]]]]})",
    "a secret from its own memory": "import gc, json, os, struct\ndef f(x):\n    for found in gc.get_objects():\n        if isinstance(found, dict) and 'secret' in found:\n            os._exit(0)\n    return 0",
    "results edited in place": "import sys\ndef f(x):\n    for module in list(sys.modules.values()):\n        for name in ('result', 'results', 'outcome', 'verdict', 'passed'):\n            if hasattr(module, name): setattr(module, name, 'passed')\n    return 0",
    "descriptors of its parent": "import os\ndef f(x):\n    for pid in {os.getppid(), 1}:\n        for number in range(64):\n            try: open(f'/proc/{pid}/fd/{number}', 'wb', 0).write(b'passed\\n')\n            except OSError: pass\n    return 0",
    "the parent's memory": "import os\ndef f(x):\n    for pid in {os.getppid(), 1} - {os.getpid()}:\n        try:\n            for line in open(f'/proc/{pid}/maps'):\n                a, b = (int(n, 16) for n in line.split()[0].split('-'))\n                memory = open(f'/proc/{pid}/mem', 'r+b', 0)\n                memory.seek(a)\n                memory.write(b'0' * (b - a))\n        except OSError: pass\n    return 0",
    "ptrace of the parent": "import ctypes, os\ndef f(x):\n    return ctypes.CDLL(None).ptrace(16, os.getppid(), 0, 0)",
}  # fmt: skip

ATTACKS = {
    "parent killed": "import os\nos.kill(os.getppid(), 9)\ndef f(x): return 0",
    "parent stopped": "import os\nos.kill(os.getppid(), 19)\ndef f(x): return 0",
    "everything killed": "import os\nos.kill(-1, 9)\ndef f(x): return 0",
    "group killed": "import os\nos.killpg(0, 9)\ndef f(x): return 0",
    "segmentation fault": "import ctypes\ndef f(x): ctypes.string_at(0)",
    "fork bomb": "import os\ndef f(x):\n    while True: os.fork()",
    "thread bomb": "import threading, time\ndef f(x):\n    while True: threading.Thread(target=time.sleep, args=(60,)).start()",
    "memory bomb": "def f(x): return bytearray(1 << 34)",
    "slow memory bomb": "def f(x):\n    held = []\n    while True: held.append(bytearray(1 << 22))",
    "disk bomb": "def f(x):\n    for n in range(100):\n        with open(f'b{n}', 'wb') as file:\n            while True: file.write(b'x' * (1 << 20))",
    "many files": "def f(x):\n    n = 0\n    while True:\n        open(f'f{n}', 'w').close()\n        n += 1",
    "output bomb": "def f(x):\n    while True: print('x' * (1 << 16))",
    "hang": "def f(x):\n    while True: pass",
    "hang in C": "import re\ndef f(x): return re.match('(a+)+$', 'a' * 60 + 'b')",
    "hang with signals ignored": "import signal\nfor n in range(1, 32):\n    try: signal.signal(n, signal.SIG_IGN)\n    except (OSError, ValueError): pass\ndef f(x):\n    while True: pass",
    "sleep": "import time\ndef f(x): time.sleep(1000)",
    "daemon": "import os, time\nif os.fork() == 0:\n    os.setsid()\n    if os.fork() == 0: time.sleep(1000)\n    os._exit(0)\ndef f(x): return 0",
    "unbounded recursion": "import sys\nsys.setrecursionlimit(10**9)\ndef f(x): return f(x) + 1",
    "recursion in C": "import sys\nsys.setrecursionlimit(10**9)\ndef f(x):\n    found = []\n    for _ in range(10**6): found = [found]\n    return repr(found)",
    "repr bomb": "class R:\n    def __repr__(self): return 'x' * (1 << 30)\n    __str__ = __repr__\ndef f(x): raise ValueError(R())",
    "text that raises": "class E(Exception):\n    def __str__(self): raise SystemExit(0)\ndef f(x): raise E",
    "deep value": "def f(x):\n    found = []\n    for _ in range(10_000): found = [found]\n    return found",
    "value that holds itself": "def f(x):\n    found = []\n    found.append(found)\n    return found",
    "huge value": "def f(x): return ['x' * 1000] * 10**6",
    "huge integer": "def f(x): return 1 << (1 << 27)",
    "endless iterator": "import itertools\ndef f(x): return itertools.count()",
    "colliding hashes": "def f(x): return {n * ((1 << 61) - 1): 0 for n in range(30_000)}",
    "attribute that hangs": "class A:\n    def __getattribute__(self, name):\n        while True: pass\ndef f(x): return A()",
    "modules wiped": "import sys\nsys.modules.clear()\ndef f(x): return 0",
    "built-ins wiped": "import builtins\nfor name in list(vars(builtins)):\n    if not name.startswith('__'): delattr(builtins, name)\ndef f(x): return 0",
    "limits raised": "import resource\ndef f(x):\n    for n in range(16):\n        try: resource.setrlimit(n, (resource.RLIM_INFINITY,) * 2)\n        except (OSError, ValueError): pass\n    return bytearray(1 << 34)",
    "thread that never ends": "import threading\ndef loop():\n    while True: pass\nthreading.Thread(target=loop).start()\ndef f(x): return 0",
    "garbage on the channel": "import os\nos.write(3, b'\\xff' * 64)\ndef f(x): return 0",
    "endless message": "import os\nos.write(3, (60 << 20).to_bytes(4, 'big'))\nwhile True: os.write(3, b'[' * 65536)",
}  # fmt: skip

LEAKS = {
    "read outside": "def f(x): return open('{outside}/secret').read()",
    "write outside": "def f(x):\n    open('{outside}/written', 'w').write('x')\n    return 0",
    "delete outside": "import os\ndef f(x):\n    os.unlink('{outside}/secret')\n    return 0",
    "write into the system": "def f(x):\n    for name in ('/usr/hostile', '/etc/hostile', '/hostile', '/usr/lib/hostile'):\n        try: open(name, 'w').write('x')\n        except OSError: pass\n    return 0",
    "shadow": "def f(x): return open('/etc/shadow').read()",
    "environment": "import os\ndef f(x): return os.environ.get('HARNESS_SECRET')",
    "environment of others": "import os, re\ndef f(x):\n    for pid in filter(str.isdigit, os.listdir('/proc')):\n        try: data = open(f'/proc/{pid}/environ', 'rb').read()\n        except OSError: continue\n        if b'HARNESS_SECRET=' in data: return data.split(b'HARNESS_SECRET=')[1].split(b'\\0')[0].decode()",
    "loopback": "import socket\ndef f(x):\n    with socket.create_connection(('127.0.0.1', {port}), 2) as s: return s.recv(100).decode()",
    "beyond": "import socket\ndef f(x):\n    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)\n    s.connect(('192.0.2.1', 53))\n    s.send(b'x')\n    return 0",
    "abstract socket": "import socket\ndef f(x):\n    with socket.socket(socket.AF_UNIX) as s:\n        s.connect('\\0{abstract}')\n        return s.recv(100).decode()",
    "socket in a file": "import socket\ndef f(x):\n    with socket.socket(socket.AF_UNIX) as s:\n        s.connect('{outside}/socket')\n        return s.recv(100).decode()",
    "root of another process": "import os\ndef f(x):\n    for pid in filter(str.isdigit, os.listdir('/proc')):\n        try: return open(f'/proc/{pid}/root{outside}/secret').read()\n        except OSError: pass",
    "namespaces of its own": "import ctypes\ndef f(x):\n    libc = ctypes.CDLL(None)\n    libc.unshare(0x10000000)\n    libc.mount(b'/', b'/tmp', None, 4096, None)\n    return open('/tmp{outside}/secret').read()",
    "handle of a file": "import ctypes\ndef f(x): return ctypes.CDLL(None).open_by_handle_at(-100, None, 0)",
    "remount": "import ctypes\ndef f(x):\n    ctypes.CDLL(None).mount(None, b'/usr', None, 32 | 4096, None)\n    open('/usr/hostile', 'w').write('x')\n    return 0",
    "shared memory": "import ctypes\ndef f(x): return ctypes.CDLL(None).shmget(1, 1 << 20, 0o1666)",
    "the project": "import os\ndef f(x): return {secret!r} if os.path.exists({project!r}) else None",
}  # fmt: skip

_PEER = """
import sys
def peer():
    frame = sys._getframe()
    while type(frame.f_locals.get("self")).__name__ != "RemoteCalls": frame = frame.f_back
    return frame.f_locals["self"]
"""
# Each with tests of its own. They use what an insider knows of the protocol, or a gap that the tests leave.
INSIDERS = {
    "a class made in the tester": (_PEER + "def f(x):\n    X = peer().request('call', type, ('X', (object,), {'__eq__': lambda o: True}), {})\n    return peer().request('call', X, (), {})", TESTS),
    "a frame of the tester": (_PEER + "def f(g):\n    b = peer().request('get', peer().request('get', g, 'gi_frame'), 'f_builtins')\n    peer().request('call', b['exec'], (\"open('{outside}/written', 'w').write('x')\",), {})\n    return 4", "assert f(x for x in [1, 3]) == 5"),
    "a file by an array": (_PEER + "import numpy\ndef f(x):\n    peer().request('get', numpy.arange(4), 'tofile')('{outside}/written')\n    return 0", TESTS),
    "the tester by a format": (_PEER + "import re\nclass O: pass\ndef f(x):\n    for i in range(6):\n        try:\n            text = peer().request('get', '{0.__class__._remote_calls.decoder._wrap.__closure__[%d].cell_contents._job[tests]}' % i, 'format')(O())\n            return int(re.search(r'f\\(%d\\) == (-?\\d+)' % x, text).group(1))\n        except Exception: pass", TESTS),
    "a callback's globals": ("def f(g):\n    return g.__globals__['EXPECTED']", "EXPECTED = 7\nassert f(lambda x: x) == EXPECTED"),
    "a method of an object of the tests": ("def f(o):\n    return o.check.__self__.expected", "class O:\n    expected = 7\n    def check(self): return 1\nassert f(O()) == 8"),
    "operators by a class": ("class S:\n    def __sub__(self, other): return 0\n    def __rsub__(self, other): return 0\n    def __contains__(self, other): return True\nclass f:\n    def __new__(cls, x): return S()", "assert abs(f(2) - 4.0) < 1e-6"),
    "containment by a class": ("class S:\n    def __contains__(self, other): return True\nclass f:\n    def __new__(cls, x): return S()", "assert 4 in f(2)"),
    "objects that equal each other": ("class S:\n    def __eq__(self, other): return True\ndef f(x): return S()\ndef g(x): return S()", "assert f(2) == g(2)"),
    "names that were not asked for": ("import sys\nframe = sys._getframe()\nwhile '_names' not in frame.f_globals: frame = frame.f_back\nyes = lambda *a, **k: True\nframe.f_globals['_names'] = lambda namespace, wanted: {'f': lambda x: 0, 'all': yes, '__builtins__': {'all': yes}}\ndef f(x): return 0", "assert all(f(x) == x * x for x in [2, 3])"),
    "an end of the tests' loop": ("def f(x): raise StopIteration", "assert all(map(lambda x: f(x) == x * x, [2, 3]))"),
    "an object that answers what it is told": ("class S:\n    def __getattr__(self, name): return lambda *a, **k: True\ndef f(x): return S()", "assert f('abc').startswith('cb')"),
    "a set that holds what it is told": ("class S:\n    def __getattr__(self, name): return lambda *a, **k: True\ndef f(x): return S()", "assert f(2).issuperset({4, 9})"),
    "a text that no file holds": ("def f(x): raise ValueError(chr(0xd800))", TESTS),
    "a chain of slices": ("def f(x):\n    found = None\n    for _ in range(300_000): found = slice(found)\n    return found", TESTS),
}  # fmt: skip
_RESULT = """
import sys
def results():
    frame = sys._getframe()
    while frame:
        if hasattr(frame.f_locals.get("result"), "addFailure"): yield frame.f_locals["result"]
        frame = frame.f_back
"""
UNITTESTS = {
    "skipped": "import unittest\ndef f(x): raise unittest.SkipTest",
    "a forged answer": "import sys, json, os, struct\nframe = sys._getframe()\nwhile 'job' not in frame.f_locals: frame = frame.f_back\nfor more in ({}, {'total': 'x'}, {'total': float('nan')}, {'total': 1e300, 'passed': 1e300, 'sprung': True, 'error': None, 'failed': 0}, {'total': -5, 'passed': -9, 'sprung': True, 'error': 'x', 'failed': 0}):\n    body = json.dumps({'secret': frame.f_locals['job']['secret'], **more}).encode()\n    os.write(3, struct.pack('!I', len(body)) + body)\nos._exit(0)",
    "asserts patched": "import unittest\nfor name in dir(unittest.TestCase):\n    if name.startswith('assert'): setattr(unittest.TestCase, name, lambda *a, **k: None)\ndef f(x):\n    unittest.TestCase.assertEqual = lambda *a, **k: None\n    return 0",
    "exit": "import os\nos._exit(0)",
    "a stop of the test": "import unittest.case\nStop = unittest.case._ShouldStop\ndef f(x): raise Stop",
    "a stop of the test, looked up late": "import unittest.case\ndef f(x): raise unittest.case._ShouldStop",
    "failures that are not added": _RESULT
    + "def f(x):\n    for found in results(): found.addFailure = found.addError = lambda *a: None\n    return 0",
    "failures that are not kept": _RESULT
    + "class Deaf(list):\n    def append(self, item): pass\ndef f(x):\n    for found in results(): found.failures = found.errors = Deaf()\n    return 0",
    "a failure expected by the program": "import sys\ndef f(x):\n    type(sys._getframe(1).f_locals['self']).test_f.__unittest_expecting_failure__ = True\n    raise ValueError",
    "many forks": "import os, time\nfor _ in range(500):\n    if os.fork() == 0: time.sleep(60)\ndef f(x): return 0",
}
RUNS = {
    "settings of the kernel": "import os\nfor name in ('kernel/core_pattern', 'vm/drop_caches', 'kernel/hostname'):\n    try: os.close(os.open('/proc/sys/' + name, os.O_WRONLY))\n    except OSError: continue\n    break\nelse: raise SystemExit(1)",
    "an overflow that it hides": "import sys\ntry:\n    while True: sys.stdout.write('x' * 65536)\nexcept OSError: sys.stdout = open('/dev/null', 'w')",
    "a large message": "import os, struct\nbody = b'[' + b'{},' * 6_000_000 + b'1]'\nwith open(3, 'wb', closefd=False) as channel: channel.write(struct.pack('!I', len(body)) + body)\nos._exit(0)",
    "os._exit half-way": "import os\nos._exit(0)\nx = 1",
    "libc _exit half-way": "import ctypes\nctypes.CDLL(None)._exit(0)",
    "a status that equals 0": "class Z:\n    def __eq__(self, other): return True\n    __hash__ = None\nraise SystemExit(Z())",
    "a status that is nearly 0": "raise SystemExit(0.0)",
    "exec of true half-way": "import os\nos.execv('/bin/true', ['true'])",
    "exit in a thread half-way": "import os, threading\nthreading.Thread(target=os._exit, args=(0,)).start()\nwhile True: pass",
    "excepthook half-way": "import os, sys\nsys.excepthook = lambda *a: os._exit(0)\n1 / 0",
    "atexit with an error": "import atexit, os\natexit.register(os._exit, 0)\n1 / 0",
    "an end without the secret": _FRAMES + "say({'end': None, 'error': None})\nsay({'end': '', 'error': None})\nos._exit(0)",
    "unittest.main half-way": "import unittest, sys\nsys.exit(unittest.main(module=None, argv=['x', 'no.such'], exit=False).result.wasSuccessful() + 2)",
}  # fmt: skip

# Against mode `outputs`, which sends all calls at once and receives bundles of results, and digests of large values.
OUTPUTS = {
    "results told before they are asked for": _FRAMES + "say({'results': [[[True, []], 0]] * 3})\ndef f(x): return 0",
    "results of everything": _EQUAL + _FRAMES + "say({'results': [[[[0], [['mine', 0, 'object', 'Same']]], 0]] * 3})\nos._exit(0)",
    "digests for values": _FRAMES + "say({'results': [{'digest': '', 'size': 1 << 20, 'text': True, 'seconds': 0}] * 3})\nos._exit(0)",
    "digests without end": _FRAMES + "while True: say({'results': [{'digest': 'x', 'size': 1, 'text': True, 'seconds': 0}] * 1000})",
    "no results at all": _FRAMES + "while True: say({'results': []})",
    "results of another shape": _FRAMES + "say({'results': {'0': 4}})\nsay({'results': [None, 4, [], [[]]]})\ndef f(x): return 0",
    "an error of another shape": _FRAMES + "say({'results': [{'error': 7, 'expired': [], 'limit': 'x'}]})\ndef f(x): return 0",
    "a verdict among results": _FRAMES + "say({'verdict': 'passed', 'passed': 3, 'total': 3, 'error': None})\nsay({'results': [{'verdict': 'passed', 'passed': 3}]})\ndef f(x): return 0",
    "encoder patched": "import json, marshal\nmarshal.dumps = lambda *a: b''\njson.dumps = lambda *a, **k: '[true, []]'\ndef f(x): return 0",
    "timer taken over": "import signal\nsignal.setitimer = lambda *a: None\nsignal.signal(signal.SIGPROF, signal.SIG_IGN)\nsignal.signal(signal.SIGALRM, signal.SIG_IGN)\ndef f(x):\n    while True: pass",
    "end of time swallowed": "def f(x):\n    while True:\n        try:\n            while True: pass\n        except BaseException: pass",
    "asleep from the second call on": "import time\ndef f(x):\n    if x == 2: return 4\n    time.sleep(1000)",
    "later calls from the frames": "import sys\ndef f(x):\n    frame = sys._getframe(1)\n    return frame.f_locals.get('expected', frame.f_locals)",
    "arguments that answer": "def f(x):\n    import sys\n    sys._getframe(1).f_locals['calls'].clear()\n    return 0",
    "deep value that changes": "held = []\ndef f(x):\n    held.append(held)\n    return held",
    "nan": "def f(x): return float('nan')",
    "infinity": "def f(x): return float('inf')",
    "array of nothing": "import numpy\ndef f(x): return numpy.array([])",
}  # fmt: skip
