"""A desktop with a text editor, a file list, and a dialog that asks before closing."""

from PIL import Image, ImageDraw, ImageFilter

from fonts import font
from scenes.drawing import Page, gradient, paste_with_shadow

SIZE = (1280, 800)
TEXT, DIM, LINE = (36, 38, 44), (110, 114, 124), (222, 224, 230)
ACCENT = (38, 104, 214)

FILES = ("agenda.txt", "budget 2026.csv", "minutes.txt", "report.txt", "todo.txt", "travel.txt")
LINES = (
    "Quarterly report",
    "",
    "Sales rose by 12 percent compared with the second quarter.",
    "The new workshop in Lyon opened on 4 September.",
    "Two machines are still waiting for spare parts.",
    "",
    "Next steps",
    "1. Confirm the delivery date with the supplier.",
    "2. Train three more people on the night shift.",
    "3. Send the figures to the board before Friday.",
)


def draw():
    desktop = _wallpaper()
    page = Page(desktop)
    _panel(page)
    window = (70, 62, 1210, 750)
    _window_frame(desktop, window)
    page.pen = ImageDraw.Draw(desktop)
    _title_and_menu(page, window)
    _sidebar(page, window)
    _editor(page, window)
    _dialog(page)
    _status(page, window)
    return page.picture, page.truth()


def _wallpaper():
    base = gradient(SIZE, (28, 62, 110), (96, 150, 170))
    pen = ImageDraw.Draw(base)
    for index, colour in enumerate(((46, 92, 138), (40, 82, 124), (32, 68, 106))):
        y = 470 + index * 100
        pen.polygon([(0, y + 90), (260, y - 40), (520, y + 70), (820, y - 70), (1280, y + 60), (1280, 800), (0, 800)], fill=colour)
    return base.filter(ImageFilter.GaussianBlur(1.5))


def _panel(page):
    page.pen.rectangle([0, 0, SIZE[0], 30], fill=(24, 26, 32))
    page.write((18, 6), "Activities", font("dejavu-bold", 14), (236, 238, 242))
    page.write((640, 6), "Tue 6 Oct 09:41", font("dejavu-bold", 14), (236, 238, 242), anchor="ma", same_row=True)
    page.write((1262, 6), "86%", font("dejavu", 14), (236, 238, 242), anchor="ra", same_row=True)
    page.end_block()


def _window_frame(desktop, box):
    layer = Image.new("RGBA", SIZE, (0, 0, 0, 0))
    ImageDraw.Draw(layer).rounded_rectangle(box, 10, fill=(252, 252, 253, 255))
    paste_with_shadow(desktop, layer, (0, 8), 14, 0.45)


def _title_and_menu(page, box):
    left, top, right, _ = box
    pen = page.pen
    pen.rounded_rectangle([left, top, right, top + 44], 10, fill=(234, 236, 240))
    pen.rectangle([left, top + 24, right, top + 44], fill=(234, 236, 240))
    page.write(((left + right) / 2, top + 12), "report.txt - Notebook", font("dejavu-bold", 16), TEXT, anchor="ma")
    for index, colour in enumerate(((236, 96, 84), (244, 190, 66), (98, 196, 92))):
        pen.ellipse([right - 34 - index * 26, top + 14, right - 18 - index * 26, top + 30], fill=colour)
    page.end_block()
    x = left + 18
    for index, name in enumerate(("File", "Edit", "View", "Search", "Tools", "Help")):
        page.write((x, top + 53), name, font("dejavu", 16), TEXT, same_row=index > 0)
        x += font("dejavu", 16).getlength(name) + 30
    page.end_block()
    pen.line([(left, top + 82), (right, top + 82)], fill=LINE)


def _sidebar(page, box):
    left, top, _, bottom = box
    pen = page.pen
    pen.rectangle([left, top + 83, left + 230, bottom - 34], fill=(244, 245, 248))
    pen.line([(left + 230, top + 83), (left + 230, bottom - 34)], fill=LINE)
    page.write((left + 20, top + 100), "DOCUMENTS", font("dejavu-bold", 13), DIM)
    y = top + 132
    for name in FILES:
        chosen = name == "report.txt"
        if chosen:
            pen.rounded_rectangle([left + 8, y - 7, left + 222, y + 27], 6, fill=(208, 224, 250))
        pen.rectangle([left + 22, y + 1, left + 36, y + 19], fill=(255, 255, 255), outline=(150, 156, 168))
        page.write((left + 50, y), name, font("dejavu-bold" if chosen else "dejavu", 16), TEXT)
        y += 40
    page.end_block()


def _editor(page, box):
    left, top, _, _ = box
    x, y = left + 262, top + 102
    for index, line in enumerate(LINES):
        heading = index in (0, 6)
        if line:
            page.write((x, y), line, font("dejavu-bold", 21) if heading else font("dejavu", 17), TEXT)
        y += 18 if not line else 36 if heading else 30
    page.end_block()


def _status(page, box):
    left, _, right, bottom = box
    page.pen.line([(left, bottom - 34), (right, bottom - 34)], fill=LINE)
    plain = font("dejavu", 14)
    page.write((left + 20, bottom - 27), "Line 10, Column 47", plain, DIM)
    page.write((left + 250, bottom - 27), "Modified", plain, DIM, same_row=True)
    page.write((right - 20, bottom - 27), "UTF-8", plain, DIM, anchor="ra", same_row=True)
    page.end_block()


def _dialog(page):
    box = (440, 472, 970, 682)
    layer = Image.new("RGBA", SIZE, (0, 0, 0, 0))
    ImageDraw.Draw(layer).rounded_rectangle(box, 12, fill=(255, 255, 255, 255), outline=(206, 210, 218, 255))
    paste_with_shadow(page.picture, layer, (0, 10), 18, 0.5)
    page.pen = ImageDraw.Draw(page.picture)
    pen = page.pen
    left, top, _, bottom = box
    pen.polygon([(left + 54, top + 36), (left + 84, top + 88), (left + 24, top + 88)], fill=(244, 180, 40))
    page.write((left + 54, top + 50), "!", font("dejavu-bold", 28), (255, 255, 255), anchor="ma", record=False)
    page.write((left + 112, top + 36), "Save changes before closing?", font("dejavu-bold", 21), TEXT)
    page.write((left + 112, top + 76), "If you do not save, the last 4 minutes", font("dejavu", 16), DIM)
    page.write((left + 112, top + 102), "of your work will be lost.", font("dejavu", 16), DIM)
    page.end_block()
    for index, (name, x, chosen) in enumerate((("Discard", left + 112, False), ("Cancel", left + 248, False), ("Save", left + 384, True))):
        fill, ink = (ACCENT, (255, 255, 255)) if chosen else ((240, 241, 244), TEXT)
        pen.rounded_rectangle([x, bottom - 60, x + 122, bottom - 20], 7, fill=fill, outline=(200, 204, 212) if not chosen else fill)
        page.write((x + 61, bottom - 41), name, font("dejavu-bold", 17), ink, anchor="mm", same_row=index > 0)
    page.end_block()
