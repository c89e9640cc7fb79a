"""Noise, light, warping, and pages that remember what was written on them and where."""

import math

import numpy as np
from PIL import Image, ImageDraw, ImageFilter


def smooth_noise(rng, width, height, cell, octaves=1):
    """Value noise in 0..1 of the shape (height, width); `cell` is the size of the largest grain in pixels, one number or (x, y)."""
    cell_x, cell_y = cell if isinstance(cell, tuple) else (cell, cell)
    total, weight = np.zeros((height, width), np.float32), 0.0
    for octave in range(octaves):
        scale = 2.0**octave
        across = max(2, math.ceil(width * scale / cell_x) + 1)
        down = max(2, math.ceil(height * scale / cell_y) + 1)
        grains = Image.fromarray(rng.random((down, across), np.float32))
        total += np.asarray(grains.resize((width, height), Image.Resampling.BICUBIC)) / scale
        weight += 1 / scale
    return np.clip(total / weight, 0, 1)


def gradient(size, top, bottom):
    """A vertical gradient between two colours."""
    width, height = size
    along = np.linspace(0, 1, height, dtype=np.float32)[:, None, None]
    colours = np.array(top, np.float32) * (1 - along) + np.array(bottom, np.float32) * along
    return to_picture(np.broadcast_to(colours, (height, width, 3)))


def to_picture(values):
    """Float values in 0..255 as an RGB or grey picture."""
    return Image.fromarray(np.clip(np.round(values), 0, 255).astype(np.uint8))


def coarsen(picture, step):
    """Rounds brightness to multiples of `step`: nobody sees it, and the PNG file is a quarter smaller."""
    return picture.point(lambda value: min(255, round(value / step) * step))


def shade(picture, factor):
    """Multiplies the brightness of each pixel; `factor` has the shape (height, width)."""
    values = np.asarray(picture.convert("RGB"), np.float32) * factor[..., None]
    return to_picture(values)


def grain(picture, rng, sigma, chroma=0.4):
    """Sensor noise: mostly brightness, a little colour."""
    values = np.asarray(picture.convert("RGB"), np.float32)
    height, width, _ = values.shape
    values = values + rng.normal(0, sigma, (height, width, 1)) + rng.normal(0, sigma * chroma, (height, width, 3))
    return to_picture(values)


def vignette(width, height, strength):
    """A factor for `shade` that falls towards the corners."""
    x = np.linspace(-1, 1, width, dtype=np.float32)[None, :]
    y = np.linspace(-1, 1, height, dtype=np.float32)[:, None]
    return 1 - strength * np.clip((x * x + y * y) / 2, 0, 1) ** 1.5


def homography(source, target):
    """The 3 x 3 matrix that takes four source points to four target points."""
    rows, right = [], []
    for (x, y), (u, v) in zip(source, target):
        rows += [[x, y, 1, 0, 0, 0, -u * x, -u * y], [0, 0, 0, x, y, 1, -v * x, -v * y]]
        right += [u, v]
    solved = np.linalg.solve(np.array(rows, np.float64), np.array(right, np.float64))
    return np.append(solved, 1.0).reshape(3, 3)


def carry(matrix, points):
    """Points through a homography."""
    points = np.asarray(points, np.float64)
    moved = np.c_[points, np.ones(len(points))] @ matrix.T
    return (moved[:, :2] / moved[:, 2:]).tolist()


def corners(width, height):
    """The corners of a picture, clockwise from the top left."""
    return [(0, 0), (width, 0), (width, height), (0, height)]


def warp(picture, size, matrix, finer=3):
    """The picture seen through a homography, on a transparent picture of the given size; sampled `finer` times in each direction."""
    inverse = np.linalg.inv(np.diag([finer, finer, 1.0]) @ matrix)
    inverse /= inverse[2, 2]
    coefficients = inverse.flatten()[:8].tolist()
    large = (size[0] * finer, size[1] * finer)
    seen = picture.convert("RGBA").transform(large, Image.Transform.PERSPECTIVE, coefficients, Image.Resampling.BICUBIC)
    return seen.reduce(finer) if finer > 1 else seen


