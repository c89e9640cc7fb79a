//! Quadrilaterals around text: the smallest rectangle around points, growing it, ordering its
//! corners. Plain geometry, in pixels; knows nothing of models or pictures.

use std::f64::consts::PI;

use imageproc::geometry::convex_hull;
use imageproc::point::Point as GridPoint;

/// A point `[x, y]` in pixels.
pub(super) type Point = [f32; 2];

/// Four corners, clockwise on the screen (y grows downwards).
pub(super) type Quad = [Point; 4];

/// The distance between two points.
pub(super) fn distance(a: Point, b: Point) -> f32 {
    (a[0] - b[0]).hypot(a[1] - b[1])
}

/// Width and height of the upright picture that shows what is inside `quad`: the longer of each
/// pair of opposite sides.
pub(super) fn size(quad: &Quad) -> (f32, f32) {
    let [a, b, c, d] = *quad;
    (
        distance(a, b).max(distance(c, d)),
        distance(a, d).max(distance(b, c)),
    )
}

/// The corners of a quadrilateral in order: top left, top right, bottom right, bottom left.
///
/// The two leftmost points are the left side, as in the reference implementation of PP-OCR.
pub(super) fn in_order(mut corners: Quad) -> Quad {
    corners.sort_by(|a, b| a[0].total_cmp(&b[0]));
    let [mut a, mut b, mut c, mut d] = corners;
    if b[1] < a[1] {
        (a, b) = (b, a);
    }
    if d[1] < c[1] {
        (c, d) = (d, c);
    }
    [a, c, d, b]
}

/// `quad` starting at another corner: each turn makes the next corner clockwise the first.
pub(super) fn turned(quad: Quad, turns: usize) -> Quad {
    let mut quad = quad;
    quad.rotate_left(turns % 4);
    quad
}

/// The rectangle of least area around grid points, and the length of its shorter side.
///
/// One of its sides lies on a side of the convex hull (Freeman and Shapira, 1975). `None` without
/// points.
pub(super) fn smallest_rectangle(points: Vec<GridPoint<i32>>) -> Option<(Quad, f32)> {
    let hull: Vec<(f64, f64)> = convex_hull(points)
        .into_iter()
        .map(|point| (f64::from(point.x), f64::from(point.y)))
        .collect();
    let first = *hull.first()?;
    let mut best: Option<(f64, Quad, f64)> = None;
    for (index, &from) in hull.iter().enumerate() {
        let to = hull.get(index + 1).copied().unwrap_or(first);
        let length = (to.0 - from.0).hypot(to.1 - from.1);
        // A single point has no direction; any will do.
        let (ux, uy) = if length > 0.0 {
            ((to.0 - from.0) / length, (to.1 - from.1) / length)
        } else {
            (1.0, 0.0)
        };
        let mut along = (f64::INFINITY, f64::NEG_INFINITY);
        let mut across = along;
        for &(x, y) in &hull {
            let (u, v) = (x * ux + y * uy, y * ux - x * uy);
            along = (along.0.min(u), along.1.max(u));
            across = (across.0.min(v), across.1.max(v));
        }
        let (width, height) = (along.1 - along.0, across.1 - across.0);
        if best.is_none_or(|(area, ..)| width * height < area) {
            let corner = |u: f64, v: f64| [(u * ux - v * uy) as f32, (u * uy + v * ux) as f32];
            let corners = [
                corner(along.0, across.0),
                corner(along.1, across.0),
                corner(along.1, across.1),
                corner(along.0, across.1),
            ];
            best = Some((width * height, in_order(corners), width.min(height)));
        }
    }
    best.map(|(_, quad, short)| (quad, short as f32))
}

