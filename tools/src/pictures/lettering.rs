//! Lettering with outlines: Noto Sans where it has the script, else the dots of GNU Unifont with their corners rounded off.
//!
//! Letters follow each other from left to right; scripts that join letters or run from right to left are not shaped.
//! Where text stands on a picture, and in which colour, is not known here.

use ab_glyph::{Font, FontRef, Glyph as Placed, GlyphId, PxScale, point};
use medley_orchestrator::ToolError;
use unifont::Glyph as Dots;

/// Dots of Unifont in an em, and how many of them stand above the baseline.
const DOTS: f32 = 16.0;
const DOTS_ABOVE: f32 = 14.0;

/// Where between two dots the edge of a rounded stroke runs: below the half, so that dots that touch at a corner join, and
/// the lower the bolder.
const DOT_EDGES: [f32; 2] = [0.42, 0.25];

/// How heavy the strokes are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Weight {
    Regular,
    Bold,
}

/// A typeface in one weight. Lengths are in ems, of which one is the size of the letters.
pub(super) struct Typeface {
    font: FontRef<'static>,
    /// Units of the font in an em.
    units: f32,
    dot_edge: f32,
}

/// Where a line of text stands, in pixels.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Stand {
    pub(super) left: f32,
    pub(super) baseline: f32,
    /// The em.
    pub(super) size: f32,
    /// The width of letters as a part of their usual width.
    pub(super) squeeze: f32,
}

enum Letter {
    Outline(GlyphId),
    Dots(&'static Dots),
}

impl Typeface {
    pub(super) fn new(weight: Weight) -> Result<Self, ToolError> {
        let (content, dot_edge) = match weight {
            Weight::Regular => (notosans::REGULAR_TTF, DOT_EDGES[0]),
            Weight::Bold => (notosans::BOLD_TTF, DOT_EDGES[1]),
        };
        let font = FontRef::try_from_slice(content).map_err(|error| {
            ToolError::permanent("no_font", "the built-in font cannot be read").caused_by(error)
        })?;
        let units = font.units_per_em().unwrap_or(1000.0);
        Ok(Self {
            font,
            units,
            dot_edge,
        })
    }

    /// How long a line of text is.
    pub(super) fn width(&self, text: &str) -> f32 {
        self.letters(text)
            .last()
            .map_or(0.0, |(letter, left)| left + self.advance(&letter))
    }

    /// How far the ink of a line reaches above and below its baseline, which is 0; downwards is positive.
    pub(super) fn reach(&self, text: &str) -> [f32; 2] {
        self.letters(text)
            .filter_map(|(letter, _)| match letter {
                Letter::Outline(id) => {
                    let bounds = self.font.outline(id)?.bounds;
                    Some([
                        -bounds.max.y.max(bounds.min.y),
                        -bounds.min.y.min(bounds.max.y),
                    ])
                    .map(|edges| edges.map(|edge| edge / self.units))
                }
                Letter::Dots(_) => Some([-DOTS_ABOVE / DOTS, (DOTS - DOTS_ABOVE) / DOTS]),
            })
            .reduce(|all, one| [all[0].min(one[0]), all[1].max(one[1])])
            .unwrap_or([0.0; 2])
    }

    /// Sets a line of text: `put` is told the pixels that it touches, and how much of each it covers, from 0 to 1.
    pub(super) fn set(&self, text: &str, stand: Stand, mut put: impl FnMut(i32, i32, f32)) {
        let across = stand.size * stand.squeeze;
        for (letter, left) in self.letters(text) {
            let left = stand.left + left * across;
            match letter {
                Letter::Outline(id) => self.set_outline(id, left, stand, &mut put),
                Letter::Dots(dots) => set_dots(dots, self.dot_edge, left, stand, &mut put),
            }
        }
    }

    /// The letters of a line with the places where they begin.
    fn letters<'a>(&'a self, text: &'a str) -> impl Iterator<Item = (Letter, f32)> + 'a {
        let mut pen = 0.0;
        let mut before = None;
        text.chars().filter_map(move |character| {
            let letter = self.letter(character)?;
            if let (Some(first), Letter::Outline(second)) = (before, &letter) {
                pen += self.font.kern_unscaled(first, *second) / self.units;
            }
            let left = pen;
            pen += self.advance(&letter);
            before = match letter {
                Letter::Outline(id) => Some(id),
                Letter::Dots(_) => None,
            };
            Some((letter, left))
        })
    }

    fn letter(&self, character: char) -> Option<Letter> {
        if character.is_control() {
            return None;
        }
        match self.font.glyph_id(character) {
            GlyphId(0) => unifont::get_glyph(character)
                .or_else(|| unifont::get_glyph(char::REPLACEMENT_CHARACTER))
                .map(Letter::Dots),
            id => Some(Letter::Outline(id)),
        }
    }

    fn advance(&self, letter: &Letter) -> f32 {
        match letter {
            Letter::Outline(id) => self.font.h_advance_unscaled(*id) / self.units,
            Letter::Dots(dots) => columns_of(dots) / DOTS,
        }
    }