def paste_with_shadow(base, layer, offset, blur, opacity):
    """Lays an RGBA layer onto an RGB picture with a soft shadow below it."""
    alpha = layer.getchannel("A")
    shadow = Image.new("L", base.size, 0)
    shadow.paste(alpha, offset)
    shadow = shadow.filter(ImageFilter.GaussianBlur(blur)).point(lambda value: int(value * opacity))
    base.paste((10, 10, 14), (0, 0), shadow)
    base.paste(layer, (0, 0), alpha)


class Page:
    """A picture that records each piece of text drawn on it: rows of cells, in the order in which they are drawn."""

    def __init__(self, picture):
        self.picture = picture
        self.pen = ImageDraw.Draw(picture)
        self.rows = []
        self.breaks = []

    def write(self, at, text, font, fill, anchor="la", same_row=False, record=True):
        """Draws one run of text and returns its ink box (left, top, right, bottom).

        `same_row` makes it a further cell of the row before; `record=False` keeps ornament out of the ground truth.
        """
        self.pen.text(at, text, font=font, fill=fill, anchor=anchor)
        left, top, right, bottom = self.pen.textbbox(at, text, font=font, anchor=anchor)
        if record:
            cell = {"text": text, "polygon": [[left, top], [right, top], [right, bottom], [left, bottom]]}
            if same_row and self.rows:
                self.rows[-1].append(cell)
            else:
                self.rows.append([cell])
        return left, top, right, bottom

    def end_block(self):
        """Marks the end of a paragraph, column or block after the last row."""
        if self.rows and len(self.rows) not in self.breaks:
            self.breaks.append(len(self.rows))

    def paragraph(self, at, text, font, fill, width, spacing, justify=False):
        """Wraps text into a column and returns the y below it. Text with spaces is broken between words, other text anywhere."""
        x, y = at
        for index, (words, last) in enumerate(wrap(text, font, width)):
            line = words
            if justify and not last and " " in words:
                self._justified((x, y), words, font, fill, width)
            else:
                self.write((x, y), line, font, fill)
            y += spacing
        return y

    def _justified(self, at, line, font, fill, width):
        x, y = at
        words = line.split(" ")
        free = width - sum(font.getlength(word) for word in words)
        gap = free / (len(words) - 1)
        boxes = []
        for word in words:
            boxes.append(self.write((x, y), word, font, fill, record=False))
            x += font.getlength(word) + gap
        left, right = boxes[0][0], boxes[-1][2]
        top, bottom = min(box[1] for box in boxes), max(box[3] for box in boxes)
        self.rows.append([{"text": line, "polygon": [[left, top], [right, top], [right, bottom], [left, bottom]]}])

    def truth(self, matrix=None):
        """The ground truth, with the polygons carried through a homography where one is given."""
        rows = []
        for row in self.rows:
            cells = []
            for cell in row:
                polygon = cell["polygon"] if matrix is None else carry(matrix, cell["polygon"])
                cells.append({"text": cell["text"], "polygon": [[round(x, 1), round(y, 1)] for x, y in polygon]})
            rows.append(cells)
        breaks = [end for end in self.breaks if end < len(rows)]
        return {"rows": rows, "breaks": breaks}


def wrap(text, font, width):
    """Lines of text that fit the width, each with whether it is the last one."""
    spaced = " " in text
    lines, line = [], ""
    for part in text.split(" ") if spaced else list(text):
        longer = f"{line} {part}" if spaced and line else line + part
        # Chinese punctuation does not begin a line.
        if line and font.getlength(longer) > width and part not in "，。、：；！？）》”":
            lines.append(line)
            line = part
        else:
            line = longer
    lines.append(line)
    return [(line, index == len(lines) - 1) for index, line in enumerate(lines)]
