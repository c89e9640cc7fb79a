"""A Chinese poster for a lantern evening: moon, hills, lanterns, horizontal text."""

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from fonts import font
from scenes.drawing import Page, coarsen, gradient, shade, smooth_noise, to_picture, vignette

SIZE = (800, 1200)
CREAM, GOLD = (252, 240, 214), (240, 196, 108)


def draw():
    rng = np.random.default_rng(20264)
    base = gradient(SIZE, (12, 20, 58), (150, 66, 74))
    base = _moon(base, rng)
    _stars(base, rng)
    base = _hills(base, rng)
    _lanterns(base)
    base = shade(base, vignette(*SIZE, 0.25))
    page = Page(base)
    _text(page)
    return coarsen(page.picture, 3), page.truth()


def _moon(base, rng):
    width, height = SIZE
    x, y = np.meshgrid(np.arange(width), np.arange(height))
    distance = np.hypot(x - 400, y - 456)
    disc = np.clip(186 - distance, 0, 1)[..., None]
    seas = smooth_noise(rng, width, height, 150, 4)
    face = (236 - 46 * np.clip((seas - 0.42) * 3, 0, 1))[..., None] * np.array([1.0, 0.93, 0.74])
    halo = np.exp(-np.clip(distance - 180, 0, None) / 90)[..., None] * np.array([120, 92, 60])
    values = np.asarray(base, np.float32) + halo * (1 - disc)
    return to_picture(values * (1 - disc) + face * disc)


def _stars(base, rng):
    pen = ImageDraw.Draw(base)
    for _ in range(70):
        x, y, size = rng.integers(0, 800), rng.integers(0, 560), rng.uniform(0.6, 1.7)
        behind_title = 130 < x < 670 and 90 < y < 260
        if not behind_title and np.hypot(x - 400, y - 456) > 240:
            pen.ellipse([x - size, y - size, x + size, y + size], fill=(250, 240, 220))


def _hills(base, rng):
    width, height = SIZE
    values = np.asarray(base, np.float32).copy()
    rows = np.arange(height)[:, None]
    for level, colour, rough in ((610, (96, 56, 92), 120), (680, (62, 40, 80), 90), (752, (32, 26, 60), 70)):
        ridge = level + rough * (smooth_noise(rng, width, 1, 260, 4)[0] - 0.5) * 1.6
        inside = np.clip(rows - ridge[None, :], 0, 1)[..., None]
        mist = np.exp(-np.clip(rows - ridge[None, :], 0, None) / 70)[..., None] * 26
        values = values * (1 - inside) + (np.array(colour, np.float32) + mist) * inside
    return to_picture(values)


def _lanterns(base):
    for x, y, size in ((86, 330, 1.2), (712, 396, 1.4), (196, 540, 0.72), (634, 580, 0.62)):
        glow = Image.new("RGB", SIZE, 0)
        ImageDraw.Draw(glow).ellipse([x - 90 * size, y - 80 * size, x + 90 * size, y + 80 * size], fill=(120, 48, 16))
        glow = glow.filter(ImageFilter.GaussianBlur(30 * size))
        base.paste(to_picture(np.asarray(base, np.float32) + np.asarray(glow, np.float32)))
        fine = 4  # drawn larger, for smooth edges
        side = int(160 * size) * fine
        lantern = Image.new("RGBA", (side, side * 2), (0, 0, 0, 0))
        pen = ImageDraw.Draw(lantern)
        middle, unit = side / 2, side / 160
        for part, colour in ((62, (190, 36, 30)), (46, (216, 54, 36)), (30, (236, 84, 44)), (13, (250, 130, 66))):
            pen.ellipse([middle - part * unit, 104 * unit, middle + part * unit, 200 * unit], fill=colour)
        for y_cap in (98, 194):
            pen.rounded_rectangle([middle - 26 * unit, y_cap * unit, middle + 26 * unit, (y_cap + 12) * unit], 3 * unit, fill=GOLD)
        for offset in (-8, 0, 8) if size > 1 else ():
            pen.line([(middle + offset * unit, 206 * unit), (middle + offset * unit, 262 * unit)], fill=(222, 150, 70), width=int(3 * unit))
        lantern = lantern.reduce(fine)
        if size > 1:
            ImageDraw.Draw(base).line([(x, 0), (x, y - 50 * size)], fill=(176, 140, 84), width=2)
        base.paste(lantern, (int(x - lantern.width / 2), int(y - 152 * size)), lantern)


def _text(page):
    middle = SIZE[0] / 2
    page.write((middle, 78), "中秋灯会", font("noto-serif-zh-bold", 128), CREAM, anchor="ma")
    page.end_block()
    page.write((middle, 690), "月满江南 灯照千家", font("noto-serif-zh", 52), GOLD, anchor="ma")
    page.end_block()
    page.pen.line([(250, 796), (550, 796)], fill=GOLD, width=2)
    plain = font("noto-sans-zh", 36)
    for y, line in ((830, "时间：九月二十五日 晚七点至十点"), (892, "地点：西湖公园南门广场"), (954, "节目：猜灯谜、放河灯、品月饼")):
        page.write((middle, y), line, plain, CREAM, anchor="ma")
    page.end_block()
    page.pen.rounded_rectangle([190, 1030, 610, 1096], 33, fill=(196, 44, 36))
    page.write((middle, 1040), "免费入场 欢迎全家参加", font("noto-sans-zh-bold", 36), CREAM, anchor="ma")
    page.end_block()
    page.write((middle, 1124), "咨询电话 0571-8800 1234", font("noto-sans-zh", 28), (226, 206, 190), anchor="ma")
