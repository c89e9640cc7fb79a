//! Turns the page upright: polygons in the picture become upright boxes along the direction of the text.
//!
//! Knows nothing of columns and rows.

use std::f64::consts::{FRAC_PI_4, PI, TAU};

use super::Line;
use super::perspective::{self, Slope};

/// Below this ratio of length to height a line's direction says little: one digit is as high as it is long.
const DIRECTED: f64 = 1.5;
/// Lines that lie further off the page's direction, in radians, are a page of their own.
const SAME_DIRECTION: f64 = FRAC_PI_4;
/// Bins of the histogram of directions, five degrees each.
const BINS: usize = 72;

/// A line on the upright page. Units are pixels; `middle` grows downwards.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Item {
    pub(super) index: usize,
    pub(super) left: f64,
    pub(super) right: f64,
    pub(super) middle: f64,
    pub(super) height: f64,
}

impl Item {
    pub(super) fn width(&self) -> f64 {
        self.right - self.left
    }

    pub(super) fn top(&self) -> f64 {
        self.middle - self.height / 2.0
    }

    pub(super) fn bottom(&self) -> f64 {
        self.middle + self.height / 2.0
    }
}

/// The lines by direction, the direction of most text first, each group sorted from the top down.
///
/// Lines without a place on the page (coordinates that are not finite) come last, each alone.
pub(super) fn groups(lines: &[Line<'_>]) -> Vec<Vec<Item>> {
    let measures = lines
        .iter()
        .enumerate()
        .map(|(index, line)| Measure::of(index, line));
    let (placed, lost): (Vec<Measure>, Vec<Measure>) = measures.partition(Measure::is_finite);
    let (mut rest, mut undirected): (Vec<Measure>, Vec<Measure>) = placed
        .into_iter()
        .partition(|line| line.length >= DIRECTED * line.height);
    if rest.is_empty() {
        std::mem::swap(&mut rest, &mut undirected);
    }
    let mut groups = Vec::new();
    while !rest.is_empty() {
        let angle = dominant_angle(&rest);
        let (mut along, across): (Vec<Measure>, Vec<Measure>) = rest
            .into_iter()
            .partition(|line| turn(angle, line.angle).abs() <= SAME_DIRECTION);
        let slopes: Vec<Slope> = along.iter().map(|line| line.slope(angle)).collect();
        along.append(&mut undirected);
        let mut items: Vec<Item> = along.iter().map(|line| line.upright(angle)).collect();
        perspective::straighten(&mut items, &slopes);
        items.sort_by(|a, b| {
            a.middle
                .total_cmp(&b.middle)
                .then(a.left.total_cmp(&b.left))
                .then(a.index.cmp(&b.index))
        });
        groups.push(items);
        // A direction that holds none of its own lines cannot be; stop rather than go round for ever.
        if across.len() >= lines.len() {
            break;
        }
        rest = across;
    }
    groups.extend(lost.iter().map(|line| {
        vec![Item {
            index: line.index,
            left: 0.0,
            right: 0.0,
            middle: 0.0,
            height: 0.0,
        }]
    }));
    groups
}

/// The middle of the values, the upper one of two; 0 if there are none.
pub(super) fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(0.0)
}

/// A polygon with its direction (radians, clockwise as seen), length along it and height across it.
struct Measure {
    index: usize,
    corners: [[f64; 2]; 4],
    angle: f64,
    length: f64,
    height: f64,
}

impl Measure {
    fn of(index: usize, line: &Line<'_>) -> Self {
        let corners = line.polygon.map(|point| point.map(f64::from));
        let [a, b, c, d] = corners;
        let along = [
            (b[0] - a[0] + c[0] - d[0]) / 2.0,
            (b[1] - a[1] + c[1] - d[1]) / 2.0,
        ];
        let across = [
            (d[0] - a[0] + c[0] - b[0]) / 2.0,
            (d[1] - a[1] + c[1] - b[1]) / 2.0,
        ];
        let length = along[0].hypot(along[1]);
        Self {
            index,
            corners,
            angle: along[1].atan2(along[0]),
            length,
            height: across[0].hypot(across[1]),
        }
    }

    fn is_finite(&self) -> bool {
        self.corners.iter().flatten().all(|value| value.is_finite())
    }

    /// How much the line still rises or falls on a page whose text runs at `angle`. Long lines tell it exactly.
    fn slope(&self, angle: f64) -> Slope {
        Slope {
            at: self.upright(angle).middle,
            value: turn(angle, self.angle).tan(),
            weight: self.length * self.length,
        }
    }

    /// The line on a page whose text runs at `angle`.
    fn upright(&self, angle: f64) -> Item {
        let (sine, cosine) = angle.sin_cos();
        let x = self
            .corners
            .map(|point| point[0] * cosine + point[1] * sine);
        let y = self
            .corners
            .map(|point| point[1] * cosine - point[0] * sine);
        let middle = y.iter().sum::<f64>() / 4.0;
        let ends = if turn(angle, self.angle).abs() <= SAME_DIRECTION
            && self.length >= DIRECTED * self.height
        {
            [(x[0] + x[3]) / 2.0, (x[1] + x[2]) / 2.0, self.height]
        } else {
            let least = |values: [f64; 4]| values.into_iter().fold(f64::INFINITY, f64::min);
            let most = |values: [f64; 4]| values.into_iter().fold(f64::NEG_INFINITY, f64::max);
            [least(x), most(x), most(y) - least(y)]
        };
        Item {
            index: self.index,
            left: ends[0].min(ends[1]),
            right: ends[0].max(ends[1]),
            middle,
            height: ends[2],
        }
    }
}

/// The angle of most text: the fullest place of a histogram weighted by length, then the weighted median around it.
fn dominant_angle(lines: &[Measure]) -> f64 {
    let mut histogram = [0.0; BINS];
    for line in lines {
        histogram[bin(line.angle)] += line.length;
    }
    let around = |centre: usize| {
        (0..5)
            .map(|offset| histogram[(centre + BINS + offset - 2) % BINS])
            .sum::<f64>()
    };
    let fullest = (0..BINS)
        .max_by(|&a, &b| around(a).total_cmp(&around(b)).then(b.cmp(&a)))
        .unwrap_or(0);
    let centre = fullest as f64 / BINS as f64 * TAU;
    let mut near: Vec<(f64, f64)> = lines
        .iter()
        .map(|line| (turn(centre, line.angle), line.length))
        .filter(|(off, _)| off.abs() <= SAME_DIRECTION / 2.0)
        .collect();
    near.sort_by(|a, b| a.0.total_cmp(&b.0));
    let half = near.iter().map(|(_, weight)| weight).sum::<f64>() / 2.0;
    let mut below = 0.0;
    for (off, weight) in near {
        below += weight;
        if below >= half {
            return centre + off;
        }
    }
    centre
}

fn bin(angle: f64) -> usize {
    (angle.rem_euclid(TAU) / TAU * BINS as f64).round() as usize % BINS
}

/// The turn from one direction to another, in -PI..=PI.
fn turn(from: f64, to: f64) -> f64 {
    (to - from + PI).rem_euclid(TAU) - PI
}
