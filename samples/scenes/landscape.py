"""A photograph-like picture without text: a mountain lake, rendered from a made-up height map.

The terrain is drawn column by column from near to far (the voxel-space method of the flight games of the 1990s).
"""

import numpy as np
from PIL import ExifTags, Image, ImageFilter

from scenes.drawing import grain, shade, smooth_noise, to_picture, vignette

CELLS = 1024
WATER = 0.3
RELIEF = 0.17 * CELLS  # height 1 in cells
SUN = np.array([-0.62, 0.42, 0.66])
HAZE = np.array([196, 208, 224], np.float32)


def draw():
    """The landscape picture with a camera's data in its EXIF block."""
    picture = _photograph((1200, 800), heading=0.12, field=0.72)
    return picture, {"rows": [], "breaks": [], "exif": _exif(1)}


def draw_rotated():
    """A portrait picture as a phone stores it: the pixels lie on their side, EXIF orientation 6 says so."""
    picture = _photograph((768, 1024), heading=0.2, field=0.5)
    return picture.transpose(Image.Transpose.ROTATE_90), {"rows": [], "breaks": [], "exif": _exif(6)}


def _exif(orientation):
    exif = Image.Exif()
    exif[ExifTags.Base.Make] = "Medley"
    exif[ExifTags.Base.Model] = "Imaginary Camera M1"
    exif[ExifTags.Base.Orientation] = orientation
    exif[ExifTags.Base.Software] = "samples/make.py"
    exif[ExifTags.Base.DateTime] = "2026:09:12 07:18:44"
    camera = exif.get_ifd(ExifTags.IFD.Exif)
    camera[ExifTags.Base.DateTimeOriginal] = "2026:09:12 07:18:44"
    camera[ExifTags.Base.OffsetTimeOriginal] = "+02:00"
    camera[ExifTags.Base.ExposureTime] = (1, 250)
    camera[ExifTags.Base.FNumber] = (8, 1)
    camera[ExifTags.Base.ISOSpeedRatings] = 100
    camera[ExifTags.Base.FocalLength] = (35, 1)
    return exif


def _photograph(size, heading, field):
    rng = np.random.default_rng(20265)
    heights = _heights(rng)
    colours = _colours(heights, rng)
    fine = 2
    width, height = size[0] * fine, size[1] * fine
    picture = _render(heights, colours, width, height, heading, field, rng)
    picture = picture.resize(size, Image.Resampling.LANCZOS)
    picture = picture.filter(ImageFilter.UnsharpMask(1.2, 50, 2))
    return grain(shade(picture, vignette(*size, 0.3)), rng, 2.6)


def _heights(rng):
    """Ridged noise that rises from a lake in the foreground to a range in the distance; heights from 0 to about 1.5."""
    ridges = np.zeros((CELLS, CELLS), np.float32)
    weight = 1.0
    cell = 420.0
    for _ in range(8):
        layer = 1 - np.abs(2 * smooth_noise(rng, CELLS, CELLS, cell) - 1)
        ridges += weight * layer**2 * (0.35 + 0.65 * np.clip(ridges, 0, 1))
        weight, cell = weight * 0.5, cell * 0.5
    far = np.linspace(0, 1, CELLS, dtype=np.float32)[:, None]
    across = np.abs(np.linspace(-1, 1, CELLS, dtype=np.float32))[None, :]
    rise = np.clip((far - 0.22) * 1.7, 0, 1) ** 1.2 + 0.42 * np.clip(across - 0.3, 0, 1) * (0.4 + far)
    return 0.16 + ridges * (0.1 + 0.85 * rise)


def _colours(heights, rng):
    """Forest, grass, rock and snow by height and slope, lit by a low sun with cast shadows."""
    slope_y, slope_x = np.gradient(heights * RELIEF)
    normal = np.dstack([-slope_x, -slope_y, np.ones_like(heights)])
    normal /= np.linalg.norm(normal, axis=2, keepdims=True)
    flat = normal[..., 2]
    patches = smooth_noise(rng, CELLS, CELLS, 60, 4)
    speckle = rng.random((CELLS, CELLS), np.float32)
    forest = np.array([38, 58, 34], np.float32) * (0.6 + 0.8 * speckle[..., None])
    grass = np.array([112, 118, 62], np.float32) * (0.8 + 0.3 * patches[..., None])
    rock = np.array([118, 110, 104], np.float32) * (0.7 + 0.6 * patches[..., None])
    snow = np.array([240, 243, 250], np.float32)
    ground = np.where((patches > 0.5)[..., None], grass, forest)
    level = heights + 0.12 * (patches - 0.5)
    stone = np.clip((level - 0.56) / 0.12, 0, 1) + np.clip((0.62 - flat) / 0.12, 0, 1)
    ground = _mix(ground, rock, np.clip(stone, 0, 1))
    ground = _mix(ground, snow, np.clip((level - 0.82) / 0.08, 0, 1) * np.clip((flat - 0.42) / 0.16, 0, 1))
    sun = SUN / np.linalg.norm(SUN)
    light = np.clip(normal @ sun, 0, 1) * _lit(heights, sun)
    warm = np.array([1.12, 1.0, 0.84]) * 1.25
    ambient = np.array([0.26, 0.31, 0.4])
    return np.clip(ground * (light[..., None] * warm + ambient), 0, 255).astype(np.float32)


