"""A street sign on a post, in focus before a street that is not."""

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from fonts import font
from scenes.drawing import Page, coarsen, corners, gradient, homography, paste_with_shadow, shade, smooth_noise, to_picture, vignette, warp

SIZE = (1080, 720)
PLATE_SCALE = 3  # plates are drawn larger than they are shown


def draw():
    rng = np.random.default_rng(20261)
    street = _street(rng)
    layer = Image.new("RGBA", SIZE, (0, 0, 0, 0))
    _post(layer, rng)
    truth = {"rows": [], "breaks": []}
    plates = (
        (_name_plate(rng), [(168, 128), (884, 158), (882, 330), (166, 314)]),
        (_warning_plate(rng), [(262, 352), (782, 362), (780, 566), (260, 574)]),
    )
    for page, quad in plates:
        matrix = homography(corners(*page.picture.size), quad)
        plate = warp(page.picture, SIZE, matrix)
        layer = Image.alpha_composite(layer, plate)
        found = page.truth(matrix)
        truth["breaks"] += [len(truth["rows"])] if truth["rows"] else []
        truth["rows"] += found["rows"]
    paste_with_shadow(street, layer, (10, 12), 9, 0.5)
    street = shade(street, vignette(*SIZE, 0.32))
    street = street.filter(ImageFilter.GaussianBlur(0.6))
    return coarsen(street, 3), truth


def _street(rng):
    width, height = SIZE
    base = gradient(SIZE, (172, 198, 222), (246, 226, 196))
    vanishing = (610, 385)
    left = _facade(rng, [(214, 176, 132), (196, 112, 84), (226, 208, 172), (150, 160, 150)])
    right = _facade(rng, [(176, 92, 70), (222, 196, 150), (120, 132, 148), (204, 150, 110)])
    _lay(base, left, [(-160, -330), (vanishing[0] - 62, 292), (vanishing[0] - 62, 412), (-160, 640)])
    _lay(base, right, [(vanishing[0] + 54, 300), (1240, -250), (1240, 620), (vanishing[0] + 54, 412)])
    pen = ImageDraw.Draw(base)
    pen.polygon([(vanishing[0] - 62, 410), (vanishing[0] + 56, 410), (1500, 760), (-420, 760)], fill=(112, 110, 112))
    pen.polygon([(vanishing[0] - 62, 410), (vanishing[0] - 40, 410), (-30, 760), (-420, 760)], fill=(176, 168, 156))
    pen.polygon([(vanishing[0] + 40, 410), (vanishing[0] + 56, 410), (1500, 760), (1130, 760)], fill=(170, 162, 150))
    for near, far in ((0.05, 0.12), (0.2, 0.34), (0.48, 0.7)):
        quad = [_along(vanishing[0] + offset * part, part, 410, 760) for part, offset in ((near, -20), (near, 2), (far, 2), (far, -20))]
        pen.polygon(quad, fill=(226, 222, 212))
    _cars(pen)
    _trees(base, rng)
    base = base.filter(ImageFilter.GaussianBlur(7))
    _lights(base, rng)
    base = base.filter(ImageFilter.GaussianBlur(2.5))
    glow = np.exp(-(((np.arange(width) - 640) / 420.0) ** 2))[None, :] * np.exp(-(((np.arange(height) - 250) / 260.0) ** 2))[:, None]
    values = np.asarray(base, np.float32)
    return to_picture(values + glow[..., None] * np.array([46, 36, 16], np.float32))


def _along(x, part, top, bottom):
    return x, top + (bottom - top) * part


def _facade(rng, colours):
    """A row of houses seen from the front: walls, windows, awnings, doors."""
    house_width, height = 300, 900
    wall = Image.new("RGB", (house_width * len(colours), height))
    pen = ImageDraw.Draw(wall)
    awnings = [(160, 44, 40), (30, 86, 70), (36, 62, 110), (190, 140, 50)]
    for house, colour in enumerate(colours):
        x = house * house_width
        pen.rectangle([x, 0, x + house_width, height], fill=colour)
        pen.rectangle([x, 0, x + house_width, 26], fill=tuple(int(part * 0.7) for part in colour))
        for floor in range(4):
            for window in range(3):
                left, top = x + 36 + window * 84, 60 + floor * 160
                glass = (255, 214, 140) if rng.random() < 0.3 else (58, 70, 86)
                pen.rectangle([left - 6, top - 6, left + 62, top + 108], fill=(240, 234, 222))
                pen.rectangle([left, top, left + 56, top + 100], fill=glass)
        pen.rectangle([x + 16, 730, x + house_width - 16, height], fill=(44, 40, 42))
        pen.rectangle([x + 30, 770, x + 190, 880], fill=(250, 206, 132))
        pen.polygon([(x + 10, 700), (x + 290, 700), (x + 300, 760), (x, 760)], fill=awnings[house % 4])
    return shade(wall, 0.86 + 0.28 * smooth_noise(rng, *wall.size, 120, 3))


def _lay(base, picture, quad):
    layer = warp(picture, base.size, homography(corners(*picture.size), quad))
    base.paste(layer, (0, 0), layer.getchannel("A"))