    fn set_outline(
        &self,
        id: GlyphId,
        left: f32,
        stand: Stand,
        put: &mut impl FnMut(i32, i32, f32),
    ) {
        // The crate scales by the height from ascender to descender, not by the em.
        let height = stand.size * self.font.height_unscaled() / self.units;
        let glyph = Placed {
            id,
            scale: PxScale {
                x: height * stand.squeeze,
                y: height,
            },
            position: point(left, stand.baseline),
        };
        let Some(outlined) = self.font.outline_glyph(glyph) else {
            return;
        };
        let corner = outlined.px_bounds().min;
        let (left, top) = (corner.x as i32, corner.y as i32);
        outlined.draw(|x, y, coverage| put(left + x as i32, top + y as i32, coverage));
    }
}

fn columns_of(dots: &Dots) -> f32 {
    if dots.is_fullwidth() {
        DOTS
    } else {
        DOTS / 2.0
    }
}

fn set_dots(dots: &Dots, edge: f32, left: f32, stand: Stand, put: &mut impl FnMut(i32, i32, f32)) {
    let down = stand.size / DOTS;
    let across = down * stand.squeeze;
    let top = stand.baseline - DOTS_ABOVE * down;
    let columns = columns_of(dots);
    let dark = |column: f32, row: f32| {
        let inside = (0.0..columns).contains(&column) && (0.0..DOTS).contains(&row);
        f32::from(u8::from(
            inside && dots.get_pixel(column as usize, row as usize),
        ))
    };
    let pixels = |start: f32, length: f32| start.floor() as i32..(start + length).ceil() as i32;
    for y in pixels(top, DOTS * down) {
        for x in pixels(left, columns * across) {
            // In dots, from the centre of the first one.
            let column = (x as f32 + 0.5 - left) / across - 0.5;
            let row = (y as f32 + 0.5 - top) / down - 0.5;
            let (first, upper) = (column.floor(), row.floor());
            let (along, below) = (column - first, row - upper);
            let mix = |row: f32| dark(first, row) * (1.0 - along) + dark(first + 1.0, row) * along;
            let darkness = mix(upper) * (1.0 - below) + mix(upper + 1.0) * below;
            // A pixel is as wide as the edge is blurred.
            let coverage = ((darkness - edge) * across.min(down) + 0.5).clamp(0.0, 1.0);
            if coverage > 0.0 && darkness > 0.0 {
                put(x, y, coverage);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ink(text: &str, squeeze: f32) -> (f32, [i32; 4]) {
        let (mut sum, mut edges) = (0.0, [i32::MAX, i32::MAX, i32::MIN, i32::MIN]);
        let stand = Stand {
            left: 10.0,
            baseline: 100.0,
            size: 64.0,
            squeeze,
        };
        let typeface = Typeface::new(Weight::Regular).unwrap();
        typeface.set(text, stand, |x, y, coverage| {
            assert!((0.0..=1.01).contains(&coverage), "{coverage}");
            if coverage > 0.5 {
                edges = [
                    edges[0].min(x),
                    edges[1].min(y),
                    edges[2].max(x),
                    edges[3].max(y),
                ];
            }
            sum += coverage;
        });
        (sum, edges)
    }

    #[test]
    fn letters_stand_where_their_measures_say() {
        let typeface = Typeface::new(Weight::Regular).unwrap();
        for text in ["Harbour", "出口", "Ærø café", "Привет"] {
            let (sum, [left, top, right, bottom]) = ink(text, 1.0);
            assert!(sum > 200.0, "{text}: {sum}");
            let [above, below] = typeface.reach(text).map(|edge| 100.0 + edge * 64.0);
            let end = 10.0 + typeface.width(text) * 64.0;
            assert!(
                left >= 10 && right as f32 <= end,
                "{text}: {left} to {right}"
            );
            assert!(
                top as f32 >= above - 1.0 && bottom as f32 <= below,
                "{text}"
            );
        }
        assert!(typeface.width("WAVE") < typeface.width("W") + 3.0 * typeface.width("A"));
        assert!((typeface.width("出口") - 2.0).abs() < f32::EPSILON);
    }

    #[test]
    fn bold_is_heavier_and_squeezed_is_narrower() {
        let heavy = |weight| {
            let mut sum = 0.0;
            let stand = Stand {
                left: 0.0,
                baseline: 50.0,
                size: 50.0,
                squeeze: 1.0,
            };
            let typeface = Typeface::new(weight).unwrap();
            typeface.set("Exit", stand, |_, _, coverage| sum += coverage);
            sum
        };
        assert!(heavy(Weight::Bold) > 1.2 * heavy(Weight::Regular));
        for text in ["Exit", "出"] {
            let (wide, narrow) = (ink(text, 1.0).1, ink(text, 0.5).1);
            assert!(
                (narrow[2] - narrow[0]) * 2 <= wide[2] - wide[0] + 3,
                "{text}"
            );
            assert_eq!(narrow[3], wide[3], "{text}");
        }
    }

    #[test]
    fn what_has_no_letter_is_marked_and_what_is_no_letter_left_out() {
        let typeface = Typeface::new(Weight::Bold).unwrap();
        assert!(ink("\u{1F6B2}", 1.0).0 > 50.0, "beyond the basic plane");
        assert_eq!(typeface.width("\n\t"), 0.0);
        assert_eq!(typeface.reach(""), [0.0, 0.0]);
        assert_eq!(ink(" ", 1.0).0, 0.0);
    }
}
