"""The normal form: what changes from process to process is the same, and next to it nothing else is."""

from __future__ import annotations

import base64
import struct
import unicodedata
import zlib
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from nb2pipe.verify.difference import TWO_RUNS, difference
from nb2pipe.verify.normal import NOTHING, Normal, normal

HEX = "0123456789abcdef0123456789abcdef"
ELSE = "fedcba9876543210fedcba9876543210"
UUID = "0f8fad5b-d9cb-469f-a165-70867728950e"
OTHER_UUID = "7c9e6679-7425-40de-944b-e07fc1f90ae7"


def printed(text: str, name: str = "stdout") -> dict[str, Any]:
    return {"output_type": "stream", "name": name, "text": text}


def shows(**data: Any) -> dict[str, Any]:
    return {"output_type": "display_data", "data": {NAMES[name]: value for name, value in data.items()}, "metadata": {}}


def result(**data: Any) -> dict[str, Any]:
    return shows(**data) | {"output_type": "execute_result", "execution_count": 1}


def raised(name: str, message: str, traceback: str = "") -> dict[str, Any]:
    return {"output_type": "error", "ename": name, "evalue": message, "traceback": [traceback]}


NAMES = {
    "plain": "text/plain",
    "html": "text/html",
    "latex": "text/latex",
    "script": "application/javascript",
    "json": "application/json",
    "plotly": "application/vnd.plotly.v1+json",
    "vega": "application/vnd.vegalite.v5+json",
    "widget": "application/vnd.jupyter.widget-view+json",
    "bokeh": "application/vnd.bokehjs_exec.v0+json",
    "svg": "image/svg+xml",
    "png": "image/png",
    "jpeg": "image/jpeg",
    "pdf": "application/pdf",
}