def _mix(first, second, share):
    return first * (1 - share[..., None]) + second * share[..., None]


def _lit(heights, sun):
    """1 where the sun reaches the ground, less in shadow: marches towards the sun over the height map."""
    lit = np.ones_like(heights)
    scaled = heights * RELIEF
    for step in range(3, 120, 3):
        shift_x, shift_y = round(-sun[0] * step), round(-sun[1] * step)
        blocked = np.roll(scaled, (shift_y, shift_x), (0, 1)) - step * sun[2] - scaled
        lit = np.minimum(lit, np.clip(1 - blocked / 2.0, 0.12, 1))
    return lit


def _sky(width, height, horizon, rng):
    up = np.clip((horizon - np.arange(height, dtype=np.float32)) / horizon, 0, 1)[:, None, None]
    sky = HAZE * (1 - up) ** 1.5 + np.array([92, 134, 186], np.float32) * (1 - (1 - up) ** 1.5)
    clouds = smooth_noise(rng, width, height, (width * 0.55, height * 0.16), 6)
    cover = np.clip((clouds - 0.5) * 4.2, 0, 1)[..., None] * np.clip(up * 3, 0, 1)
    bright = 214 + 60 * (clouds[..., None] - 0.5)
    return sky * (1 - cover) + np.array([1.0, 0.985, 0.96]) * bright * cover


def _render(heights, colours, width, height, heading, field, rng):
    horizon = int(height * 0.6)
    picture = np.broadcast_to(_sky(width, height, horizon, rng), (height, width, 3)).copy()
    camera = np.array([CELLS * 0.5, CELLS * 0.02])
    eye = 0.44
    spread = field * (np.arange(width) / width - 0.5) + heading
    lowest = np.full(width, height)
    columns = np.arange(width)
    rows = np.arange(height)[:, None]
    scale = width / field * RELIEF
    land = np.zeros((height, width), bool)
    distance = 14.0
    while distance < CELLS * 0.95:
        x = camera[0] + distance * np.sin(spread)
        y = camera[1] + distance * np.cos(spread)
        ground, colour = _sample(heights, x, y), _sample(colours, x, y)
        dry = ground > WATER
        top = horizon - (ground - eye) * scale / distance
        top = np.clip(top, 0, height).astype(int)
        fresh = dry & (top < lowest)
        if fresh.any():
            haze = 1 - np.exp(-((distance / (CELLS * 0.95)) ** 1.5) * 0.9)
            seen = colour * (1 - haze) + HAZE * haze
            first = top[fresh].min()
            last = lowest[fresh].max()
            band = (rows[first:last] >= top[None, :]) & (rows[first:last] < lowest[None, :]) & fresh[None, :]
            picture[first:last][band] = np.broadcast_to(seen[None], (last - first, width, 3))[band]
            land[first:last][band] = True
            lowest[fresh] = top[fresh]
        # Water keeps what is behind it visible: only its own surface stops the columns below.
        shore = horizon + (eye - WATER) * scale / distance
        wet = ~dry & (lowest > shore)
        lowest[wet] = np.minimum(lowest[wet], int(shore))
        distance *= 1.0035
        distance += 0.05
    return to_picture(_reflect(picture, land, horizon, columns, rng))


def _sample(values, x, y):
    """Bilinear look-up, clamped at the edge of the map."""
    x, y = np.clip(x, 0, CELLS - 1.001), np.clip(y, 0, CELLS - 1.001)
    left, top = x.astype(int), y.astype(int)
    part_x, part_y = x - left, y - top
    if values.ndim == 3:
        part_x, part_y = part_x[:, None], part_y[:, None]
    upper = values[top, left] * (1 - part_x) + values[top, left + 1] * part_x
    lower = values[top + 1, left] * (1 - part_x) + values[top + 1, left + 1] * part_x
    return upper * (1 - part_y) + lower * part_y


def _reflect(picture, land, horizon, columns, rng):
    """Fills the lake with the mirrored picture, rippled more and tinted darker towards the viewer."""
    height, width, _ = picture.shape
    below = height - horizon
    ripple = smooth_noise(rng, width, below, (width * 0.05, below * 0.012), 3) - 0.5
    depth = np.linspace(0, 1, below, dtype=np.float32)[:, None]
    shore = horizon + np.argmin(land[horizon:], axis=0)[None, :]
    source = 2 * shore - 1 - horizon - (np.arange(below)[:, None] + ripple * (6 + 110 * depth))
    source = np.clip(source, 0, shore - 1).astype(int)
    mirrored = picture[source, np.broadcast_to(columns[None, :], source.shape)]
    tint = np.array([30, 56, 70], np.float32)
    share = (0.16 + 0.42 * depth**1.4)[..., None]
    water = mirrored * (1 - share) * 0.94 + tint * share + 26 * ripple[..., None] * (0.3 + depth[..., None])
    lake = picture[horizon:]
    open_water = ~land[horizon:]
    lake[open_water] = water[open_water]
    return picture
