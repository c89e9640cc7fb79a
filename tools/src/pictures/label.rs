//! Small lettering on pictures, from the GNU Unifont bitmaps: every script of the basic plane, Chinese included,
//! without a font file.

use image::{Rgba, RgbaImage};
use unifont::Glyph;

use super::{colour::Colour, layer::blend};

/// Height of a glyph in dots.
const DOTS: u32 = 16;

/// One line of text on a plate of `colour`, made of dots of `dot` by `dot` pixels.
pub(super) struct Label {
    glyphs: Vec<&'static Glyph>,
    colour: Colour,
    dot: u32,
}

impl Label {
    /// Sets `text` in a line of at most `widest` pixels; what does not fit is left out behind an ellipsis.
    pub(super) fn new(text: &str, colour: Colour, dot: u32, widest: u32) -> Self {
        let room = (widest / dot).saturating_sub(2 * MARGIN);
        let mut glyphs: Vec<&Glyph> = text
            .split_whitespace()
            .collect::<Vec<_>>()
            .join(" ")
            .chars()
            .filter_map(|character| unifont::get_glyph(character).or_else(unknown))
            .collect();
        if dots_of(&glyphs) > room {
            while dots_of(&glyphs) + ELLIPSIS_DOTS > room && glyphs.pop().is_some() {}
            glyphs.extend(unifont::get_glyph('…'));
        }
        Self {
            glyphs,
            colour,
            dot,
        }
    }

    /// Width of the plate in pixels.
    pub(super) fn width(&self) -> u32 {
        (dots_of(&self.glyphs) + 2 * MARGIN) * self.dot
    }

    /// Height of the plate in pixels.
    pub(super) const fn height(&self) -> u32 {
        DOTS * self.dot
    }

    /// Draws the plate with its top left corner at `left`, `top`; what juts out is not drawn.
    pub(super) fn draw(&self, layer: &mut RgbaImage, left: u32, top: u32) {
        let [red, green, blue, _] = self.colour.0.0;
        let plate = Rgba([red, green, blue, u8::MAX]);
        for y in top..top + self.height() {
            for x in left..left + self.width() {
                blend(layer, x, y, plate, 1.0);
            }
        }
        let mut pen = left + MARGIN * self.dot;
        for glyph in &self.glyphs {
            self.draw_glyph(layer, glyph, pen, top);
            pen += width_of(glyph) * self.dot;
        }
    }

    fn draw_glyph(&self, layer: &mut RgbaImage, glyph: &Glyph, left: u32, top: u32) {
        let ink = self.colour.ink();
        for y in 0..self.height() {
            for x in 0..width_of(glyph) * self.dot {
                if glyph.get_pixel((x / self.dot) as usize, (y / self.dot) as usize) {
                    blend(layer, left + x, top + y, ink, 1.0);
                }
            }
        }
    }
}

/// Dots on either side of the text.
const MARGIN: u32 = 2;

/// The width of the ellipsis in dots, at most.
const ELLIPSIS_DOTS: u32 = 16;

/// Stands for a character without a glyph.
fn unknown() -> Option<&'static Glyph> {
    unifont::get_glyph(char::REPLACEMENT_CHARACTER)
}

fn dots_of(glyphs: &[&Glyph]) -> u32 {
    glyphs.iter().map(|glyph| width_of(glyph)).sum()
}

fn width_of(glyph: &Glyph) -> u32 {
    if glyph.is_fullwidth() { DOTS } else { DOTS / 2 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dark_pixels(text: &str) -> usize {
        let white = Colour(Rgba([255; 4]));
        let label = Label::new(text, white, 1, 1000);
        let mut layer = RgbaImage::from_pixel(label.width(), label.height(), white.0);
        label.draw(&mut layer, 0, 0);
        layer.pixels().filter(|pixel| pixel.0[0] == 0).count()
    }

    #[test]
    fn latin_and_chinese_have_glyphs() {
        assert!(dark_pixels("sign") > 20);
        assert!(dark_pixels("出口") > 30);
        let width = |text| Label::new(text, Colour::RED, 1, 1000).width();
        assert_eq!(width("出口"), 2 * width("出") - 2 * MARGIN);
        assert!(width("出") > width("\u{fffd}"));
        assert_eq!(
            dark_pixels("\u{1F600}"),
            dark_pixels("\u{fffd}"),
            "beyond the basic plane"
        );
        assert_eq!(dark_pixels(""), 0);
    }

    #[test]
    fn a_long_label_is_cut_to_fit() {
        let label = Label::new("a very long label that has no room", Colour::RED, 2, 100);
        assert!(label.width() <= 100, "{}", label.width());
        assert!(Label::new("abc", Colour::RED, 2, 100).width() == (24 + 2 * MARGIN) * 2);
        let none = Label::new("abc", Colour::RED, 4, 3);
        let mut tiny = RgbaImage::new(1, 1);
        none.draw(&mut tiny, 0, 0);
    }
}