# What is printed: one process, another process, and a twin that must not be the same as the first.
PRINTED = {
    "address": ("<function f at 0x7f63a8f30910>", "<function f at 0x55d0aa521cd0>", "<function g at 0x7f63a8f30910>"),
    "short address": ("<object at 0x1a2b3c>", "<object at 0x4d5e6f>", "<object at 0x12>"),
    "address cut off": ("<A object at 0x7f63...", "<A object at 0x55d...", "<A object at 0x7f..] 1"),
    "two addresses": (
        "<weakref at 0x7f63a8f30910; to 'A' at 0x7f63a8f30911>",
        "<weakref at 0x7f63a8f30912; to 'A' at 0x7f63a8f30913>",
        "<weakref at 0x7f63a8f30910; to 'B' at 0x7f63a8f30911>",
    ),
    "cffi": ("<cdata 'int *' 0x55d0aa521cd0>", "<cdata 'int *' 0x55d0aa521cd1>", "<cdata 'char *' 0x55d0aa521cd0>"),
    "cell's file": (
        'File "/tmp/ipykernel_29987/3956125654.py", line 2',
        'File "/tmp/ipykernel_1/39.py", line 2',
        'File "/tmp/ipykernel_29987/3956125654.py", line 3',
    ),
    "cell's old file": ("<ipython-input-3-abcdef012345>", "<ipython-input-4-0123456789ab>", "<ipython-input-3>"),
    "cell's number": ("Cell In[3], line 2", "Cell In[12], line 2", "Cell In[3], line 1"),
    "cell's number of old": ("Input In [3], in <cell line: 1>()", "Input In [4], in <cell line: 1>()", "Input In [3]"),
    "uuid": (UUID, OTHER_UUID, UUID[:-1]),
    "uuid in a name": (f"section-{UUID}-0", f"section-{OTHER_UUID}-0", f"section-{UUID}-1"),
    "uuid in upper case": (UUID.upper(), OTHER_UUID, UUID + "0"),
    "colours": ("\x1b[31mred\x1b[0m", "red", "\x1b[31mreed\x1b[0m"),
    "link": ("\x1b]8;;http://a\x1b\\there\x1b]8;;\x1b\\", "there", "\x1b]8;;http://a\x1b\\where\x1b]8;;\x1b\\"),
    "return": ("10 %\r20 %\r100 %", "50 %\r100 %", "10 %\r20 %\r101 %"),
    "return leaves what is longer": ("loss 0.93\rdone", "done 0.93", "loss 0.91\rdone"),
    "return and erase": ("loss 0.93\r\x1b[Kdone", "loss 0.91\r\x1b[2Kdone", "loss 0.93\r\x1b[Kgone"),
    "Windows' line ends": ("a\r\nb\r\n", "a\nb\n", "a\r\nc\r\n"),
    "backspaces": ("ab\b\bcd", "cd", "ab\bcd"),
    "lines gone over again": ("1\n2\n\x1b[A\x1b[A3\n4\n", "3\n4\n", "1\n2\n\x1b[A3\n"),
    "erased below": ("a\nb\nc\x1b[2A\r\x1b[Jd", "d", "a\nb\nc\x1b[1A\r\x1b[Jd"),
    "trailing blanks": ("a  \nb\t\n\n", "a\nb", " a\nb"),
    "%time": (
        "CPU times: user 28 μs, sys: 0 ns, total: 28 μs\nWall time: 31.5 μs",
        "CPU times: user 1min 3s, sys: 1e+03 ns, total: 1min 3s\nWall time: 1h 2min 3s",
        "CPU times: user 28 μs, sys: 0 ns, total: 28 μs\nWall time: 31.5 μs\n1",
    ),
    "%time of Windows": ("CPU times: total: 0 ns", "CPU times: total: 12 ms", "CPU times: 3"),
    "%time of long code": ("Compiler : 119 ms\nParser   : 101 ms\n1", "1", "Compiler : 119 warnings\n1"),
    "%timeit": (
        "1.14 μs ± 197 ns per loop (mean ± std. dev. of 7 runs, 1,000,000 loops each)",
        "2 s ± 1 ms per loop (mean ± std. dev. of 7 runs, 1 loop each)",
        "2 s ± 1 ms per loop (mean ± std. dev. of 2 runs, 1 loop each)",
    ),
    "%timeit of old": ("10 loops, best of 3: 2 ms per loop", "1 loop, best of 3: 1.5 s per loop", "best of 3: 2"),
    "%timeit, uneven": (
        "The slowest run took 4.53 times longer than the fastest. This could mean that it is cached.\n1",
        "1",
        "The slowest run took 4.53 times longer than the fastest\n1",
    ),
    "%timeit of long code": ("Compiler time: 0.11 s\n1", "1", "Compiler time: 0.11\n1"),
    "%memit": (
        "peak memory: 95.50 MiB, increment: 0.01 MiB",
        "peak memory: 99 MiB, increment: -1.5 MiB",
        "peak memory: 95.50 MiB",
    ),
    "tqdm": (
        "100%|███| 30/30 [00:00<00:00, 94.63it/s]",
        "100%|███| 30/30 [1:00:09<00:00,  1.02s/it]",
        "100%|███| 31/31 [00:00<00:00, 94.63it/s]",
    ),
    "tqdm tells": (
        "30/30 [00:00<00:00, 94.63it/s, loss=0.34]",
        "30/30 [00:01<00:00, 4.63it/s, loss=0.34]",
        "30/30 [00:00<00:00, 94.63it/s, loss=0.35]",
    ),
    "tqdm without total": ("12 files [00:01, 9.9 files/s]", "12 files [00:02, 8k files/s]", "13 files [00:01, 9.9 files/s]"),
    "tqdm at its start": ("0it [00:00, ?it/s]", "0it [00:01, ?it/s]", "1it [00:00, ?it/s]"),
    "keras": (
        "1875/1875 ━━━━ 3s 2ms/step - loss: 0.31",
        "1875/1875 ━━━━ 1:02 33ms/step - loss: 0.31",
        "1875/1875 ━━━━ 3s 2ms/step - loss: 0.32",
    ),
    "iminuit": (
        "│ EDM = 9.78e-20 (Goal: 0.0002)    │           time = 70.6 sec            │",
        "│ EDM = 9.78e-20 (Goal: 0.0002)    │                                      │",
        "│ EDM = 9.79e-20 (Goal: 0.0002)    │           time = 70.6 sec            │",
    ),
    "iminuit's minimum": (
        "[<FMin algorithm='Migrad' fval=1.5 nfcn=60 time=0.00032382299832534045>]",
        "[<FMin algorithm='Migrad' fval=1.5 nfcn=60 time=4e-05>]",
        "[<FMin algorithm='Migrad' fval=1.5 nfcn=61 time=0.00032382299832534045>]",
    ),
    "what is no minimum": ("<Fit fval=1.5 time=0.5>", "<Fit fval=1.5 time=0.5>", "<Fit fval=1.5 time=0.6>"),
    "what iminuit does not tell": (
        "│ EDM = 1 │ time = 0.1 sec left │",
        "│ EDM = 1 │ time = 0.1 sec left │",
        "│ EDM = 1 │ time = 0.2 sec left │",
    ),
    "statsmodels": (
        "Dep. Variable:   y   R-squared:  0.416\nDate:  Mon, 14 May 2018   Prob:  0.1\nTime:   21:48:12   Log: -12.9",
        "Dep. Variable:   y   R-squared:  0.416\nDate:  Tue, 15 May 2018   Prob:  0.1\nTime:   01:48:12   Log: -12.9",
        "Dep. Variable:   y   R-squared:  0.416\nDate:  Mon, 14 May 2018   Prob:  0.1\nTime:   21:48:12   Log: -12.8",
    ),
    "statsmodels' other table": (
        "Dependent Variable: y    AIC: 16.5469\nDate:      2026-11-22 09:05 BIC:  15.7657",
        "Dependent Variable: y    AIC: 16.5469\nDate:      2026-11-22 09:06 BIC:  15.7657",
        "Dependent Variable: y    AIC: 16.5469\nDate:      2026-11-22 09:05 BIC:  15.7658",
    ),
    "thread": (
        "<Thread(Thread-5 (print), started daemon 139912345678)>",
        "<Thread(Thread-12 (print), started daemon 139912345670)>",
        "<Thread(Thread-5 (print), started 139912345678)>",
    ),
    "main thread": ("<_MainThread(MainThread, started 1399)>", "<_MainThread(MainThread, started 13)>", "MainThread, started 1399"),
    "task": (
        "<Task pending name='Task-5' coro=<f() running>>",
        "<Task pending name='Task-17' coro=<f() running>>",
        "<Task pending name='Task-5' coro=<g() running>>",
    ),
    "model of a widget": (f"Box('IPY_MODEL_{HEX}')", f"Box('IPY_MODEL_{ELSE}')", f"Bin('IPY_MODEL_{HEX}')"),
}  # fmt: skip

