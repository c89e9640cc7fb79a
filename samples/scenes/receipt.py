"""A shop receipt, a little turned, on a wooden table."""

import math

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from fonts import font
from scenes.drawing import Page, coarsen, corners, homography, paste_with_shadow, shade, smooth_noise, to_picture, vignette, warp

SIZE = (720, 1080)
PAPER = (840, 1500)  # drawn larger than it is shown
INK = (52, 50, 56)

ITEMS = (
    ("Sourdough loaf", "4.20"),
    ("Butter unsalted 250 g", "2.95"),
    ("Free range eggs x12", "3.60"),
    ("Oat milk 1 L", "1.85"),
    ("Cherry tomatoes", "2.40"),
    ("Basmati rice 2 kg", "5.75"),
    ("Dark chocolate 70%", "2.10"),
    ("Olive oil 500 ml", "7.90"),
)


def draw():
    rng = np.random.default_rng(20262)
    page = _paper()
    centre, scale = (362, 540), 0.655
    turn = math.radians(-3.2)
    quad = []
    for x, y in corners(*PAPER):
        x, y = (x - PAPER[0] / 2) * scale, (y - PAPER[1] / 2) * scale
        quad.append((centre[0] + x * math.cos(turn) - y * math.sin(turn), centre[1] + x * math.sin(turn) + y * math.cos(turn)))
    matrix = homography(corners(*PAPER), quad)
    paper = _creases(page.picture, rng)
    table = _wood(rng)
    paste_with_shadow(table, warp(paper, SIZE, matrix), (9, 12), 10, 0.6)
    table = shade(table, vignette(*SIZE, 0.3))
    return coarsen(table, 3), page.truth(matrix)


def _paper():
    page = Page(Image.new("RGB", PAPER, (250, 249, 245)))
    middle, left, right = PAPER[0] / 2, 70, PAPER[0] - 70
    plain, bold = font("dejavu-mono", 37), font("dejavu-mono-bold", 37)
    page.write((middle, 90), "GREEN LANE MARKET", font("dejavu-mono-bold", 58), INK, anchor="ma")
    page.write((middle, 176), "14 Harbour Street", plain, INK, anchor="ma")
    page.write((middle, 228), "Tel. 01632 960 144", plain, INK, anchor="ma")
    page.end_block()
    y = 316
    page.write((left, y), "12/09/2026 17:42", plain, INK)
    page.write((right, y), "No. 004831", plain, INK, anchor="ra", same_row=True)
    page.end_block()
    _dashes(page, y + 66)
    y += 98
    for name, price in ITEMS:
        page.write((left, y), name, plain, INK)
        page.write((right, y), price, plain, INK, anchor="ra", same_row=True)
        y += 60
    page.end_block()
    _dashes(page, y + 14)
    y += 46
    cents = sum(round(float(price) * 100) for _, price in ITEMS)
    tax = round(cents * 5 / 105)
    for name, value in (("Subtotal", cents - tax), ("VAT 5%", tax)):
        page.write((left, y), name, plain, INK)
        page.write((right, y), f"{value / 100:.2f}", plain, INK, anchor="ra", same_row=True)
        y += 60
    page.write((left, y + 8), "TOTAL EUR", font("dejavu-mono-bold", 52), INK)
    page.write((right, y + 8), f"{cents / 100:.2f}", font("dejavu-mono-bold", 52), INK, anchor="ra", same_row=True)
    y += 92
    page.write((left, y), "Card", plain, INK)
    page.write((right, y), f"{cents / 100:.2f}", plain, INK, anchor="ra", same_row=True)
    page.end_block()
    _dashes(page, y + 72)
    y += 116
    page.write((middle, y), "Thank you for shopping", bold, INK, anchor="ma")
    page.write((middle, y + 56), "Please keep this receipt", plain, INK, anchor="ma")
    return page


def _dashes(page, y):
    for x in range(70, PAPER[0] - 70, 24):
        page.pen.rectangle([x, y, x + 13, y + 2], fill=INK)


def _creases(paper, rng):
    """Thermal paper: soft folds across, print that is not equally dark, a torn edge at both ends."""
    width, height = PAPER
    y = np.linspace(0, 1, height, dtype=np.float32)
    folds = np.ones(height, np.float32)
    for at, depth in ((0.33, 0.05), (0.67, 0.06)):
        folds -= depth * np.exp(-(((y - at) / 0.004) ** 2)) - 0.05 * np.tanh((y - at) / 0.06) * np.exp(-(((y - at) / 0.1) ** 2))
    light = folds[:, None] * np.linspace(0.95, 1.01, width, dtype=np.float32)[None, :]
    paper = shade(paper.filter(ImageFilter.GaussianBlur(0.8)), light * (0.97 + 0.04 * smooth_noise(rng, width, height, 300, 2)))
    mask = Image.new("L", PAPER, 0)
    top = [(x, 8 + 5 * (index % 2)) for index, x in enumerate(range(0, width + 1, 10))]
    bottom = [(x, height - 8 - 5 * (index % 2)) for index, x in enumerate(range(width, -1, -10))]
    ImageDraw.Draw(mask).polygon(top + bottom, fill=255)
    paper.putalpha(mask)
    return paper


def _wood(rng):
    """Planks with grain along them."""
    width, height = SIZE
    long_grain = smooth_noise(rng, width, height, (26, 900), 4)
    fine = smooth_noise(rng, width, height, (5, 300), 2)
    rings = 0.5 + 0.5 * np.sin(2 * np.pi * (9 * long_grain + np.linspace(0, 3, width)[None, :]))
    tone = 0.74 + 0.16 * rings + 0.14 * fine
    plank = 180
    for index in range(width // plank + 1):
        tone[:, index * plank : (index + 1) * plank] *= rng.uniform(0.9, 1.06)
        tone[:, max(0, index * plank - 2) : index * plank + 2] *= 0.55
    wood = to_picture(tone[..., None] * np.array([176, 122, 76], np.float32))
    return wood.filter(ImageFilter.GaussianBlur(1.6))
