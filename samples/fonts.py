"""The openly licensed fonts that the sample and test pictures are drawn with.

Fonts are taken from Debian packages, are never committed, and are looked for in this order:
the folder named by MEDLEY_FONTS, the system's font folder, a cache that `apt-get download` fills (no root needed).
"""

import os
import pathlib
import subprocess
import tempfile
from functools import cache

from PIL import ImageFont

# name -> (Debian package, path below usr/share/fonts, face inside a collection)
FONTS = {
    "dejavu": ("fonts-dejavu-core", "truetype/dejavu/DejaVuSans.ttf", 0),
    "dejavu-bold": ("fonts-dejavu-core", "truetype/dejavu/DejaVuSans-Bold.ttf", 0),
    "dejavu-mono": ("fonts-dejavu-core", "truetype/dejavu/DejaVuSansMono.ttf", 0),
    "dejavu-mono-bold": ("fonts-dejavu-core", "truetype/dejavu/DejaVuSansMono-Bold.ttf", 0),
    "dejavu-serif": ("fonts-dejavu-core", "truetype/dejavu/DejaVuSerif.ttf", 0),
    "liberation-sans": ("fonts-liberation2", "truetype/liberation2/LiberationSans-Regular.ttf", 0),
    "liberation-sans-bold": ("fonts-liberation2", "truetype/liberation2/LiberationSans-Bold.ttf", 0),
    "liberation-serif": ("fonts-liberation2", "truetype/liberation2/LiberationSerif-Regular.ttf", 0),
    "liberation-serif-bold": ("fonts-liberation2", "truetype/liberation2/LiberationSerif-Bold.ttf", 0),
    "liberation-mono": ("fonts-liberation2", "truetype/liberation2/LiberationMono-Regular.ttf", 0),
    "liberation-mono-bold": ("fonts-liberation2", "truetype/liberation2/LiberationMono-Bold.ttf", 0),
    "lato": ("fonts-lato", "truetype/lato/Lato-Regular.ttf", 0),
    "lato-bold": ("fonts-lato", "truetype/lato/Lato-Bold.ttf", 0),
    "lato-black": ("fonts-lato", "truetype/lato/Lato-Black.ttf", 0),
    "garamond": ("fonts-ebgaramond", "opentype/ebgaramond/EBGaramond12-Regular.otf", 0),
    "garamond-bold": ("fonts-ebgaramond", "opentype/ebgaramond/EBGaramond12-Bold.otf", 0),
    "garamond-italic": ("fonts-ebgaramond", "opentype/ebgaramond/EBGaramond12-Italic.otf", 0),
    "noto-sans-zh": ("fonts-noto-cjk", "opentype/noto/NotoSansCJK-Regular.ttc", 2),
    "noto-sans-zh-bold": ("fonts-noto-cjk", "opentype/noto/NotoSansCJK-Bold.ttc", 2),
    "noto-serif-zh": ("fonts-noto-cjk", "opentype/noto/NotoSerifCJK-Regular.ttc", 2),
    "noto-serif-zh-bold": ("fonts-noto-cjk", "opentype/noto/NotoSerifCJK-Bold.ttc", 2),
    "zenhei": ("fonts-wqy-zenhei", "truetype/wqy/wqy-zenhei.ttc", 0),
}

CACHE = pathlib.Path(os.environ.get("XDG_CACHE_HOME", pathlib.Path.home() / ".cache")) / "medley-sample-fonts"


def _roots():
    if "MEDLEY_FONTS" in os.environ:
        yield pathlib.Path(os.environ["MEDLEY_FONTS"])
    yield pathlib.Path("/usr/share/fonts")
    yield CACHE / "usr/share/fonts"


def _fetch(package):
    CACHE.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(["apt-get", "download", "-q", package], cwd=folder, check=True, stdout=subprocess.DEVNULL)
        for archive in pathlib.Path(folder).glob("*.deb"):
            subprocess.run(["dpkg-deb", "-x", str(archive), str(CACHE)], check=True)


def path(name):
    """The font's file and the index of its face, fetched if this machine has it nowhere."""
    package, relative, face = FONTS[name]
    for attempt in (False, True):
        for root in _roots():
            if (root / relative).is_file():
                return root / relative, face
        if not attempt:
            _fetch(package)
    raise FileNotFoundError(f"{package} no longer holds {relative}; set MEDLEY_FONTS to a folder that does")


@cache
def font(name, size):
    """The font at a size in pixels. Basic layout, so that the result does not depend on an installed shaper."""
    file, face = path(name)
    return ImageFont.truetype(str(file), size, index=face, layout_engine=ImageFont.Layout.BASIC)