# What a user prints that looks much like it: never the same.
OWN = {
    "hexadecimal": ("0xdeadbeef", "0xdeadbeee"),
    "hexadecimal after at": ("error at 0x10", "error at 0x20"),
    "digest": (HEX, ELSE),
    "date": ("Date: 2026-11-22 09:05", "Date: 2026-11-22 09:06"),
    "time": ("Time: 09:05:12", "Time: 09:05:13"),
    "dates of a table": ("Variable: a\nFirst: Mon, 14 May 2018", "Variable: a\nFirst: Tue, 15 May 2018"),
    "wall time without unit": ("Wall time: 3.2", "Wall time: 3.3"),
    "wall time in a sentence": ("The Wall time: 3.2 s", "The Wall time: 3.3 s"),
    "list like a clock": ("x = [12:30, 4.5]", "x = [12:30, 4.6]"),
    "thread": ("Thread-5", "Thread-6"),
    "task": ("name='Task-5'", "name='Task-6'"),
    "number of 128 bits in HTML": (f'<p id="a">{HEX}</p>', f'<p id="a">{ELSE}</p>'),
    "progress": ("10/30", "11/30"),
    "speed": ("3s 2ms", "3s 3ms"),
    "prompt": ("In [3]", "In [4]"),
    "id of a style": ("T_b5ad4", "T_0452c"),
    "container": ("sk-container-id-1", "sk-container-id-2"),
    "model": ("p1008", "p1009"),
    "parameter": ("param_1", "param_2"),
    "leading blanks": (" a", "a"),
    "a line more": ("a\n\nb", "a\nb"),
    "float": ("0.93", "0.9300000001"),
    "int and float": ("1", "1.0"),
    "quotes": ("'1'", "1"),
    "what is in a control sequence's place": ("[31mred", "[32mred"),
}


@pytest.mark.parametrize("row", PRINTED.values(), ids=PRINTED)
@pytest.mark.parametrize("form", [printed, lambda text: shows(plain=text), lambda text: raised("E", text)])
def test_noise_of_processes(row: tuple[str, str, str], form: Any) -> None:
    one, same, other = (normal([form(text)]) for text in row)
    assert one == same
    assert one != other


@pytest.mark.parametrize("row", OWN.values(), ids=OWN)
@pytest.mark.parametrize("form", [printed, lambda text: shows(plain=text), lambda text: shows(html=text)])
def test_own_text_stays(row: tuple[str, str], form: Any) -> None:
    one, other = (normal([form(text)]) for text in row)
    assert one != other


STYLER = '<style>#T_{0}_row1_col0 {{ color: {1} }}</style><table id="T_{0}"><td id="T_{0}_row1_col0">{2}</td></table>'
CLIPPED = (
    '<svg><dc:date>{0}</dc:date><clipPath id="{1}"/><use xlink:href="#{2}" clip-path="url(#{1})" style="fill: {3}"/>'
    '<path id="{2}" d="M {4} 0"/></svg>'
)
BOKEH = '{{"Bokeh":1,"docs":{{"{0}":{{"id":"{1}","source":{{"id":"{2}","of":["{1}"]}},"data":["{3}"]}}}}}}'
ALTAIR = {"$schema": "vega-lite", "params": [{"name": "param_1"}], "test": "param_1.x", "data": [{"a": 1}]}
ALTAIR_LATER = {"$schema": "vega-lite", "params": [{"name": "param_7"}], "test": "param_7.x", "data": [{"a": 1}]}
ALTAIR_OTHER = {"$schema": "vega-lite", "params": [{"name": "param_1"}], "test": "param_1.x", "data": [{"a": 2}]}
OLS = (
    "<th>Dep. Variable:</th><td>y</td><th>Date:</th>    <td>{}</td> <th>Time:</th> <td>{}</td> <th>AIC</th><td>{}</td>"
)
OLS_TEX = r"\textbf{Dep. Variable:} & y \\ \textbf{Date:} & @ & \textbf{Prob} & # \\"
GREAT = '<div id="{0}" style="a"><style>#{0} .gt_table {{}}</style><table class="gt_table"><td>{1}</td></table></div>'
MAP = "<iframe srcdoc='leaflet #map_{0} {{ }} var tile_layer_{0} = {1}'></iframe>"

