"""A page of a magazine: a title across two columns, a figure, section headings."""

import numpy as np
from PIL import Image, ImageDraw

from fonts import font
from scenes.drawing import Page, smooth_noise

SIZE = (1240, 1500)
MARGIN, GUTTER = 110, 56
WIDTH = (SIZE[0] - 2 * MARGIN - GUTTER) // 2
BODY, SPACING = 25, 33
INK = 24

TITLE = "The Clock That Follows the Tide"
LEAD = "How a small harbour town learned to live with two kinds of time"

LEFT = (
    "Twice a day the water leaves the harbour of Saltmere, and twice a day it comes back. For four hundred years the "
    "people here have kept two clocks. One of them hangs on the town hall and tells the same time as the rest of the "
    "country. The other stands at the end of the quay, has a single hand, and is never right for two days running.",
    "The second clock was built in 1741 by a maker of weaving looms who had grown tired of missing the ferry. It turns "
    "once in twelve hours and twenty-five minutes, which is close to the mean time between two high waters. A brass "
    "moon on the dial shows whether the next tide will be strong or weak.",
)
RIGHT_FIRST = (
    "Visitors take it for a toy. The fishermen do not. When the hand points to the painted anchor, a boat that draws "
    "two metres can pass the bar; when it points to the rope, it is wiser to stay in the inn.",
)
HEADING = "Fifty steps and a bucket of oil"
RIGHT_SECOND = (
    "Marta Lindqvist has looked after the clock since 1998. Each Monday she climbs the fifty steps of the tower, winds "
    "two weights of ninety kilograms, and puts the hand forward or back by a few minutes. The wind, she says, does more "
    "to the water than the moon does, and no wheel can know about the wind.",
    "Last year the council offered her an electric motor. She thanked them, and asked for a bucket of oil instead. The "
    "clock has stopped only three times in her care: once for lightning, once for pigeons, and once because a child "
    "wanted to see what would happen.",
    "In winter, when no visitors come, she takes the dial apart on her kitchen table and writes the date on the back of "
    "the moon. There are eleven dates in her hand, and nineteen in hands that nobody remembers.",
    "Asked which of the two clocks she trusts, she looks out of the window first.",
)


def draw():
    page = Page(Image.new("L", SIZE, 255))
    pen = page.pen
    small = font("lato", 19)
    pen.line([(MARGIN, 118), (SIZE[0] - MARGIN, 118)], fill=INK, width=2)
    page.write((MARGIN, 82), "COAST & COUNTRY", small, INK)
    page.write((SIZE[0] - MARGIN, 82), "Autumn 2026", small, INK, anchor="ra", same_row=True)
    page.end_block()
    page.write((SIZE[0] / 2, 150), TITLE, font("garamond-bold", 66), INK, anchor="ma")
    page.end_block()
    page.write((SIZE[0] / 2, 244), LEAD, font("garamond-italic", 34), 60, anchor="ma")
    page.end_block()

    top = 340
    body = font("garamond", BODY + 2)
    y = top
    for text in LEFT:
        y = page.paragraph((MARGIN, y), text, body, INK, WIDTH, SPACING, justify=True) + 14
        page.end_block()
    figure = (MARGIN, int(y) + 14, MARGIN + WIDTH, SIZE[1] - 200)
    _figure(page.picture, figure)
    page.paragraph((MARGIN, figure[3] + 14), "The quay at low water, with the clock tower of 1741.", font("garamond-italic", 24), 70, WIDTH, 30)
    page.end_block()

    x, y = MARGIN + WIDTH + GUTTER, top
    for text in RIGHT_FIRST:
        y = page.paragraph((x, y), text, body, INK, WIDTH, SPACING, justify=True) + 14
        page.end_block()
    page.write((x, y + 12), HEADING, font("garamond-bold", 32), INK)
    page.end_block()
    y += 70
    for text in RIGHT_SECOND:
        y = page.paragraph((x, y), text, body, INK, WIDTH, SPACING, justify=True) + 14
        page.end_block()
    page.write((SIZE[0] / 2, SIZE[1] - 70), "27", small, INK, anchor="ma")
    return page.picture, page.truth()


def _figure(picture, box):
    """A print of a harbour in a few greys: sky, sea, a tower, two boats."""
    left, top, right, bottom = box
    width, height = right - left, bottom - top
    rng = np.random.default_rng(20263)
    sky = 236 - 40 * smooth_noise(rng, width, height, (220, 60), 3)
    ripple = smooth_noise(rng, width, height, (90, 7), 3)
    horizon = int(height * 0.58)
    sky[horizon:] = 150 + 70 * ripple[horizon:] - np.linspace(0, 60, height - horizon)[:, None]
    scene = Image.fromarray(np.clip(sky, 0, 255).astype(np.uint8))
    pen = ImageDraw.Draw(scene)
    pen.polygon([(0, horizon + 8), (0, horizon - 34), (130, horizon - 46), (250, horizon - 16), (300, horizon + 4)], fill=92)
    pen.rectangle([92, horizon - 158, 140, horizon - 30], fill=64)
    pen.polygon([(84, horizon - 158), (116, horizon - 214), (148, horizon - 158)], fill=44)
    pen.ellipse([99, horizon - 146, 133, horizon - 112], fill=232, outline=30, width=2)
    pen.line([(116, horizon - 129), (126, horizon - 138)], fill=30, width=3)
    for x, size in ((350, 1.0), (430, 0.6)):
        y = horizon + 40 * size
        pen.polygon([(x - 50 * size, y), (x + 52 * size, y), (x + 36 * size, y + 22 * size), (x - 36 * size, y + 22 * size)], fill=50)
        pen.line([(x, y), (x, y - 92 * size)], fill=50, width=max(2, int(4 * size)))
        pen.polygon([(x + 4, y - 90 * size), (x + 44 * size, y - 10 * size), (x + 4, y - 10 * size)], fill=222)
    picture.paste(scene.quantize(64).convert("L"), (left, top))
    ImageDraw.Draw(picture).rectangle([left, top, right - 1, bottom - 1], outline=40)
