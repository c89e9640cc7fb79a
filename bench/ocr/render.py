"""Renders 20 test pictures with a known text for the OCR benchmark: `python bench/ocr/render.py [OUT]`.

OUT is a folder outside the repository by default; the pictures are not committed, and the same versions of Pillow,
numpy and the fonts (samples/README.md) give the same pictures. OUT/truth.json has the layout of samples/truth.json.
"""

import io
import json
import math
import pathlib
import sys
import tempfile

import numpy as np
from PIL import Image

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1] / "samples"))

from fonts import font  # noqa: E402
from make import dump  # noqa: E402
from scenes.drawing import Page, corners, grain, gradient, homography, shade, smooth_noise, vignette, warp, wrap  # noqa: E402

TEXTS = json.loads((HERE / "texts.json").read_text(encoding="utf-8"))
EN, ZH = TEXTS["paragraphs_en"], TEXTS["paragraphs_zh"]
WHITE, BLACK, INK = (255, 255, 255), (0, 0, 0), (28, 28, 32)


def main(folder):
    folder.mkdir(parents=True, exist_ok=True)
    truth = {}
    for number, case in enumerate(CASES):
        made = case(np.random.default_rng(1000 + number))
        name = f"{number + 1:02}_{case.__name__}.{made.suffix}"
        made.write(folder / name)
        truth[name] = {"width": made.picture.width, "height": made.picture.height, **made.truth}
        print(f"{name}: {made.picture.width} x {made.picture.height}")
    (folder / "truth.json").write_text(dump(truth), encoding="utf-8")


class Made:
    """A finished picture with its ground truth and the form in which it is stored."""

    def __init__(self, page, matrix=None, picture=None, quality=None):
        self.picture = picture or page.picture
        self.truth = page.truth(matrix)
        self.quality = quality
        self.suffix = "jpg" if quality else "png"

    def write(self, path):
        if self.quality:
            buffer = io.BytesIO()
            self.picture.convert("RGB").save(buffer, "JPEG", quality=self.quality)
            path.write_bytes(buffer.getvalue())
        else:
            self.picture.save(path)


def blank(width, height, colour=WHITE):
    return Page(Image.new("RGB", (width, height), colour))


def turn(page, degrees, margin=(236, 233, 226), quality=None):
    """The page turned clockwise, whole on a larger picture. Quarter turns keep every pixel."""
    width, height = page.picture.size
    angle = math.radians(degrees)
    cosine, sine = math.cos(angle), math.sin(angle)
    about = np.array([[cosine, -sine, 0], [sine, cosine, 0], [0, 0, 1]])
    turned = np.array([[x * cosine - y * sine, x * sine + y * cosine] for x, y in corners(width, height)])
    left, top = turned.min(0)
    matrix = np.array([[1, 0, -left], [0, 1, -top], [0, 0, 1]]) @ about
    if degrees % 90 == 0:
        quarter = {90: Image.Transpose.ROTATE_270, 180: Image.Transpose.ROTATE_180, 270: Image.Transpose.ROTATE_90}[degrees % 360]
        return Made(page, matrix, page.picture.transpose(quarter), quality)
    size = tuple(math.ceil(side) for side in turned.max(0) - turned.min(0))
    picture = Image.new("RGB", size, margin)
    layer = warp(page.picture, size, matrix, finer=2)
    picture.paste(layer, (0, 0), layer.getchannel("A"))
    return Made(page, matrix, picture, quality)


def columns(page, left, top, widths, gutter, texts, face, size, spacing, bottom):
    """Runs paragraphs through columns: a column is filled before the next one begins."""
    face = font(face, size)
    column, y = 0, top
    for text in texts:
        for line, _ in wrap(text, face, widths[column]):
            if y + spacing > bottom and column + 1 < len(widths):
                page.end_block()
                column, y = column + 1, top
            page.write((left + sum(widths[:column]) + gutter * column, y), line, face, INK)
            y += spacing
        page.end_block()
        y += spacing // 2
    return page


def tiny_en(rng):
    page = blank(96, 30, (238, 240, 236))
    page.write((8, 5), "Exit 12", font("liberation-sans-bold", 17), INK)
    return Made(page)


def tiny_zh(rng):
    page = blank(110, 44, (24, 92, 60))
    page.write((10, 6), "安全出口", font("noto-sans-zh-bold", 21), WHITE)
    return Made(page)