# What is displayed: one process, another process, and a twin that is not the same as the first.
DISPLAYED = {
    "styled frame": ("html", STYLER.format("b5ad4", "red", 1), STYLER.format("0452c", "red", 1), STYLER.format("b5ad4", "red", 2)),
    "style of a frame": ("html", STYLER.format("b5ad4", "red", 1), STYLER.format("0452c", "red", 1), STYLER.format("b5ad4", "blue", 1)),
    "diagram": (
        "html",
        '<style>#sk-container-id-1 {}</style><input id="sk-estimator-id-1">LogisticRegression(C=1)',
        '<style>#sk-container-id-7 {}</style><input id="sk-estimator-id-12">LogisticRegression(C=1)',
        '<style>#sk-container-id-1 {}</style><input id="sk-estimator-id-1">LogisticRegression(C=2)',
    ),
    "altair's element": (
        "html",
        f'<div id="altair-viz-{HEX}"></div>1',
        f'<div id="altair-viz-{ELSE}"></div>1',
        f'<div id="altair-viz-{HEX}"></div>2',
    ),
    "displaCy": (
        "html",
        f'<svg id="{HEX}-0"><path id="arrow-{HEX}-0-0"/><use xlink:href="#arrow-{HEX}-0-0"/><text>a</text></svg>',
        f'<svg id="{ELSE}-0"><path id="arrow-{ELSE}-0-0"/><use xlink:href="#arrow-{ELSE}-0-0"/><text>a</text></svg>',
        f'<svg id="{HEX}-0"><path id="arrow-{HEX}-0-0"/><use xlink:href="#arrow-{HEX}-0-0"/><text>b</text></svg>',
    ),
    "altair's parameters": ("vega", ALTAIR, ALTAIR_LATER, ALTAIR_OTHER),
    "great_tables": ("html", GREAT.format("iwxovfyiic", 1), GREAT.format("sgsudozfab", 1), GREAT.format("iwxovfyiic", 2)),
    "map": ("html", MAP.format(HEX, 1), MAP.format(ELSE, 1), MAP.format(HEX, 2)),
    "plotly's element": ("html", f'<div id="{UUID}">1', f'<div id="{OTHER_UUID}">1', f'<div id="{UUID}">2'),
    "bokeh's script": (
        "script",
        BOKEH.format(UUID, "p1008", "p1009", "p1"),
        BOKEH.format(OTHER_UUID, "p1057", "p1060", "p1"),
        BOKEH.format(UUID, "p1008", "p1009", "p2"),
    ),
    "bokeh's data that look like an id": (
        "script",
        BOKEH.format(UUID, "p1008", "p1009", "p1010"),
        BOKEH.format(UUID, "p1008", "p1009", "p1010"),
        BOKEH.format(UUID, "p1008", "p1009", "p1011"),
    ),
    "bokeh's element": ("html", '<div data-root-id="p1008">1', '<div data-root-id="p1057">1', '<div data-root-id="p1008">2'),
    "iminuit": (
        "html",
        '<td style="text-align:center" title="Total run time of algorithms"> time = 0.1 sec </td><td>1</td>',
        '<td style="text-align:center" title="Total run time of algorithms">  </td><td>1</td>',
        '<td style="text-align:center" title="Total run time of algorithms"> time = 0.1 sec </td><td>2</td>',
    ),
    "matplotlib's SVG in a page": (
        "html",
        CLIPPED.format("2026", "p3f4a5b6c7d", "m8b1c2d3e4f", "#1f77b4", 1),
        CLIPPED.format("2027", "pa0b1c2d3e4", "m1101020304", "#1f77b4", 1),
        CLIPPED.format("2026", "p3f4a5b6c7d", "m8b1c2d3e4f", "#1f77b5", 1),
    ),
    "ids of a page": (
        "html",
        '<clipPath id="p3f4a5b6c7d"/><g id="first"/><a href="#first">',
        '<clipPath id="pa0b1c2d3e4"/><g id="first"/><a href="#first">',
        '<clipPath id="p3f4a5b6c7d"/><g id="second"/><a href="#second">',
    ),
    "panel's names": (
        "html",
        '{"attributes":{"name":"Row01237"},"of":"Row01237","data":["Row00007"]}',
        '{"attributes":{"name":"Row00262"},"of":"Row00262","data":["Row00007"]}',
        '{"attributes":{"name":"Row00262"},"of":"Row00262","data":["Row00008"]}',
    ),
    "what panel's names point to": (
        "html",
        '{"attributes":{"name":"Row01237"}},{"attributes":{"name":"Row01238"}},"of":"Row01237"',
        '{"attributes":{"name":"Row00262"}},{"attributes":{"name":"Row00270"}},"of":"Row00262"',
        '{"attributes":{"name":"Row00262"}},{"attributes":{"name":"Row00270"}},"of":"Row00270"',
    ),
    "panel's links": (
        "html",
        '"attributes":{"tags":[[139648571350288,[null,"value"],[null,null]]],"x":1}',
        '"attributes":{"tags":[[140027598821968,[null,"value"],[null,null]]],"x":1}',
        '"attributes":{"tags":[[139648571350288,[null,"value"],[null,null]]],"x":2}',
    ),
    "tags of numbers": ("html", '"tags":[[139648571350288,1]]', '"tags":[[139648571350288,1]]', '"tags":[[139648571350289,1]]'),
    "panel's channel": (
        "html",
        f'{{"plot_id":"{UUID}","comm_id":"{HEX}","client_comm_id":"{ELSE}","data":1}}',
        f'{{"plot_id":"{OTHER_UUID}","comm_id":"{ELSE}","client_comm_id":"{HEX}","data":1}}',
        f'{{"plot_id":"{UUID}","comm_id":"{HEX}","client_comm_id":"{ELSE}","data":2}}',
    ),
    "what is no panel's channel": ("html", f'"my_comm_id":"{HEX}"', f'"my_comm_id":"{HEX}"', f'"my_comm_id":"{ELSE}"'),
    "fit": (
        "html",
        OLS.format("Mon, 14 May 2018", "21:48:12", "1.5"),
        OLS.format("Tue, 15 May 2018", "21:48:13", "1.5"),
        OLS.format("Mon, 14 May 2018", "21:48:12", "1.6"),
    ),
    "fit in LaTeX": (
        "latex",
        OLS_TEX.replace("@", "Mon, 14 May 2018").replace("#", "1"),
        OLS_TEX.replace("@", "Tue, 15 May 2018").replace("#", "1"),
        OLS_TEX.replace("@", "Mon, 14 May 2018").replace("#", "2"),
    ),
    "order of keys": ("json", {"a": 1, "b": [1, 2]}, {"b": [1, 2], "a": 1}, {"a": 1, "b": [2, 1]}),
    "lines": ("html", ["a\n", "b"], "a\nb", ["a", "b"]),
    "number and text": ("json", {"a": 1}, {"a": 1}, {"a": "1"}),
    "data with an id": ("json", {"id": "p1008"}, {"id": "p1008"}, {"id": "p1009"}),
    "plotly": ("plotly", {"data": [{"y": [1]}]}, {"data": [{"y": [1]}]}, {"data": [{"y": [2]}]}),
    "ids of SVG": (
        "svg",
        CLIPPED.format("2026", "p3f", "m8b", "#1f77b4", 1),
        CLIPPED.format("2027", "pa0", "m11", "#1f77b4", 1),
        CLIPPED.format("2026", "p3f", "m8b", "#1f77b5", 1),
    ),
    "what ids of SVG point to": (
        "svg",
        '<svg><a id="x"/><b id="y"/><use href="#x"/></svg>',
        '<svg><a id="y"/><b id="x"/><use href="#y"/></svg>',
        '<svg><a id="x"/><b id="y"/><use href="#y"/></svg>',
    ),
    "numbers of SVG": (
        "svg",
        CLIPPED.format("2026", "p3f", "m8b", "red", "1.5"),
        CLIPPED.format("2026", "m8b", "p3f", "red", "1.5"),
        CLIPPED.format("2026", "p3f", "m8b", "red", "1.6"),
    ),
    "JPEG": ("jpeg", "/9j/4AAQ", "/9j/\n4AAQ\n", "/9j/4AAR"),
    "PDF": (
        "pdf",
        base64.b64encode(b"%PDF /CreationDate (D:2026) 1").decode(),
        base64.b64encode(b"%PDF /CreationDate (D:2027) 1").decode(),
        base64.b64encode(b"%PDF /CreationDate (D:2026) 2").decode(),
    ),
    "what is no base64": ("png", "é!", "é!", "è!"),
}  # fmt: skip


