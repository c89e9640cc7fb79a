//! Which pixels a box or an outline covers.

use image::math::Rect;
use medley_orchestrator::{BoundingBox, Region};

/// Half the diagonal of a pixel: an edge that is nearer than this to a pixel's centre may touch the pixel.
const PIXEL_REACH: f32 = std::f32::consts::FRAC_1_SQRT_2;

/// The pixels of a picture of `width` by `height` whose edges are nearest to those of `bounds`: at least one pixel, or
/// `None` if `bounds` lies outside.
pub(super) fn nearest_pixels(bounds: BoundingBox, width: u32, height: u32) -> Option<Rect> {
    let (left, right) = nearest_span(bounds.x, bounds.width, width)?;
    let (top, bottom) = nearest_span(bounds.y, bounds.height, height)?;
    Some(Rect {
        x: left,
        y: top,
        width: right - left,
        height: bottom - top,
    })
}

fn nearest_span(start: f32, length: f32, limit: u32) -> Option<(u32, u32)> {
    let (start, end, most) = (
        f64::from(start),
        f64::from(start) + f64::from(length),
        f64::from(limit),
    );
    if end <= 0.0 || start >= most {
        return None;
    }
    let first = (start.round().clamp(0.0, most - 1.0)) as u32;
    let last = (end.round().clamp(0.0, most)) as u32;
    Some((first, last.max(first + 1)))
}

/// An outline, closed from its last point to its first.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Shape {
    points: Vec<[f32; 2]>,
}

impl Shape {
    /// The outline of a region: its polygon, or its box where it has none.
    pub(super) fn of(region: &Region) -> Self {
        let polygon = region.polygon.iter().find(|points| {
            points.len() >= 3 && points.iter().flatten().all(|value| value.is_finite())
        });
        match polygon {
            Some(points) => Self {
                points: points.clone(),
            },
            None => Self::rectangle(region.bounds),
        }
    }

    fn rectangle([x, y, width, height]: [f32; 4]) -> Self {
        let (right, bottom) = (x + width, y + height);
        Self {
            points: vec![[x, y], [right, y], [right, bottom], [x, bottom]],
        }
    }

    /// The edges, each from one point to the next.
    pub(super) fn edges(&self) -> impl Iterator<Item = ([f32; 2], [f32; 2])> + '_ {
        let next = self.points.iter().cycle().skip(1);
        self.points.iter().copied().zip(next.copied())
    }

    /// The upright rectangle of all pixels within `margin` of the shape, or `None` if there are none in the picture.
    pub(super) fn pixels(&self, margin: f32, width: u32, height: u32) -> Option<Rect> {
        let span = |axis: usize, limit: u32| {
            let values = self.points.iter().map(|point| point[axis]);
            let least = values.clone().fold(f32::INFINITY, f32::min) - margin;
            let most = values.fold(f32::NEG_INFINITY, f32::max) + margin;
            let first = least.floor().clamp(0.0, limit as f32) as u32;
            let end = most.ceil().clamp(0.0, limit as f32) as u32;
            (first < end).then_some((first, end))
        };
        let (left, right) = span(0, width)?;
        let (top, bottom) = span(1, height)?;
        Some(Rect {
            x: left,
            y: top,
            width: right - left,
            height: bottom - top,
        })
    }

    /// Whether any part of the pixel may lie in the shape; in doubt, yes.
    pub(super) fn touches(&self, x: u32, y: u32) -> bool {
        let centre = [x as f32 + 0.5, y as f32 + 0.5];
        self.winds_around(centre)
            || self
                .edges()
                .any(|(from, to)| distance(centre, from, to) < PIXEL_REACH)
    }

    /// The non-zero winding rule: an outline that crosses itself leaves no holes.
    fn winds_around(&self, [x, y]: [f32; 2]) -> bool {
        let mut winding = 0;
        for (from, to) in self.edges() {
            let side = (to[0] - from[0]) * (y - from[1]) - (x - from[0]) * (to[1] - from[1]);
            if from[1] <= y && to[1] > y && side > 0.0 {
                winding += 1;
            } else if from[1] > y && to[1] <= y && side < 0.0 {
                winding -= 1;
            }
        }
        winding != 0
    }
}

/// The distance in pixels between a point and the line from `from` to `to`.
pub(super) fn distance(point: [f32; 2], from: [f32; 2], to: [f32; 2]) -> f32 {
    let along = [to[0] - from[0], to[1] - from[1]];
    let offset = [point[0] - from[0], point[1] - from[1]];
    let length = along[0] * along[0] + along[1] * along[1];
    let part = if length > 0.0 {
        ((offset[0] * along[0] + offset[1] * along[1]) / length).clamp(0.0, 1.0)
    } else {
        0.0
    };
    (offset[0] - part * along[0]).hypot(offset[1] - part * along[1])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_box_is_clamped_to_the_picture() {
        let pixels = |bounds: [f32; 4]| {
            nearest_pixels(bounds.into(), 100, 50)
                .map(|rect| (rect.x, rect.y, rect.width, rect.height))
        };
        assert_eq!(pixels([10.0, 5.0, 20.0, 10.0]), Some((10, 5, 20, 10)));
        assert_eq!(pixels([-10.0, 40.0, 20.0, 100.0]), Some((0, 40, 10, 10)));
        assert_eq!(pixels([10.4, 5.6, 0.1, 0.1]), Some((10, 6, 1, 1)));
        assert_eq!(pixels([99.9, 0.0, 0.05, 1.0]), Some((99, 0, 1, 1)));
        assert_eq!(pixels([100.0, 0.0, 10.0, 10.0]), None);
        assert_eq!(pixels([0.0, -10.0, 10.0, 10.0]), None);
    }

    #[test]
    fn a_slanted_shape_covers_what_it_touches_and_no_more() {
        let diamond = Shape {
            points: vec![[10.0, 0.0], [20.0, 10.0], [10.0, 20.0], [0.0, 10.0]],
        };
        assert!(diamond.touches(10, 10));
        assert!(diamond.touches(9, 0), "the tip");
        assert!(!diamond.touches(1, 1) && !diamond.touches(18, 18));
        let reversed = Shape {
            points: diamond.points.iter().rev().copied().collect(),
        };
        assert!(reversed.touches(10, 10));
        let rect = diamond.pixels(0.0, 15, 100).unwrap();
        assert_eq!((rect.x, rect.y, rect.width, rect.height), (0, 0, 15, 20));
    }

    #[test]
    fn a_broken_polygon_falls_back_to_the_box() {
        let region = Region {
            bounds: [1.0, 2.0, 3.0, 4.0],
            polygon: Some(vec![[0.0, 0.0], [f32::NAN, 1.0], [2.0, 2.0]]),
            ..Region::default()
        };
        assert_eq!(Shape::of(&region), Shape::rectangle([1.0, 2.0, 3.0, 4.0]));
    }
}