def page_3000(rng):
    page = blank(3000, 2000)
    page.write((220, 160), TEXTS["titles_en"][0], font("liberation-serif-bold", 120), INK)
    page.end_block()
    y = 400
    for text in EN[:5]:
        y = page.paragraph((220, y), text, font("liberation-serif", 62), INK, 2500, 88) + 50
        page.end_block()
    return Made(page, quality=90)


def slide_mixed(rng):
    page = Page(gradient((1920, 1080), (250, 251, 255), (214, 226, 246)))
    page.write((140, 110), TEXTS["slide"][0], font("noto-sans-zh-bold", 92), (20, 60, 140))
    page.end_block()
    y = 330
    for line in TEXTS["slide"][1:]:
        page.pen.ellipse([142, y + 26, 164, y + 48], fill=(230, 120, 40))
        page.write((200, y), line, font("noto-sans-zh", 54), INK)
        y += 150
    return Made(page)


def terminal_dark(rng):
    page = blank(900, 330, (18, 20, 24))
    for index, line in enumerate(TEXTS["terminal"]):
        colour = (120, 220, 130) if index == 0 else (214, 218, 224)
        page.write((28, 24 + index * 48), line, font("dejavu-mono", 24), colour)
    return Made(page)


def gradient_light_on_dark(rng):
    page = Page(gradient((1000, 620), (16, 28, 70), (120, 40, 84)))
    page.write((70, 60), TEXTS["titles_en"][2], font("garamond-bold", 60), (255, 240, 220))
    page.end_block()
    page.paragraph((70, 180), EN[8], font("lato", 32), (240, 240, 246), 860, 48)
    return Made(page, quality=85)


def noisy_en(rng):
    base = shade(Image.new("RGB", (1100, 700), (214, 208, 190)), 0.7 + 0.45 * smooth_noise(rng, 1100, 700, 180, 5))
    page = Page(base)
    page.write((70, 50), TEXTS["titles_en"][1], font("dejavu-bold", 44), INK)
    page.end_block()
    y = 150
    for text in EN[5:7]:
        y = page.paragraph((70, y), text, font("dejavu", 29), INK, 960, 46) + 24
        page.end_block()
    return Made(page, picture=grain(page.picture, rng, 16))


def jpeg_zh(rng):
    page = blank(1000, 640, (250, 248, 240))
    y = 60
    for text in ZH[:2]:
        y = page.paragraph((60, y), text, font("zenhei", 32), INK, 880, 52) + 26
        page.end_block()
    return Made(page, quality=22)


def perspective_mixed(rng):
    page = blank(1000, 800, (250, 250, 246))
    page.pen.rectangle([14, 14, 985, 785], outline=(60, 60, 70), width=6)
    for index, line in enumerate(TEXTS["mixed"]):
        page.write((80, 70 + index * 115), line, font("noto-sans-zh", 52), INK)
    matrix = homography(corners(1000, 800), [(210, 120), (1120, 60), (1040, 880), (140, 800)])
    base = shade(Image.new("RGB", (1280, 960), (96, 108, 120)), 0.7 + 0.6 * smooth_noise(rng, 1280, 960, 300, 4))
    layer = warp(page.picture, base.size, matrix)
    base.paste(layer, (0, 0), layer.getchannel("A"))
    return Made(page, matrix, grain(shade(base, vignette(1280, 960, 0.4)), rng, 4), quality=80)


def turned_90(rng):
    page = blank(1200, 760)
    y = 70
    for text in EN[:3]:
        y = page.paragraph((80, y), text, font("dejavu-serif", 32), INK, 1040, 50) + 26
        page.end_block()
    return turn(page, 90)


def turned_180(rng):
    page = blank(900, 640, (246, 246, 240))
    for index, line in enumerate(TEXTS["mixed"]):
        page.write((70, 50 + index * 95), line, font("noto-serif-zh", 46), INK)
    return turn(page, 180)


def turned_270_zh(rng):
    page = blank(1100, 700)
    y = 60
    for text in ZH[3:5]:
        y = page.paragraph((70, y), text, font("noto-sans-zh", 38), INK, 960, 62) + 30
        page.end_block()
    return turn(page, 270)