@pytest.mark.parametrize("row", DISPLAYED.values(), ids=DISPLAYED)
def test_displays(row: tuple[str, Any, Any, Any]) -> None:
    one, same, other = (normal([shows(**{row[0]: content})]) for content in row[1:])
    assert one == same
    assert one != other


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(*chunks: bytes) -> str:
    return base64.b64encode(b"\x89PNG\r\n\x1a\n" + b"".join(chunks) + chunk(b"IEND", b"")).decode()


def head(width: int = 2, height: int = 2, kind: int = 2) -> bytes:
    return chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, kind, 0, 0, 0))


def body(*rows: bytes) -> bytes:
    return zlib.compress(b"".join(rows))


ROWS = (b"\x00" + b"\x01\x02\x03" * 2, b"\x00" + b"\x04\x05\x06" * 2)
PIXELS = body(*ROWS)
PALETTE = chunk(b"PLTE", b"\x00\x00\x00\xff\xff\xff")

# Two pictures, and whether they are the same.
PICTURES = {
    "remarks": (png(head(), chunk(b"tEXt", b"Software\0a"), chunk(b"IDAT", PIXELS)), png(head(), chunk(b"IDAT", PIXELS)), True),
    "time": (png(head(), chunk(b"tIME", b"1"), chunk(b"IDAT", PIXELS)), png(head(), chunk(b"tIME", b"2"), chunk(b"IDAT", PIXELS)), True),
    "chunks": (png(head(), chunk(b"IDAT", PIXELS[:5]), chunk(b"IDAT", PIXELS[5:])), png(head(), chunk(b"IDAT", PIXELS)), True),
    "lines of base64": (png(head(), chunk(b"IDAT", PIXELS)), png(head(), chunk(b"IDAT", PIXELS))[:9] + "\n" + png(head(), chunk(b"IDAT", PIXELS))[9:], True),
    "pixels": (png(head(), chunk(b"IDAT", PIXELS)), png(head(), chunk(b"IDAT", body(ROWS[1], ROWS[0]))), False),
    "size": (png(head(2), chunk(b"IDAT", PIXELS)), png(head(3), chunk(b"IDAT", PIXELS)), False),
    "palette": (png(head(kind=3), PALETTE, chunk(b"IDAT", b"1")), png(head(kind=3), chunk(b"PLTE", b"\x00\x00\x00\xff\xff\xfe"), chunk(b"IDAT", b"1")), False),
    "transparency": (png(head(kind=3), PALETTE, chunk(b"tRNS", b"\x01"), chunk(b"IDAT", b"1")), png(head(kind=3), PALETTE, chunk(b"IDAT", b"1")), False),
    "second frame": (png(head(), chunk(b"IDAT", PIXELS), chunk(b"fdAT", b"1")), png(head(), chunk(b"IDAT", PIXELS), chunk(b"fdAT", b"2")), False),
    "cut off": (png(head(), chunk(b"IDAT", PIXELS))[:60], png(head(), chunk(b"IDAT", PIXELS)), False),
    "cut off, both": (png(head(), chunk(b"IDAT", PIXELS))[:60], png(head(), chunk(b"IDAT", PIXELS))[:60], True),
}  # fmt: skip


