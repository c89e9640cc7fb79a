//! The flat plate on which a line of text stands, whichever way it lies in the picture.

use image::{RgbaImage, math::Rect};
use imageproc::geometric_transformations::Projection;
use medley_orchestrator::Region;

use super::surface::Written;
use crate::pictures::shape::Shape;

/// How far in pixels what is covered fades into what is around it.
const FADE: f32 = 1.5;

/// Shorter sides than this, in pixels, hold no text.
const LEAST_SIDE: f32 = 2.0;

/// A plate of `width` by `height` pixels: the four corners of a region, seen straight from the front.
pub(super) struct Plate {
    pub(super) width: f32,
    pub(super) height: f32,
    /// From places in the picture to places on the plate, both in pixels.
    onto: Projection,
    outline: Shape,
}

impl Plate {
    /// The plate of a region in a picture of `size`, or `None` where it is too small or too bent to be one, or does not
    /// lie in the picture.
    pub(super) fn of(region: &Region, size: (u32, u32)) -> Option<Self> {
        let corners = corners_of(region, size);
        let [a, b, c, d] = corners;
        let long = |from: [f32; 2], to: [f32; 2]| (to[0] - from[0]).hypot(to[1] - from[1]);
        let width = f32::midpoint(long(a, b), long(d, c));
        let height = f32::midpoint(long(a, d), long(b, c));
        // False for what is not a number, too.
        if !(width >= LEAST_SIDE && height >= LEAST_SIDE) {
            return None;
        }
        // What lies in the picture is no larger; what is takes more memory than the picture has shown to be there.
        if width * height > 2.0 * size.0 as f32 * size.1 as f32 {
            return None;
        }
        let front = [(0.0, 0.0), (width, 0.0), (width, height), (0.0, height)];
        let onto = Projection::from_control_points(corners.map(|[x, y]| (x, y)), front)?;
        Some(Self {
            width,
            height,
            onto,
            outline: Shape::of(&Region {
                polygon: Some(corners.to_vec()),
                ..region.clone()
            }),
        })
    }

    /// The upright rectangle around the plate, in pixels; `None` if it has none in the picture.
    pub(super) fn area(&self, layer: &RgbaImage) -> Option<Rect> {
        self.outline.pixels(FADE, layer.width(), layer.height())
    }

    /// The pixels of that rectangle.
    pub(super) fn pixels(&self, layer: &RgbaImage) -> impl Iterator<Item = (u32, u32)> + use<> {
        self.area(layer).into_iter().flat_map(|area| {
            (area.y..area.y + area.height)
                .flat_map(move |y| (area.x..area.x + area.width).map(move |x| (x, y)))
        })
    }

    /// Where on the plate the centre of a pixel lies, and how deep inside it, in pixels; outside that is below zero.
    pub(super) fn seen_from(&self, x: u32, y: u32) -> ([f32; 2], f32) {
        let (across, down) = self.onto * (x as f32 + 0.5, y as f32 + 0.5);
        let depths = [across, self.width - across, down, self.height - down];
        let depth = depths.into_iter().fold(f32::INFINITY, f32::min);
        ([across, down], depth)
    }

    /// How much of a pixel belongs to the plate.
    pub(super) fn coverage(depth: f32) -> f32 {
        (1.0 + depth / FADE).clamp(0.0, 1.0)
    }

    /// The places in the picture of the left and the right end of what is written on the plate.
    pub(super) fn ends(&self, written: Option<Written>) -> [[f32; 2]; 2] {
        let (left, right) =
            written.map_or((0.0, self.width), |written| (written.left, written.right));
        [left, right].map(|across| self.in_picture([across, self.height / 2.0]).into())
    }

    /// How far other ends are from those of what is written here, along the text: the left ones, the middles, the right ones.
    pub(super) fn off(&self, written: Option<Written>, other: [[f32; 2]; 2]) -> [f32; 3] {
        let own = self.ends(written);
        let (across, down) = (own[1][0] - own[0][0], own[1][1] - own[0][1]);
        let long = across.hypot(down).max(f32::MIN_POSITIVE);
        let [left, right] = [0, 1].map(|end| {
            let (along, beside) = (other[end][0] - own[end][0], other[end][1] - own[end][1]);
            (along * across + beside * down) / long
        });
        [left, f32::midpoint(left, right), right]
    }

    /// The place in the picture of a place on the plate.
    pub(super) fn in_picture(&self, place: [f32; 2]) -> (f32, f32) {
        self.onto.invert() * (place[0], place[1])
    }
}

/// The four corners in the direction of the text: those of the outline where it has four, else those of the box, as far as
/// it lies in the picture.
fn corners_of(region: &Region, (wide, high): (u32, u32)) -> [[f32; 2]; 4] {
    let [x, y, width, height] = region.bounds;
    let (left, right) = (x.max(0.0), (x + width).min(wide as f32));
    let (top, bottom) = (y.max(0.0), (y + height).min(high as f32));
    region
        .polygon
        .as_deref()
        .and_then(|points| points.try_into().ok())
        .unwrap_or([[left, top], [right, top], [right, bottom], [left, bottom]])
}
