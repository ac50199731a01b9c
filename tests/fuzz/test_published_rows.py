"""Rows of published numbers in CSV files of one's own: any cell, any bytes, any encoding."""

import csv
import io

from mutations import edit, make_word

from analysis.published import load

_HEAD = "source,locator,model,metric,value,unit,convention,conditions,note"
_GOOD = f"{_HEAD}\nMy blog,table 2,rexnet_1.3,params,7.6,M,,,seen\nA tool,,rexnet_1.0,flops,0.43,G,thop,224x224,\n"
_SOURCES = [_GOOD.encode(code) for code in ("utf-8", "utf-8-sig", "utf-16", "latin-1")]
_SOURCES.append(_GOOD.replace("\n", "\r\n").encode())
_CELLS = (*_HEAD.split(","), "params", "flops", "top1", "latency", "M", "G", "%", "ms", "7.60", "1/3", "thop")


def _make(chance):
    if chance.random() < 0.5:
        return edit(chance, chance.choice(_SOURCES))
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(_HEAD.split(","))
    for _ in range(chance.randrange(1, 4)):
        cells = [chance.choice(_CELLS) if chance.random() < 0.6 else make_word(chance) for _ in range(9)]
        writer.writerow(cells[: chance.choice((8, 9, 9, 9))])
    return text.getvalue().encode("utf-8", "surrogatepass")


def test_any_rows_are_refused_in_one_line_or_read(fuzz, tmp_path):
    def attempt(content):
        path = tmp_path / "rows.csv"
        path.write_bytes(content)
        load(path)
        return "read"

    fuzz("published rows", _make, attempt)