@pytest.mark.parametrize(("one", "other", "same"), PICTURES.values(), ids=PICTURES)
def test_pictures(one: str, other: str, *, same: bool) -> None:
    assert (normal([shows(png=one)]) == normal([shows(png=other)])) is same


# Lists of outputs, and whether they are the same.
OUTPUTS = {
    "pieces of a stream": ([printed("a"), printed("b\n")], [printed("ab\n")], True),
    "pieces with a display between": ([printed("a\n"), shows(plain="1"), printed("b")], [printed("a\nb"), shows(plain="1")], True),
    "empty streams": ([printed("")], [], True),
    "blank streams": ([printed("\n")], [], True),
    "displays of nothing": ([shows()], [], True),
    "a display more": ([shows(plain="1")], [], False),
    "order of displays": ([shows(plain="1"), shows(plain="2")], [shows(plain="2"), shows(plain="1")], False),
    "stream and display": ([printed("1")], [shows(plain="1")], False),
    "stderr": ([printed("warning", "stderr")], [], True),
    "order of mime types": ([{"output_type": "display_data", "data": {"text/plain": "1", "text/html": "2"}}], [shows(html="2", plain="1")], True),
    "a mime type more": ([shows(plain="1")], [shows(plain="1", html="1")], False),
    "numbers of execution": ([result(plain="1")], [result(plain="1") | {"execution_count": 7}], True),
    "metadata": ([shows(plain="1")], [shows(plain="1") | {"metadata": {"isolated": True}, "transient": {"display_id": "a"}}], True),
    "widgets": ([shows(widget={"model_id": HEX}, plain="IntSlider(value=0)")], [shows(widget={"model_id": ELSE}, plain="IntSlider(value=0)")], True),
    "values of widgets": ([shows(widget={"model_id": HEX}, plain="IntSlider(value=0)")], [shows(widget={"model_id": HEX}, plain="IntSlider(value=1)")], False),
    "bokeh's number": ([shows(bokeh={"id": "p1008"})], [shows(bokeh={"id": "p1010"})], True),
    "tracebacks": ([raised("E", "m", "line 1")], [raised("E", "m", "line 2")], True),
    "names of errors": ([raised("E", "m")], [raised("F", "m")], False),
    "messages of errors": ([raised("E", "m 1")], [raised("E", "m 2")], False),
    "error and text": ([raised("E", "m")], [shows(plain="E: m")], False),
    "error or none": ([raised("E", "m")], [], False),
}  # fmt: skip


@pytest.mark.parametrize(("one", "other", "same"), OUTPUTS.values(), ids=OUTPUTS)
def test_outputs(one: list[Any], other: list[Any], *, same: bool) -> None:
    assert (normal(one) == normal(other)) is same


def test_stderr_counts_if_asked_for() -> None:
    one, other = [printed("warning 1", "stderr")], [printed("warning 2", "stderr")]
    assert normal(one) == normal(other) == NOTHING
    assert normal(one, stderr=True) != normal(other, stderr=True)
    assert difference(normal(one, stderr=True), normal(other, stderr=True)) == (
        "line 1 of stderr: `warning 1` in the notebook, `warning 2` in the pipeline"
    )


@pytest.mark.parametrize(
    "outputs", [[None], ["a"], [{}], [{"output_type": "stream"}], [{"output_type": "error"}], [{"data": 1}]]
)
def test_what_is_no_output_is_compared_all_the_same(outputs: list[Any]) -> None:
    assert normal(outputs) == normal(outputs)


