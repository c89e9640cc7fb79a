//! From the map of text probability to boxes: the post-processing of Differentiable Binarization
//! (Liao et al., 2020, section 3.4), with the constants of PP-OCR.
//!
//! Knows nothing of the model; the map is a plain slice.

use image::{GrayImage, Luma};
use imageproc::contours::{BorderType, find_contours};
use imageproc::point::Point as GridPoint;

use super::geometry::{self, Quad};

/// Probability above which a pixel belongs to text.
const PIXEL_THRESHOLD: f32 = 0.3;
/// Mean probability that a box must reach.
const BOX_THRESHOLD: f64 = 0.5;
/// How far a box grows, as a multiple of its area over its perimeter: the network is trained on
/// shrunken boxes.
const GROWTH: f64 = 1.6;
/// Shortest side of a box before it grows, in pixels of the map; two more after.
const MIN_SIDE: f32 = 3.0;
/// Shortest side of a finished box, in pixels of the picture.
const MIN_BOX_SIDE: f32 = 3.0;
/// Bound on the boxes of one picture, against noise.
const MAX_BOXES: usize = 1000;

/// The model's answer: the probability that a pixel is text, row by row.
pub(super) struct TextMap<'a> {
    pub(super) width: usize,
    pub(super) height: usize,
    /// `width * height` probabilities, 0 to 1.
    pub(super) values: &'a [f32],
}

impl TextMap<'_> {
    /// Boxes around text in a picture of `width` times `height` pixels that the map stands for,
    /// from top to bottom and left to right within a line.
    pub(super) fn boxes(&self, width: u32, height: u32) -> Vec<Quad> {
        let Some(mask) = self.framed_mask() else {
            return Vec::new();
        };
        let mut boxes: Vec<Quad> = find_contours::<i32>(&mask)
            .into_iter()
            // A hole's border lies inside a region whose outer border is in the list as well.
            .filter(|contour| contour.border_type == BorderType::Outer)
            .filter_map(|contour| self.candidate(contour.points))
            .filter_map(|quad| self.in_picture(quad, width, height))
            .take(MAX_BOXES)
            .collect();
        sort_by_line(&mut boxes);
        boxes
    }

    /// The pixels of text, thickened by one to the right and downwards, with an empty frame of one
    /// pixel around, because border following misses regions that touch the edge.
    fn framed_mask(&self) -> Option<GrayImage> {
        if self.width == 0 || self.height == 0 || self.values.len() != self.width * self.height {
            return None;
        }
        let width = u32::try_from(self.width).ok()?.checked_add(2)?;
        let height = u32::try_from(self.height).ok()?.checked_add(2)?;
        let mut mask = GrayImage::new(width, height);
        for (y, row) in (1..).zip(self.values.chunks_exact(self.width)) {
            for (x, &value) in (1..).zip(row) {
                if value > PIXEL_THRESHOLD {
                    for (x, y) in [(x, y), (x + 1, y), (x, y + 1), (x + 1, y + 1)] {
                        if x + 1 < width && y + 1 < height {
                            mask.put_pixel(x, y, Luma([255]));
                        }
                    }
                }
            }
        }
        Some(mask)
    }

    /// The grown rectangle around a region, in pixels of the map, if the region looks like text.
    fn candidate(&self, mut points: Vec<GridPoint<i32>>) -> Option<Quad> {
        for point in &mut points {
            *point -= GridPoint::new(1, 1);
        }
        let (quad, short) = geometry::smallest_rectangle(points)?;
        if short < MIN_SIDE || self.mean_inside(&quad) < BOX_THRESHOLD {
            return None;
        }
        let margin = geometry::thickness(&quad) * GROWTH;
        let (grown, short) = geometry::smallest_rectangle(geometry::grown_outline(&quad, margin))?;
        (short >= MIN_SIDE + 2.0).then_some(grown)
    }

    /// The mean probability inside a convex quadrilateral, its outline included.
    fn mean_inside(&self, quad: &Quad) -> f64 {
        let corners = quad.map(|[x, y]| (f64::from(x.trunc()), f64::from(y.trunc())));
        let clamp = |value: f64, limit: usize| value.clamp(0.0, limit as f64 - 1.0) as usize;
        let lowest = corners.iter().map(|c| c.1).fold(f64::INFINITY, f64::min);
        let highest = corners.iter().map(|c| c.1).fold(0.0, f64::max);
        let (mut sum, mut count) = (0.0, 0usize);
        for y in clamp(lowest, self.height)..=clamp(highest, self.height) {
            let Some((left, right)) = span(&corners, y as f64) else {
                continue;
            };
            let start = y * self.width;
            let (left, right) = (clamp(left, self.width), clamp(right, self.width));
            let row = &self.values[start + left..=start + right];
            sum += row.iter().map(|&value| f64::from(value)).sum::<f64>();
            count += row.len();
        }
        if count == 0 { 0.0 } else { sum / count as f64 }
    }

    /// A box of the map in whole pixels of the picture, unless it is too small to hold text.
    fn in_picture(&self, quad: Quad, width: u32, height: u32) -> Option<Quad> {
        let (width, height) = (width as f32, height as f32);
        let scaled = quad.map(|[x, y]| {
            [
                (x / self.width as f32 * width).round_ties_even(),
                (y / self.height as f32 * height).round_ties_even(),
            ]
        });
        let quad = geometry::in_order(scaled.map(|[x, y]| {
            [
                x.clamp(0.0, (width - 1.0).max(0.0)),
                y.clamp(0.0, (height - 1.0).max(0.0)),
            ]
        }));
        let across = geometry::distance(quad[0], quad[1]).trunc();
        let down = geometry::distance(quad[0], quad[3]).trunc();
        (across > MIN_BOX_SIDE && down > MIN_BOX_SIDE).then_some(quad)
    }
}

