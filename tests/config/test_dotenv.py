"""The texts of .env files, each read as the packages in wrangler 4.86 read it."""

from __future__ import annotations

import pytest

from pydo.config.dotenv import expand, parse


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("A=1\nB = two words  \n\n# C=3\n", {"A": "1", "B": "two words"}),
        ("A=1\r\nB=2\rC=3", {"A": "1", "B": "2", "C": "3"}),
        ("export A=1\n  export  B=2", {"A": "1", "B": "2"}),
        (
            "A=a#b\nB=a # b\nC='a#b' # c\nD=\"a # b\"",
            {"A": "a", "B": "a", "C": "a#b", "D": "a # b"},
        ),
        ("A: yes\nB:no\nC:\tx", {"A": "yes", "C": "x"}),
        ("A=\nB=''\nC=\" \"\nD", {"A": "", "B": "", "C": " "}),
        ("A='x\\ny'\nB=\"x\\ny\\r\\tz\"\nC=x\\ny", {"A": "x\\ny", "B": "x\ny\r\\tz", "C": "x\\ny"}),
        ('A="say \\"hi\\""\nB=\'it\\\'s\'', {"A": 'say \\"hi\\"', "B": "it\\'s"}),
        ("A=`a'b\"c`", {"A": "a'b\"c"}),
        ("A=\"one\ntwo # not\n\"\nB='x\ny'", {"A": "one\ntwo # not\n", "B": "x\ny"}),
        ('A="abc\nB=2', {"A": '"abc', "B": "2"}),
        ("A='a' b'\nB=\"x\"y", {"A": "a' b", "B": '"x"y'}),
        ("a.b=1\nc-d=2\n3=x\né=1", {"a.b": "1", "c-d": "2", "3": "x"}),
        ("A=1\nA=2", {"A": "2"}),
        ("A=\n'x'\nB=1", {"A": "x", "B": "1"}),
        ('A={"k": [1, "x"]}', {"A": '{"k": [1, "x"]}'}),
        ("A=日本 é", {"A": "日本 é"}),
        ("A=b=c==", {"A": "b=c=="}),
        ("", {}),
    ],
)
def test_a_text_has_the_pairs_that_wrangler_finds(text: str, values: dict[str, str]) -> None:
    assert parse(text) == values


@pytest.mark.parametrize(
    ("values", "environ", "expanded"),
    [
        ({"A": "1", "B": "${A}x$A"}, {}, {"A": "1", "B": "1x1"}),
        ({"B": "$A", "A": "1"}, {}, {"B": "", "A": "1"}),
        ({"A": "\\$B \\${B}", "B": "x"}, {}, {"A": "$B ${B}", "B": "x"}),
        ({"A": "${N:-d} ${N-e} ${N:-${M:-f}}"}, {}, {"A": "d e f"}),
        ({"A": "1", "B": "${A:-d} ${A-e}"}, {}, {"A": "1", "B": "1 1"}),
        ({"A": "1", "B": "${A:+b} ${A+c} [${N:+d}]"}, {}, {"A": "1", "B": "b c []"}),
        ({"A": "", "B": "${A:-d}"}, {}, {"A": "", "B": "d"}),
        ({"A": "$A ${B}", "B": "$A"}, {}, {"A": " ", "B": " "}),
        ({"A": "1"}, {"A": "process"}, {"A": "process"}),
        ({"A": "1"}, {"A": ""}, {"A": "1"}),
        ({"A": "$HOME"}, {"HOME": "/me"}, {"A": "/me"}),
        ({"A": "x$A", "B": "$A"}, {"Z": "$Z"}, {"A": "x", "B": "x"}),
        ({"A": "$Z"}, {"Z": "$Z"}, {"A": ""}),
        ({"A": "$ ${} $1 {B}"}, {}, {"A": "$ ${} $1 {B}"}),
    ],
)
def test_values_stand_in_one_another_as_in_wrangler(
    values: dict[str, str], environ: dict[str, str], expanded: dict[str, str]
) -> None:
    assert expand(values, environ) == expanded