# --- where the difference is ----------------------------------------------------------------------------------------

LONG = "x" * 300
DIFFERENCES = {
    "line": ([printed("a\nb\n0.93")], [printed("a\nb\n0.91")], "line 3 of what is printed: `0.93` in the notebook, `0.91` in the pipeline"),
    "line more": ([printed("a\nb")], [printed("a")], "line 2 of what is printed: `b` in the notebook, nothing in the pipeline"),
    "indent": ([printed("a\n  b")], [printed("a\nb")], "line 2 of what is printed: `  b` in the notebook, `b` in the pipeline"),
    "empty line": ([printed("a\n\nb")], [printed("a\nb")], "line 2 of what is printed: an empty line in the notebook, `b` in the pipeline"),
    "nothing printed": ([], [printed("a")], "line 1 of what is printed: nothing in the notebook, `a` in the pipeline"),
    "long line": (
        [printed(LONG + "1" + LONG)],
        [printed(LONG + "2" + LONG)],
        f"line 1 of what is printed: `…{'x' * 28}1{'x' * 27}…` in the notebook, `…{'x' * 28}2{'x' * 27}…` in the pipeline",
    ),
    "plain text before HTML": (
        [result(html="<b>1</b>", plain="1")],
        [result(html="<b>2</b>", plain="2")],
        "line 1 of text/plain of output 1: `1` in the notebook, `2` in the pipeline",
    ),
    "HTML": (
        [shows(plain="0"), result(html="<b>1</b>", plain="1")],
        [shows(plain="0"), result(html="<b>2</b>", plain="1")],
        "line 1 of text/html of output 2: `<b>1</b>` in the notebook, `<b>2</b>` in the pipeline",
    ),
    "data": ([shows(json={"a": 1})], [shows(json={"a": 2})], "line 2 of application/json of output 1: `\"a\": 1` in the notebook, `\"a\": 2` in the pipeline"),
    "kind": ([shows(html="1")], [shows(plain="1")], "output 1 is text/html in the notebook, text/plain in the pipeline"),
    "display more": ([shows(plain="1")], [], "output 1 (text/plain) is in the notebook, and not in the pipeline"),
    "display less": ([], [shows(plain="1")], "output 1 (text/plain) is in the pipeline, and not in the notebook"),
    "error": ([], [raised("KeyError", "'a'")], "the pipeline raises `KeyError: 'a'`; the notebook does not"),
    "error of the notebook": ([raised("ValueError", "")], [], "the notebook raises `ValueError`; the pipeline does not"),
    "other error": ([raised("E", "1")], [raised("E", "2")], "the notebook raises `E: 1`; the pipeline `E: 2`"),
    "error before text": ([printed("1")], [raised("E", "2")], "the pipeline raises `E: 2`; the notebook does not"),
    "picture": (
        [shows(png=png(head(), chunk(b"IDAT", PIXELS)), plain="1")],
        [shows(png=png(head(), chunk(b"IDAT", body(ROWS[0], ROWS[0]))), plain="2")],
        "the picture of output 1 differs: 2x2 in both, 50.0 % of its pixels",
    ),
    "size": (
        [shows(png=png(head(2, 2), chunk(b"IDAT", PIXELS)))],
        [shows(png=png(head(2, 1), chunk(b"IDAT", PIXELS)))],
        "the picture of output 1 differs: 2x2 and 2x1 pixels",
    ),
    "picture that can't be unpacked": (
        [shows(png=png(head(), chunk(b"IDAT", b"1")))],
        [shows(png=png(head(), chunk(b"IDAT", b"2")))],
        "the picture of output 1 differs: 2x2 in both",
    ),
    "JPEG": ([shows(jpeg="/9j/4AAQ")], [shows(jpeg="/9j/4AAR")], "the picture of output 1 differs (image/jpeg)"),
    "control characters": ([printed("a\x07\u202eb")], [printed("a\ud800")], "line 1 of what is printed: `a b` in the notebook, `a�` in the pipeline"),
    "same": ([printed("a")], [printed("a\n")], ""),
}  # fmt: skip


@pytest.mark.parametrize(("one", "other", "expected"), DIFFERENCES.values(), ids=DIFFERENCES)
def test_difference(one: list[Any], other: list[Any], expected: str) -> None:
    assert difference(normal(one), normal(other)) == expected


def test_difference_of_two_runs() -> None:
    assert difference(normal([printed("1")]), normal([printed("2")]), TWO_RUNS) == (
        "line 1 of what is printed: `1` in the first run, `2` in the second run"
    )


@pytest.mark.parametrize("filters", [range(5), range(4, -1, -1)])
def test_pixels_are_compared_as_they_were_before_filtering(filters: range) -> None:
    """The same rows by each of PNG's filters: only the pixel that was changed is told."""
    width = 4
    rows = [bytes((7 * row + 31 * column) % 256 for column in range(3 * width)) for row in range(len(filters))]
    changed = [bytes([rows[0][0] ^ 1]) + rows[0][1:], *rows[1:]]
    plain = png(head(width, len(rows)), chunk(b"IDAT", body(*(b"\0" + row for row in changed))))
    packed = png(head(width, len(rows)), chunk(b"IDAT", body(*_filtered(rows, filters))))
    told = difference(normal([shows(png=packed)]), normal([shows(png=plain)]))
    assert told == f"the picture of output 1 differs: 4x5 in both, {100 / 20:.1f} % of its pixels"


