//! Cuts a page into blocks along the gutters between columns of text.
//!
//! A gutter runs from one line that crosses it to the next one. Where more than one can be cut, the one with most lines beside it is.
//! Whether the text on its sides is columns is not decided here.
//!
//! Lengths are in units of the line height, so the size of the picture plays no part.

use super::evidence::separates_columns;
use super::frame::{Item, median};

/// A gutter is at least this wide.
const GUTTER: f64 = 0.5;
/// Only this share of it must be free: lines that end at the same place do so only nearly.
const SLACK: f64 = 0.8;
/// Rows at the head or foot of a column this far from the rest belong to the page (running titles, status lines).
const APART: f64 = 1.0;
/// At this distance they need not be short.
const FAR_APART: f64 = 1.2;
/// A page number is shorter than this, in line heights.
const PAGE_NUMBER: f64 = 3.0;
/// At most this many such rows at each end.
const OUTLYING_ROWS: usize = 3;
/// Fewer lines than this, both sides together, are not columns.
const FEWEST_LINES: usize = 4;

/// Lines that are read row by row.
pub(super) struct Block {
    pub(super) items: Vec<Item>,
    /// This block is the next column after the block before it.
    pub(super) next_column: bool,
}

/// Cuts items, sorted from the top down, into blocks in the order of reading.
pub(super) fn blocks(items: Vec<Item>) -> Vec<Block> {
    let mut blocks = Vec::new();
    cut(items, &mut blocks);
    blocks
}

fn cut(mut items: Vec<Item>, blocks: &mut Vec<Block>) {
    let Some(gutter) = find_gutter(&items) else {
        if !items.is_empty() {
            blocks.push(Block {
                items,
                next_column: false,
            });
        }
        return;
    };
    let below = items.split_off(gutter.end);
    let beside = items.split_off(gutter.start);
    let (left, right) = beside.into_iter().partition(|item| gutter.is_left(item));
    cut(items, blocks);
    cut(left, blocks);
    let next = blocks.len();
    cut(right, blocks);
    if let Some(block) = blocks.get_mut(next) {
        block.next_column = true;
    }
    cut(below, blocks);
}

/// A vertical cut at `x` through the items `start..end`, none of which crosses it.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Gutter {
    x: f64,
    start: usize,
    end: usize,
    on_left: usize,
}

impl Gutter {
    fn is_left(&self, item: &Item) -> bool {
        item.right <= self.x
    }
}

/// The gutter with evidence that has most lines beside it.
fn find_gutter(items: &[Item]) -> Option<Gutter> {
    let unit = median(items.iter().map(|item| item.height).collect());
    if unit <= 0.0 {
        return None;
    }
    let mut gutters: Vec<Gutter> = Vec::new();
    let half_width = GUTTER * unit / 2.0;
    for item in items {
        let x = item.right + half_width;
        gutters_at(x, SLACK * half_width, items, &mut gutters);
    }
    gutters.sort_by(|a, b| {
        let size = (b.end - b.start).cmp(&(a.end - a.start));
        size.then(a.start.cmp(&b.start))
            .then(a.on_left.cmp(&b.on_left))
            .then(a.x.total_cmp(&b.x))
    });
    gutters.dedup_by_key(|gutter| (gutter.start, gutter.end, gutter.on_left));
    gutters
        .into_iter()
        .filter_map(|gutter| without_outlying_rows(gutter, items, unit))
        .find(|gutter| {
            let (left, right): (Vec<Item>, Vec<Item>) = items[gutter.start..gutter.end]
                .iter()
                .partition(|item| gutter.is_left(item));
            separates_columns(&left, &right)
        })
}

