"""Compares Medley's PP-OCR with Python's rapidocr on the same pictures, models and ONNX Runtime library.

    pip install rapidocr==3.10.0 onnxruntime==1.31.1 opencv-python-headless
    cargo build --release -p medley-models --example ppocr_dump
    python bench/ocr/render.py OUT
    python bench/ocr/compare.py samples/sign.png samples/*.png OUT/*.png OUT/*.jpg

Each side reads all pictures in a process of its own; the sides take turns, `--rounds` times. Printed are, picture by
picture and in total: the share of rapidocr's characters that Medley gives for the same region, the share of the true
characters that each side gives (where a truth.json lies beside the picture), and time per picture. Then, for a fresh
process with the first picture alone: time from its start to the result, and peak memory. On a busy machine, processor
seconds say more than times.
"""

import argparse
import collections
import json
import os
import pathlib
import statistics
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
MODELS = ("PP-OCRv6_det_small.onnx", "ch_ppocr_mobile_v2.0_cls_mobile.onnx", "PP-OCRv6_rec_small.onnx")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pictures", nargs="+", type=pathlib.Path)
    parser.add_argument("--binary", type=pathlib.Path, default=ROOT / "target/release/examples/ppocr_dump")
    parser.add_argument("--rounds", type=int, default=3, help="processes of each side over all pictures")
    parser.add_argument("--repeats", type=int, default=3, help="readings of a picture in a process; the fastest counts")
    parser.add_argument("--starts", type=int, default=5, help="fresh processes of each side with one picture")
    parser.add_argument("--differences", action="store_true", help="print the regions that differ")
    parser.add_argument("--reference", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    pictures = list(dict.fromkeys(str(path) for path in options.pictures))
    if options.reference:
        return read_with_rapidocr(pictures, options.repeats)

    sides = {"medley": medley_command(options.binary), "rapidocr": reference_command()}
    rounds = [{side: run(sides[side], pictures, options.repeats) for side in sides} for _ in range(options.rounds)]
    compare_pictures(pictures, rounds, options.differences)
    compare_processes(sides, pictures, options.starts, rounds)


def medley_command(binary):
    import onnxruntime
    import rapidocr

    library = next((pathlib.Path(onnxruntime.__file__).parent / "capi").glob("libonnxruntime*.so*"))
    models = pathlib.Path(rapidocr.__file__).parent / "models"
    paths = [binary, library, *(models / name for name in MODELS)]
    return lambda pictures, repeats: [*map(str, paths), str(repeats), *pictures]


def reference_command():
    command = [sys.executable, __file__, "--reference", "--repeats"]
    return lambda pictures, repeats: [*command, str(repeats), *pictures]


def read_with_rapidocr(pictures, repeats):
    """The other side, in the form that ppocr_dump prints."""
    import numpy as np
    from PIL import Image
    from rapidocr import RapidOCR

    engine = RapidOCR(params={"Global.log_level": "critical"})
    print(json.dumps({"loaded": True}), flush=True)
    for path in pictures:
        pixels = np.ascontiguousarray(np.asarray(Image.open(path).convert("RGB"))[:, :, ::-1])
        times = []
        for _ in range(repeats):
            start = time.perf_counter()
            result = engine(pixels)
            times.append((time.perf_counter() - start) * 1000)
        found = [] if result.txts is None else zip(result.boxes.tolist(), result.txts, result.scores)
        lines = [{"polygon": box, "text": text, "score": score} for box, text, score in found]
        print(json.dumps({"picture": path, "ms": min(times), "lines": lines}), flush=True)


def run(command, pictures, repeats):
    """Runs one process; returns its records by picture, seconds to the first one, processor seconds and peak MiB."""
    start = time.perf_counter()
    process = subprocess.Popen(command(pictures, repeats), stdout=subprocess.PIPE, text=True)
    first, records = None, {}
    for line in process.stdout:
        record = json.loads(line)
        if "picture" in record:
            first = first or time.perf_counter() - start
            records[record["picture"]] = record
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        sys.exit(f"{command([], repeats)[0]} ended with status {status}")
    processor = usage.ru_utime + usage.ru_stime
    return {"records": records, "first": first, "processor": processor, "memory": usage.ru_maxrss / 1024}


def compare_pictures(pictures, rounds, show_differences):
    print(f"{'picture':32} {'same':>7} {'medley':>7} {'rapid':>7} {'ms':>7} {'rapid':>7} {'ratio':>6}")
    totals = collections.Counter()
    ratios = []
    for path in pictures:
        ours, theirs = (rounds[0][side]["records"][path]["lines"] for side in ("medley", "rapidocr"))
        same, characters, differences = agreement(ours, theirs)
        times = [[r[side]["records"][path]["ms"] for r in rounds] for side in ("medley", "rapidocr")]
        mine, reference = map(statistics.median, times)
        truth = true_text(path)
        shares = [share(truth, lines) for lines in (ours, theirs)]
        totals.update(same=same, characters=characters, medley=mine, rapidocr=reference)
        ratios.append(mine / reference)
        print(
            f"{pathlib.Path(path).name:32} {percent(same, characters)} {shares[0]} {shares[1]}"
            f" {mine:7.0f} {reference:7.0f} {mine / reference:6.2f}"
        )
        if show_differences:
            for text, other in differences:
                print(f"    rapidocr {text!r}\n    medley   {other!r}")
    print(f"characters equal, region by region: {percent(totals['same'], totals['characters'])}")
    print(
        f"time per picture, medley over rapidocr: {totals['medley'] / totals['rapidocr']:.2f} in total,"
        f" {statistics.median(ratios):.2f} median, {max(ratios):.2f} worst"
    )


def compare_processes(sides, pictures, starts, rounds):
    single = [{side: run(sides[side], pictures[:1], 1) for side in sides} for _ in range(starts)]
    for what, unit, runs in (
        ("first", "s from start to first result", single),
        ("memory", "MiB peak with one picture", single),
        ("memory", "MiB peak with all pictures", rounds),
        ("processor", "processor seconds with all pictures", rounds),
    ):
        mine, reference = (statistics.median(r[side][what] for r in runs) for side in ("medley", "rapidocr"))
        print(f"{unit}: medley {mine:.2f}, rapidocr {reference:.2f}, ratio {mine / reference:.2f}")


def agreement(ours, theirs):
    """Characters of `theirs` that `ours` has in the region that overlaps most, and what differs."""
    same = characters = 0
    differences = []
    for line in theirs:
        best = max(ours, key=lambda other: overlap(line["polygon"], other["polygon"]), default=None)
        text = best["text"] if best and overlap(line["polygon"], best["polygon"]) > 0.3 else ""
        characters += len(line["text"])
        same += max(0, len(line["text"]) - edits(line["text"], text))
        if text != line["text"]:
            differences.append((line["text"], text))
    return same, characters, differences


def overlap(a, b):
    """Intersection over union of two polygons."""
    from shapely.geometry import Polygon

    a, b = Polygon(a).buffer(0), Polygon(b).buffer(0)
    union = a.union(b).area
    return a.intersection(b).area / union if union else 0.0


def edits(a, b):
    """Levenshtein distance."""
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        last, row[0] = row[0], i
        for j, y in enumerate(b, 1):
            last, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, last + (x != y))
    return row[-1]


def true_text(path):
    truth = pathlib.Path(path).with_name("truth.json")
    if not truth.exists():
        return None
    picture = json.loads(truth.read_text(encoding="utf-8")).get(pathlib.Path(path).name)
    return picture and [cell["text"] for row in picture["rows"] for cell in row]


def share(truth, lines):
    """The share of the true characters that the lines hold, whatever their order; spaces do not count."""
    if not truth:
        return f"{'-':>7}"
    wanted = collections.Counter("".join("".join(truth).split()))
    found = collections.Counter("".join("".join(line["text"].split()) for line in lines))
    return percent((wanted & found).total(), wanted.total())


def percent(part, whole):
    return f"{100 * part / whole:6.2f}%" if whole else f"{'-':>7}"


if __name__ == "__main__":
    main()
