"""How well do texts keep the order in which a person reads? Compares them with the ground truth of the pictures.

    python bench/ocr/order.py lines PICTURES OUT.json             what Python's rapidocr finds: lines with polygons, in its order
    python bench/ocr/order.py score TRUTH.json NAME=TEXTS.json...  normalised similarity to the true text, a column each

TEXTS.json maps a picture's file name to its text, or to lines as `lines` writes them (joined in their order).
The similarity is 1 - Levenshtein(words) / max(length), over words (a Chinese character counts as one), so letters that were
misread weigh little and words in the wrong place weigh fully. Needs rapidocr 3.10.0 for `lines` only.
"""

import json
import pathlib
import re
import sys

WORD = re.compile(r"[\u2e80-\u9fff\uf900-\ufaff]|[^\s\u2e80-\u9fff\uf900-\ufaff]+")
SUFFIXES = {".png", ".jpg"}


def main(arguments):
    match arguments:
        case ["lines", pictures, out]:
            write_lines(pathlib.Path(pictures), pathlib.Path(out))
        case ["score", truth, *texts] if texts:
            score(load(truth), dict(named(text) for text in texts))
        case _:
            sys.exit(__doc__)


def load(path):
    return json.loads(pathlib.Path(path).read_text(encoding="utf-8"))


def named(argument):
    name, _, path = argument.rpartition("=")
    return name or pathlib.Path(path).stem, load(path)


def write_lines(folder, out):
    from rapidocr import RapidOCR

    engine = RapidOCR()
    found = {}
    for path in sorted(path for path in folder.iterdir() if path.suffix in SUFFIXES):
        result = engine(path)
        lines = [] if result.boxes is None else zip(result.txts, result.boxes.tolist(), result.scores)
        found[path.name] = [{"text": text, "polygon": box, "score": round(float(score), 3)} for text, box, score in lines]
    out.write_text(json.dumps(found, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def score(truth, columns):
    print("picture".ljust(32), *(name.rjust(12) for name in columns))
    totals = {name: [] for name in columns}
    for picture, found in truth.items():
        wanted = words(" ".join(cell["text"] for row in found["rows"] for cell in row))
        if not wanted:
            continue
        cells = []
        for name, texts in columns.items():
            if picture not in texts:
                cells.append("-".rjust(12))
                continue
            value = similarity(wanted, words(plain(texts[picture])))
            totals[name].append(value)
            cells.append(f"{value:12.3f}")
        print(picture.ljust(32), *cells)
    print("mean".ljust(32), *(f"{sum(values) / max(1, len(values)):12.3f}" for values in totals.values()))


def plain(text):
    return text if isinstance(text, str) else " ".join(line["text"] for line in text)


def words(text):
    return WORD.findall(text)


def similarity(first, second):
    if not first and not second:
        return 1.0
    row = list(range(len(second) + 1))
    for index, left in enumerate(first, 1):
        diagonal, row[0] = row[0], index
        for column, right in enumerate(second, 1):
            diagonal, row[column] = row[column], min(row[column] + 1, row[column - 1] + 1, diagonal + (left != right))
    return 1 - row[-1] / max(len(first), len(second))


if __name__ == "__main__":
    main(sys.argv[1:])
