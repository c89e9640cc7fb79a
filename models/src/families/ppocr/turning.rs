//! Quarter turns of a whole page.
//!
//! Detector and recogniser expect upright pages, and the orientation model only tells a line from
//! its half turn, with doubts. A page has more to say than its lines: most boxes are taller than
//! wide when it lies on its side, and whichever way the recogniser is surer is up.

use std::borrow::Cow;

use image::{RgbImage, imageops};

use super::geometry::Quad;

/// How a picture has to be turned to stand upright.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Turn {
    None,
    Clockwise,
    Half,
    Counterclockwise,
}

impl Turn {
    pub(super) fn apply(self, picture: &RgbImage) -> Cow<'_, RgbImage> {
        match self {
            Self::None => Cow::Borrowed(picture),
            Self::Clockwise => Cow::Owned(imageops::rotate90(picture)),
            Self::Half => Cow::Owned(imageops::rotate180(picture)),
            Self::Counterclockwise => Cow::Owned(imageops::rotate270(picture)),
        }
    }

    /// A box of the turned picture in pixels of the picture before, `width` times `height` large.
    pub(super) fn undo(self, quad: Quad, width: u32, height: u32) -> Quad {
        let (width, height) = (width as f32, height as f32);
        quad.map(|[x, y]| match self {
            Self::None => [x, y],
            Self::Clockwise => [y, height - x],
            Self::Half => [width - x, height - y],
            Self::Counterclockwise => [width - y, x],
        })
    }

    /// This turn and another one after it.
    pub(super) fn and(self, other: Self) -> Self {
        let quarters = |turn| match turn {
            Self::None => 0,
            Self::Clockwise => 1,
            Self::Half => 2,
            Self::Counterclockwise => 3,
        };
        match (quarters(self) + quarters(other)) % 4 {
            0 => Self::None,
            1 => Self::Clockwise,
            2 => Self::Half,
            _ => Self::Counterclockwise,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::Rgb;

    const TURNS: [Turn; 4] = [
        Turn::None,
        Turn::Clockwise,
        Turn::Half,
        Turn::Counterclockwise,
    ];

    #[test]
    fn boxes_of_a_turned_picture_come_back() {
        let mut picture = RgbImage::new(30, 20);
        picture.put_pixel(4, 7, Rgb([255, 0, 0]));
        for turn in TURNS {
            let turned = turn.apply(&picture);
            let (x, y, _) = turned
                .enumerate_pixels()
                .find(|(_, _, pixel)| pixel[0] == 255)
                .unwrap();
            let centre = [x as f32 + 0.5, y as f32 + 0.5];
            assert_eq!(turn.undo([centre; 4], 30, 20), [[4.5, 7.5]; 4], "{turn:?}");
        }
    }

    #[test]
    fn turns_add_up() {
        assert_eq!(Turn::Clockwise.and(Turn::Counterclockwise), Turn::None);
        assert_eq!(Turn::Half.and(Turn::Clockwise), Turn::Counterclockwise);
        for turn in TURNS {
            assert_eq!(turn.and(Turn::None), turn);
        }
    }
}
