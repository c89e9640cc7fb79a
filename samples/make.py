"""Makes the pictures of this folder and `truth.json`. Run it from anywhere: `python samples/make.py [NAME...]`."""

import json
import pathlib
import sys
from importlib import import_module

FOLDER = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(FOLDER))

# file -> module in scenes/, its function, and how the file is written
PICTURES = {
    "sign.png": ("sign", "draw", {"optimize": True}),
    "receipt.png": ("receipt", "draw", {"optimize": True}),
    "columns.png": ("columns", "draw", {"optimize": True}),
    "poster_zh.png": ("poster_zh", "draw", {"optimize": True}),
    "screenshot.png": ("screenshot", "draw", {"optimize": True}),
    "photo.jpg": ("landscape", "draw", {"quality": 84}),
    "photo_rotated.jpg": ("landscape", "draw_rotated", {"quality": 82}),
}


def main(names):
    unknown = set(names) - set(PICTURES)
    if unknown:
        sys.exit(f"no such sample: {', '.join(sorted(unknown))}; there are {', '.join(PICTURES)}")
    truth_file = FOLDER / "truth.json"
    truth = json.loads(truth_file.read_text(encoding="utf-8")) if truth_file.exists() else {}
    for name in names or PICTURES:
        module, function, options = PICTURES[name]
        picture, found = getattr(import_module(f"scenes.{module}"), function)()
        if "exif" in found:
            options = {**options, "exif": found.pop("exif")}
        picture.save(FOLDER / name, **options)
        truth[name] = {"width": picture.width, "height": picture.height, **found}
        print(f"{name}: {picture.width} x {picture.height}, {(FOLDER / name).stat().st_size // 1024} KiB")
    truth_file.write_text(dump(truth), encoding="utf-8")


def dump(truth):
    """JSON with one cell a line, so that a change shows as a short difference."""
    pictures = []
    for name, found in truth.items():
        rows = ",\n   ".join("[" + ",\n    ".join(json.dumps(cell, ensure_ascii=False) for cell in row) + "]" for row in found["rows"])
        head = f'"width": {found["width"]}, "height": {found["height"]}, "breaks": {json.dumps(found["breaks"])}'
        pictures.append(f' {json.dumps(name)}: {{{head},\n  "rows": [\n   {rows}]}}')
    return "{\n" + ",\n".join(pictures) + "\n}\n"


if __name__ == "__main__":
    main(sys.argv[1:])