def angle_4(rng):
    page = blank(1100, 640)
    y = 60
    for text in EN[7:9]:
        y = page.paragraph((70, y), text, font("liberation-sans", 34), INK, 960, 54) + 26
        page.end_block()
    return turn(page, 4, quality=85)


def strip_en(rng):
    face = font("liberation-sans-bold", 36)
    page = blank(math.ceil(face.getlength(TEXTS["strip_en"])) + 60, 64, (252, 210, 60))
    page.write((30, 10), TEXTS["strip_en"], face, INK)
    return Made(page)


def strip_zh_dark(rng):
    face = font("noto-sans-zh", 44)
    page = blank(math.ceil(face.getlength(TEXTS["strip_zh"])) + 80, 90, (20, 22, 30))
    page.write((40, 12), TEXTS["strip_zh"], face, (255, 190, 70))
    return Made(page)


def two_columns(rng):
    page = blank(1300, 1240)
    page.write((650, 70), TEXTS["titles_en"][0], font("liberation-serif-bold", 62), INK, anchor="ma")
    page.end_block()
    columns(page, 90, 210, (530, 530), 60, EN[:8], "liberation-serif", 29, 40, 1130)
    return Made(page)


def two_columns_zh_3(rng):
    page = blank(1300, 1000)
    page.write((650, 60), TEXTS["titles_zh"][1], font("noto-serif-zh-bold", 64), INK, anchor="ma")
    page.end_block()
    columns(page, 90, 210, (530, 530), 60, ZH, "noto-serif-zh", 30, 50, 900)
    return turn(page, 3)


def three_columns_minus_3(rng):
    page = blank(1700, 960)
    page.write((90, 60), TEXTS["titles_en"][2], font("dejavu-bold", 64), INK)
    page.end_block()
    columns(page, 90, 210, (470, 470, 470), 50, [*EN[8:], *EN[5:8], *EN[:4]], "lato", 28, 40, 860)
    return turn(page, -3, quality=88)


def table_en(rng):
    page = blank(1200, 620)
    table = TEXTS["table_en"]
    edges = (60, 280, 490, 730, 940, 1150)
    for index, row in enumerate([table["head"], *table["rows"]]):
        y = 50 + index * 66
        face = font("liberation-sans-bold" if index == 0 else "liberation-sans", 32)
        for cell, text in enumerate(row):
            number = cell >= 2
            x = edges[cell + 1] - 20 if number else edges[cell] + 20
            page.write((x, y), text, face, INK, anchor="ra" if number else "la", same_row=cell > 0)
        page.pen.line([(60, y + 50), (1150, y + 50)], fill=(150, 150, 156), width=1 if index else 3)
    return Made(page)


def invoice_zh_minus_2(rng):
    page = blank(1100, 720, (252, 252, 248))
    invoice = TEXTS["invoice_zh"]
    page.write((550, 40), invoice["title"], font("zenhei", 58), INK, anchor="ma")
    page.end_block()
    edges = (60, 290, 520, 680, 850, 1040)
    rows = [invoice["head"], *invoice["rows"]]
    for index, row in enumerate(rows):
        y = 160 + index * 72
        for cell, text in enumerate(row):
            page.write((edges[cell] + 24, y), text, font("zenhei", 34), INK, same_row=cell > 0)
        page.pen.line([(60, y + 56), (1040, y + 56)], fill=(90, 90, 96), width=2)
    for edge in edges:
        page.pen.line([(edge, 146), (edge, 160 + 5 * 72 + 56)], fill=(90, 90, 96), width=2)
    page.pen.line([(60, 146), (1040, 146)], fill=(90, 90, 96), width=2)
    page.end_block()
    label, total = invoice["foot"]
    page.write((84, 620), label, font("zenhei", 38), INK)
    page.write((874, 620), total, font("zenhei", 38), INK, same_row=True)
    return turn(page, -2)


CASES = (
    tiny_en, tiny_zh, page_3000, slide_mixed, terminal_dark, gradient_light_on_dark, noisy_en, jpeg_zh, perspective_mixed, turned_90,
    turned_180, turned_270_zh, angle_4, strip_en, strip_zh_dark, two_columns, two_columns_zh_3, three_columns_minus_3, table_en,
    invoice_zh_minus_2,
)  # fmt: skip


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else pathlib.Path(tempfile.gettempdir()) / "medley-ocr-pictures")
