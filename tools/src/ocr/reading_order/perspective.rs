//! Straightens what perspective bends: in a photograph taken at a slant, lines and the edges of columns converge.
//!
//! Both are measured on the lines alone. How much lines rise or fall is taken to change evenly from the top of the page to
//! its foot, how much the left edges of columns lean to change evenly from its left to its right: a good approximation of
//! perspective for the small angles at which text can still be read.

use super::frame::{Item, median};

/// Fewer lines than this say nothing about how they change over the page.
const ENOUGH_LINES: usize = 4;
/// An edge is followed from line to line if the next one begins no more than this to the left or right, in line heights...
const STEP: f64 = 0.3;
/// ... and no more than this below.
const REACH: f64 = 2.5;

/// What one line or edge says: its slope, where on the page, and how much that counts.
#[derive(Debug, Clone, Copy)]
pub(super) struct Slope {
    pub(super) at: f64,
    pub(super) value: f64,
    pub(super) weight: f64,
}

/// Moves the items of a page to where they would be if it had been seen from straight above.
pub(super) fn straighten(items: &mut [Item], lines: &[Slope]) {
    let centre = |item: &Item| (item.left + item.right) / 2.0;
    let axis = median(items.iter().map(centre).collect());
    if lines.len() >= ENOUGH_LINES {
        let rise = Trend::of(lines);
        for item in items.iter_mut() {
            item.middle -= rise.at(item.middle) * (centre(item) - axis);
        }
    }
    let edges = edges(items);
    if !edges.is_empty() {
        let lean = Trend::of(&edges);
        let axis = median(items.iter().map(|item| item.middle).collect());
        for item in items.iter_mut() {
            let down = item.middle - axis;
            item.left -= lean.at(item.left) * down;
            item.right -= lean.at(item.right) * down;
        }
    }
}

/// The slopes of the left edges of text: lines below each other that begin at about the same place.
fn edges(items: &[Item]) -> Vec<Slope> {
    let mut sorted: Vec<&Item> = items.iter().collect();
    sorted.sort_by(|a, b| {
        a.middle
            .total_cmp(&b.middle)
            .then(a.left.total_cmp(&b.left))
            .then(a.index.cmp(&b.index))
    });
    let mut open: Vec<Vec<&Item>> = Vec::new();
    let mut closed: Vec<Vec<&Item>> = Vec::new();
    for item in sorted {
        let is_below =
            |last: &Item| (item.left - last.left).abs() <= STEP * item.height.min(last.height);
        let in_reach = |last: &Item| item.middle - last.middle <= REACH * last.height;
        let (still, ended) = open
            .into_iter()
            .partition(|edge: &Vec<&Item>| edge.last().is_some_and(|last| in_reach(last)));
        open = still;
        closed.extend(ended);
        match open
            .iter_mut()
            .find(|edge| edge.last().is_some_and(|last| is_below(last)))
        {
            Some(edge) => edge.push(item),
            None => open.push(vec![item]),
        }
    }
    closed.extend(open);
    closed
        .iter()
        .filter(|edge| edge.len() >= ENOUGH_LINES)
        .filter_map(|edge| slope(edge))
        .collect()
}

fn slope(edge: &[&Item]) -> Option<Slope> {
    let (first, last) = (edge.first()?, edge.last()?);
    let down = last.middle - first.middle;
    (down > 0.0).then(|| Slope {
        at: (first.left + last.left) / 2.0,
        value: (last.left - first.left) / down,
        weight: down * down,
    })
}

/// A weighted straight line through slopes; beyond what was seen it does not go on growing.
struct Trend {
    centre: f64,
    value: f64,
    change: f64,
    range: (f64, f64),
}

impl Trend {
    fn of(slopes: &[Slope]) -> Self {
        let weight: f64 = slopes.iter().map(|slope| slope.weight).sum();
        let mean = |value: fn(&Slope) -> f64| {
            slopes
                .iter()
                .map(|slope| value(slope) * slope.weight)
                .sum::<f64>()
                / weight.max(f64::MIN_POSITIVE)
        };
        let (centre, value) = (mean(|slope| slope.at), mean(|slope| slope.value));
        let spread: f64 = slopes
            .iter()
            .map(|slope| (slope.at - centre).powi(2) * slope.weight)
            .sum();
        let shared: f64 = slopes
            .iter()
            .map(|slope| (slope.at - centre) * (slope.value - value) * slope.weight)
            .sum();
        let range = slopes.iter().fold(
            (f64::INFINITY, f64::NEG_INFINITY),
            |(least, most), slope| (least.min(slope.value), most.max(slope.value)),
        );
        Self {
            centre,
            value,
            change: if spread > 0.0 { shared / spread } else { 0.0 },
            range,
        }
    }

    fn at(&self, place: f64) -> f64 {
        (self.value + self.change * (place - self.centre))
            .max(self.range.0)
            .min(self.range.1)
    }
}