/// Where a convex polygon crosses the row `y`: its leftmost and rightmost pixel there.
fn span(corners: &[(f64, f64); 4], y: f64) -> Option<(f64, f64)> {
    let mut span: Option<(f64, f64)> = None;
    for (index, &from) in corners.iter().enumerate() {
        let to = corners[(index + 1) % 4];
        if y < from.1.min(to.1) || y > from.1.max(to.1) {
            continue;
        }
        let ends = if from.1 == to.1 {
            (from.0.min(to.0), from.0.max(to.0))
        } else {
            let x = from.0 + (to.0 - from.0) * (y - from.1) / (to.1 - from.1);
            (x.round(), x.round())
        };
        span = Some(span.map_or(ends, |(left, right)| (left.min(ends.0), right.max(ends.1))));
    }
    span
}

/// Sorts boxes by their top left corners: from top to bottom, and from left to right among boxes
/// that follow each other within ten pixels.
fn sort_by_line(boxes: &mut [Quad]) {
    const LINE_STEP: f32 = 10.0;
    boxes.sort_by(|a, b| a[0][1].total_cmp(&b[0][1]));
    let by_x = |a: &Quad, b: &Quad| a[0][0].total_cmp(&b[0][0]);
    for line in boxes.chunk_by_mut(|a, b| b[0][1] - a[0][1] < LINE_STEP) {
        line.sort_by(by_x);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A map with rectangles `(left, top, right, bottom)`, ends included, of probability `value`.
    fn map(width: usize, height: usize, value: f32, areas: &[[usize; 4]]) -> Vec<f32> {
        let mut values = vec![0.0; width * height];
        for &[left, top, right, bottom] in areas {
            for y in top..=bottom {
                values[y * width + left..=y * width + right].fill(value);
            }
        }
        values
    }

    fn boxes(width: usize, height: usize, values: &[f32]) -> Vec<Quad> {
        let map = TextMap {
            width,
            height,
            values,
        };
        map.boxes(width as u32 * 2, height as u32 * 2)
    }

    #[test]
    fn a_region_grows_and_is_scaled_to_the_picture() {
        let values = map(200, 100, 0.9, &[[40, 40, 139, 59]]);
        // With the thickening it spans 100 x 20, so the margin is 1.6 * 2000 / 240 = 13.3.
        let expected = [[54.0, 54.0], [306.0, 54.0], [306.0, 146.0], [54.0, 146.0]];
        assert_eq!(boxes(200, 100, &values), [expected]);
    }

    #[test]
    fn weak_small_and_missing_regions_give_no_box() {
        assert!(boxes(200, 100, &map(200, 100, 0.4, &[[40, 40, 139, 59]])).is_empty());
        assert!(boxes(200, 100, &map(200, 100, 0.9, &[[40, 40, 41, 41]])).is_empty());
        assert!(boxes(200, 100, &map(200, 100, 0.9, &[])).is_empty());
        assert!(boxes(0, 0, &[]).is_empty());
        assert!(boxes(1, 1, &[1.0]).is_empty());
    }

    #[test]
    fn a_region_over_the_whole_map_is_found_and_stays_inside() {
        let found = boxes(40, 20, &map(40, 20, 1.0, &[[0, 0, 39, 19]]));
        assert_eq!(
            found,
            [[[0.0, 0.0], [79.0, 0.0], [79.0, 39.0], [0.0, 39.0]]]
        );
    }

    #[test]
    fn boxes_come_line_by_line() {
        let areas = [[110, 11, 150, 20], [10, 14, 50, 23], [10, 60, 50, 69]];
        let found = boxes(200, 100, &map(200, 100, 0.9, &areas));
        let lefts: Vec<bool> = found.iter().map(|quad| quad[0][0] < 100.0).collect();
        assert_eq!(lefts, [true, false, true]);
        assert!(found[2][0][1] > found[0][0][1]);
    }
}