/// The stretches, between lines that cross it, of a gutter around `x`.
fn gutters_at(x: f64, half_width: f64, items: &[Item], gutters: &mut Vec<Gutter>) {
    let crosses = |item: &Item| item.left < x + half_width && item.right > x - half_width;
    let same_row = |a: &Item, b: &Item| (a.middle - b.middle).abs() < a.height.min(b.height) / 2.0;
    let mut start = 0;
    let mut above: Option<&Item> = None;
    while start <= items.len() {
        let crossing = items[start..]
            .iter()
            .position(crosses)
            .map(|offset| start + offset);
        let below = crossing.and_then(|index| items.get(index));
        let mut end = crossing.unwrap_or(items.len());
        let next = end + 1;
        // The other pieces of a row that crosses the gutter go with it.
        while start < end && above.is_some_and(|line| same_row(line, &items[start])) {
            start += 1;
        }
        while start < end && below.is_some_and(|line| same_row(line, &items[end - 1])) {
            end -= 1;
        }
        let on_left = items[start..end]
            .iter()
            .filter(|item| item.right <= x)
            .count();
        if on_left > 0 && on_left < end - start && end - start >= FEWEST_LINES {
            gutters.push(Gutter {
                x,
                start,
                end,
                on_left,
            });
        }
        above = below;
        start = next;
    }
}

/// Leaves rows of short pieces that stand apart at the head or the foot to the page around the columns.
fn without_outlying_rows(gutter: Gutter, items: &[Item], unit: f64) -> Option<Gutter> {
    let mut beside = items.get(gutter.start..gutter.end)?;
    let mut start = gutter.start;
    for _ in 0..OUTLYING_ROWS {
        let Some(first) = beside.first() else { break };
        let length = beside.partition_point(|item| item.middle <= first.bottom());
        let (row, rest) = beside.split_at(length);
        if !is_outlying(row, rest, free_height(row, rest) / unit, &gutter) {
            break;
        }
        (beside, start) = (rest, start + row.len());
    }
    for _ in 0..OUTLYING_ROWS {
        let Some(last) = beside.last() else { break };
        let (rest, row) = beside.split_at(beside.partition_point(|item| item.middle < last.top()));
        let apart = free_height(rest, row) / unit;
        let page_number =
            apart >= FAR_APART && row.iter().all(|item| item.width() < PAGE_NUMBER * unit);
        // Other text that stands alone under the left column belongs to it: taken away, it would be read after the right one.
        let under_left = row.iter().all(|item| gutter.is_left(item));
        if !page_number && (under_left || !is_outlying(row, rest, apart, &gutter)) {
            break;
        }
        beside = rest;
    }
    let on_left = beside.iter().filter(|item| gutter.is_left(item)).count();
    (on_left > 0 && on_left < beside.len()).then_some(Gutter {
        start,
        end: start + beside.len(),
        on_left,
        ..gutter
    })
}

/// The free height between what is above and what is below.
fn free_height(above: &[Item], below: &[Item]) -> f64 {
    let foot = above
        .iter()
        .map(Item::bottom)
        .fold(f64::NEG_INFINITY, f64::max);
    let head = below.iter().map(Item::top).fold(f64::INFINITY, f64::min);
    head - foot
}

/// Whether a row that is `apart` from the rest (in line heights) stands there for the whole page: pieces on both sides, or each of
/// them less than half as wide as the rest on its side.
fn is_outlying(row: &[Item], rest: &[Item], apart: f64, gutter: &Gutter) -> bool {
    let lefts = row.iter().filter(|item| gutter.is_left(item)).count();
    if apart >= FAR_APART && lefts > 0 && lefts < row.len() {
        return true;
    }
    let is_short = |item: &Item| {
        let side = rest
            .iter()
            .filter(|other| gutter.is_left(other) == gutter.is_left(item));
        item.width() < hull(side) / 2.0
    };
    apart >= APART && row.iter().all(is_short)
}

/// The width from the leftmost to the rightmost point.
fn hull<'a>(items: impl Iterator<Item = &'a Item>) -> f64 {
    let (left, right) = items.fold((f64::INFINITY, f64::NEG_INFINITY), |(left, right), item| {
        (left.min(item.left), right.max(item.right))
    });
    (right - left).max(0.0)
}