def _filtered(rows: list[bytes], filters: range) -> list[bytes]:
    """The rows as a writer of PNG filters them, by the formulas of the specification."""

    def paeth(left: int, above: int, corner: int) -> int:
        return min((left, above, corner), key=lambda value: abs(left + above - corner - value))

    packed = []
    for number, (row, kind) in enumerate(zip(rows, filters, strict=True)):
        above = rows[number - 1] if number else bytes(len(row))
        line = bytearray([kind])
        for at, value in enumerate(row):
            left, corner = (row[at - 3], above[at - 3]) if at >= 3 else (0, 0)
            guess = (0, left, above[at], (left + above[at]) // 2, paeth(left, above[at], corner))[kind]
            line.append((value - guess) % 256)
        packed.append(bytes(line))
    return packed


# --- laws -----------------------------------------------------------------------------------------------------------

FRAGMENTS = st.sampled_from(
    [text for row in PRINTED.values() for text in row] + [text for row in OWN.values() for text in row]
)
PIECES = st.one_of(st.text(max_size=12), FRAGMENTS, st.sampled_from(list("\r\n\b\x1b[]0123456789: KAJm")))
TEXTS = st.lists(PIECES, max_size=12).map("".join)
OWN_PIECES = st.sampled_from(
    [
        "accuracy: ",
        "[",
        "]",
        "(",
        ", ",
        "\n",
        "  ",
        " ± ",
        " | ",
        "0x",
        ":",
        "-",
        "/",
        "%",
        "s",
        " ms",
        "In ",
        "at ",
        "p",
        "T_",
        "{'a': ",
        "}",
        "e-",
        ".",
        "<b>",
        "#",
    ]
)
NUMBERS = st.one_of(st.integers(0, 10**12).map(str), st.floats(allow_nan=False, allow_infinity=False).map(repr))


@pytest.mark.timeout(20)
@pytest.mark.parametrize(
    "text",
    [
        *(
            mark + piece * 60_000
            for mark in ("", " per loop (mean ", "CPU times: user ")
            for piece in ("1", "1 s ", "ab\b")
        ),
        ", best of " + "1" * 60_000,
        " [00:00, ?" * 20_000,
        "Variable: " + "Date: " * 50_000,
        "\x1b[" * 60_000,
        "\x1b]" * 60_000,
        "a" * 20_000 + "\rb" * 20_000,
        "01234567-0123-" * 50_000,
    ],
    ids=str.__len__,
)
def test_long_text_takes_no_longer_than_its_length(text: str) -> None:
    for form in (printed, lambda shown: shows(plain=shown), lambda shown: shows(html=f"leaflet {shown}")):
        normal([form(text)])


@given(TEXTS)
def test_the_normal_form_of_printed_text_is_its_own(text: str) -> None:
    once = normal([printed(text)])
    assert normal([printed(once.printed)]) == once


@given(TEXTS, st.lists(st.integers(0, 200), max_size=4))
def test_how_a_stream_is_cut_is_all_the_same(text: str, cuts: list[int]) -> None:
    places = sorted({0, len(text), *(cut for cut in cuts if cut < len(text))})
    pieces = [printed(text[start:end]) for start, end in pairwise(places)]
    assert normal(pieces) == normal([printed(text)])


@given(st.lists(st.one_of(OWN_PIECES, NUMBERS), min_size=1, max_size=12).map("".join), st.data())
def test_another_digit_is_another_form(text: str, data: st.DataObject) -> None:
    places = [place for place, character in enumerate(text) if character.isdigit()]
    assume(places)
    place = data.draw(st.sampled_from(places))
    digit = data.draw(st.sampled_from([digit for digit in "0123456789" if digit != text[place]]))
    assume(not _address(text))
    changed = text[:place] + digit + text[place + 1 :]
    for form in (
        printed,
        lambda shown: shows(plain=shown),
        lambda shown: shows(html=shown),
        lambda shown: shows(json=shown),
    ):
        assert normal([form(text)]) != normal([form(changed)])
        assert difference(normal([form(text)]), normal([form(changed)]))


def _address(text: str) -> bool:
    """A user who prints `at 0x` and six digits prints an address."""
    return "at 0x" in text


@given(TEXTS, TEXTS)
def test_a_difference_is_told_and_fits_on_a_line(one: str, other: str) -> None:
    forms: list[Normal] = [normal([printed(text), shows(plain=text)]) for text in (one, other)]
    told = difference(*forms)
    assert bool(told) == (forms[0] != forms[1])
    assert len(told) <= 200
    assert not {unicodedata.category(character) for character in told} & {"Cc", "Cs", "Zl", "Zp"}