/// Grid points on the outline of `quad` grown by `margin` pixels with round corners.
///
/// Corners are cut to whole pixels before and rounded after, as the integer polygon clipper does
/// that the reference implementation grows its boxes with.
pub(super) fn grown_outline(quad: &Quad, margin: f64) -> Vec<GridPoint<i32>> {
    let corners = quad.map(|[x, y]| (f64::from(x.trunc()), f64::from(y.trunc())));
    // Steps of a full circle that keep the chord within a quarter of a pixel of the arc.
    let steps = if margin > 0.25 {
        PI / (1.0 - 0.25 / margin).acos()
    } else {
        4.0
    };
    let mut outline = Vec::new();
    for (index, &(x, y)) in corners.iter().enumerate() {
        let normal = |from: usize, to: usize| {
            let (from, to) = (corners[from % 4], corners[to % 4]);
            (from.0 - to.0).atan2(to.1 - from.1)
        };
        let arriving = normal(index + 3, index);
        let sweep = (normal(index, index + 1) - arriving).rem_euclid(2.0 * PI);
        let count = (steps * sweep / (2.0 * PI)).round().max(1.0);
        for step in 0..=count as usize {
            let angle = arriving + sweep * step as f64 / count;
            outline.push(GridPoint::new(
                (x + margin * angle.cos()).round() as i32,
                (y + margin * angle.sin()).round() as i32,
            ));
        }
    }
    outline
}

/// Area over perimeter of a quadrilateral, in pixels; 0 where it has no extent.
pub(super) fn thickness(quad: &Quad) -> f64 {
    let mut twice_area = 0.0;
    let mut perimeter = 0.0;
    for (index, a) in quad.iter().enumerate() {
        let b = quad[(index + 1) % 4];
        twice_area += f64::from(a[0]) * f64::from(b[1]) - f64::from(b[0]) * f64::from(a[1]);
        perimeter += f64::from(distance(*a, b));
    }
    if perimeter > 0.0 {
        twice_area.abs() / 2.0 / perimeter
    } else {
        0.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grid(points: &[(i32, i32)]) -> Vec<GridPoint<i32>> {
        points.iter().map(|&(x, y)| GridPoint::new(x, y)).collect()
    }

    #[test]
    fn corners_start_at_the_top_left_and_go_clockwise() {
        let quad = in_order([[10.0, 5.0], [0.0, 0.0], [10.0, 0.0], [0.0, 5.0]]);
        assert_eq!(quad, [[0.0, 0.0], [10.0, 0.0], [10.0, 5.0], [0.0, 5.0]]);
        assert_eq!(turned(quad, 1)[0], [10.0, 0.0]);
        assert_eq!(turned(quad, 6)[0], [10.0, 5.0]);
    }

    #[test]
    fn the_smallest_rectangle_follows_slanted_points() {
        let diamond = grid(&[(10, 0), (40, 30), (30, 40), (0, 10), (20, 20)]);
        let (quad, short) = smallest_rectangle(diamond).unwrap();
        assert!((short - 200f32.sqrt()).abs() < 1e-3, "{short}");
        let (width, height) = size(&quad);
        assert!((width.max(height) - 1800f32.sqrt()).abs() < 1e-3);
    }

    #[test]
    fn degenerate_points_have_a_rectangle_without_extent() {
        assert!(smallest_rectangle(Vec::new()).is_none());
        let (quad, short) = smallest_rectangle(grid(&[(3, 4)])).unwrap();
        assert_eq!((quad[0], short), ([3.0, 4.0], 0.0));
        let (_, short) = smallest_rectangle(grid(&[(3, 4), (9, 4), (5, 4)])).unwrap();
        assert_eq!(short, 0.0);
    }

    #[test]
    fn a_grown_rectangle_gains_the_margin_on_every_side() {
        let quad = [[10.0, 10.0], [50.0, 10.0], [50.0, 20.0], [10.0, 20.0]];
        assert_eq!(thickness(&quad), 4.0);
        let (grown, short) = smallest_rectangle(grown_outline(&quad, 6.4)).unwrap();
        assert_eq!(grown, [[4.0, 4.0], [56.0, 4.0], [56.0, 26.0], [4.0, 26.0]]);
        assert_eq!(short, 22.0);
    }
}