def _cars(pen):
    for x, y, size, colour in ((905, 512, 1.0, (150, 34, 36)), (770, 452, 0.55, (226, 226, 230)), (250, 520, 1.0, (40, 66, 104))):
        pen.rounded_rectangle([x - 74 * size, y - 52 * size, x + 74 * size, y + 30 * size], 16 * size, fill=colour)
        pen.rounded_rectangle([x - 56 * size, y - 46 * size, x + 56 * size, y - 12 * size], 10 * size, fill=(40, 46, 56))
        pen.ellipse([x - 66 * size, y + 10 * size, x - 34 * size, y + 44 * size], fill=(24, 24, 26))
        pen.ellipse([x + 34 * size, y + 10 * size, x + 66 * size, y + 44 * size], fill=(24, 24, 26))


def _trees(base, rng):
    pen = ImageDraw.Draw(base)
    for x, y, radius in ((60, 210, 190), (1010, 190, 170), (470, 340, 44), (742, 342, 40)):
        pen.rectangle([x - radius * 0.06, y, x + radius * 0.06, y + radius * 1.9], fill=(66, 50, 40))
        for _ in range(150):
            angle, reach = rng.uniform(0, 2 * np.pi), radius * rng.random() ** 0.5
            cx, cy, size = x + reach * np.cos(angle), y + 0.8 * reach * np.sin(angle), radius * rng.uniform(0.06, 0.16)
            light = 0.6 + 0.5 * (1 - (cy - y + radius) / (2 * radius)) + rng.uniform(-0.1, 0.1)
            pen.ellipse([cx - size, cy - size, cx + size, cy + size], fill=tuple(int(part * light) for part in (92, 124, 56)))


def _lights(base, rng):
    """Lamps out of focus: discs with a brighter rim."""
    layer = Image.new("RGB", base.size, 0)
    for _ in range(26):
        x, y, radius = rng.normal(640, 300), rng.normal(380, 80), rng.uniform(7, 19)
        colour = [(120, 92, 40), (120, 60, 30), (96, 96, 84)][rng.integers(3)]
        disc = Image.new("RGB", base.size, 0)
        pen = ImageDraw.Draw(disc)
        pen.ellipse([x - radius, y - radius, x + radius, y + radius], fill=colour, outline=tuple(min(255, int(part * 1.5)) for part in colour), width=2)
        layer = to_picture(np.asarray(layer, np.float32) + np.asarray(disc, np.float32))
    base.paste(to_picture(np.asarray(base, np.float32) + np.asarray(layer, np.float32)))


def _post(layer, rng):
    """A galvanised post behind the plates."""
    width, height = 34, SIZE[1]
    across = np.linspace(-1, 1, width, dtype=np.float32)
    profile = 150 * np.sqrt(np.clip(1 - across**2, 0, 1)) * (0.72 - 0.3 * across) + 48
    values = np.repeat(profile[None, :], height - 70, 0) + 10 * (smooth_noise(rng, width, height - 70, (6, 60), 2) - 0.5)
    post = to_picture(np.stack([values * 0.97, values, values * 1.03], -1))
    layer.paste(post, (506, 70))
    ImageDraw.Draw(layer).ellipse([502, 60, 544, 82], fill=(150, 152, 156, 255))


def _plate(size, colour, border, radius, rng):
    """An enamelled plate: rim, slow change of light, scratches of dirt towards the edge, four bolts."""
    width, height = size
    plate = Image.new("RGB", size, colour)
    light = np.linspace(1.13, 0.9, width, dtype=np.float32)[None, :] * np.linspace(1.05, 0.95, height, dtype=np.float32)[:, None]
    plate = shade(plate, light * (0.975 + 0.05 * smooth_noise(rng, width, height, 400, 3)))
    pen = ImageDraw.Draw(plate)
    inset = 18
    pen.rounded_rectangle([inset, inset, width - inset, height - inset], radius - inset, outline=border, width=14)
    mask = Image.new("L", size, 0)
    ImageDraw.Draw(mask).rounded_rectangle([0, 0, width - 1, height - 1], radius, fill=255)
    plate.putalpha(mask)
    return plate


def _bolts(picture, places):
    pen = ImageDraw.Draw(picture)
    for x, y in places:
        pen.ellipse([x - 19, y - 17, x + 21, y + 23], fill=(30, 30, 34, 255))
        pen.ellipse([x - 19, y - 19, x + 19, y + 19], fill=(168, 170, 174, 255))
        pen.ellipse([x - 13, y - 14, x + 7, y + 6], fill=(212, 214, 218, 255))


def _name_plate(rng):
    page = Page(_plate((716 * PLATE_SCALE, 178 * PLATE_SCALE), (20, 62, 116), (240, 240, 236), 60, rng))
    width = page.picture.width
    white = (246, 246, 242, 255)
    page.write((width / 2, 104), "HARBOUR STREET", font("lato-black", 206), white, anchor="ma")
    page.write((width / 2, 356), "OLD TOWN", font("lato-bold", 108), white, anchor="ma")
    _bolts(page.picture, [(92, 430), (width - 92, 430), (92, 104), (width - 92, 104)])
    return page


def _warning_plate(rng):
    page = Page(_plate((520 * PLATE_SCALE, 212 * PLATE_SCALE), (240, 190, 40), (24, 24, 26), 54, rng))
    width = page.picture.width
    black = (22, 22, 24, 255)
    page.write((width / 2, 110), "Please drive slowly", font("lato-bold", 158), black, anchor="ma")
    page.write((width / 2, 330), "Children playing", font("lato-bold", 158), black, anchor="ma")
    return page
