//! Cuts a page into blocks along the gutters between columns of text.
//!
//! A gutter runs from one line that crosses it to the next one. Two kinds of evidence make the text on its sides columns:
//! both sides are running text (long lines of one width), or their lines do not stand beside each other. Where short cells
//! stand in line with each other (receipts, tables, forms) there is no cut: rows are read as rows.
//!
//! Lengths are in units of the line height, so the size of the picture plays no part.

use super::frame::{Item, median};

/// A gutter is at least this wide.
const GUTTER: f64 = 0.5;
/// Running text has lines at least this much longer than high (about ten letters, or five Chinese characters)...
const LONG_LINE: f64 = 5.0;
/// ... which fill at least this share of their column.
const FILL: f64 = 0.55;
/// Lines of one row are out of line with each other by less than this...
const SPREAD: f64 = 0.15;
/// ... around a shift that all rows share and that is less than this.
const SHIFT: f64 = 0.35;
/// Rows with more free height between them than this are a table, even where cells hold sentences.
const LOOSE: f64 = 0.6;
/// A line hides what is behind it this far up and down, in line heights.
const VIEW: f64 = 2.0;
/// Rows at the head or foot of a column this far from the rest belong to the page (running titles, status lines).
const APART: f64 = 1.0;
/// At this distance they need not be short.
const FAR_APART: f64 = 2.0;
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
            blocks.push(Block { items, next_column: false });
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
    for item in items {
        gutters_at(item.right + GUTTER * unit / 2.0, GUTTER * unit / 2.0, items, &mut gutters);
    }
    gutters.sort_by(|a, b| {
        let size = (b.end - b.start).cmp(&(a.end - a.start));
        size.then(a.start.cmp(&b.start)).then(a.on_left.cmp(&b.on_left)).then(a.x.total_cmp(&b.x))
    });
    gutters.dedup_by_key(|gutter| (gutter.start, gutter.end, gutter.on_left));
    gutters.into_iter().filter_map(|gutter| without_outlying_rows(gutter, items, unit)).find(|gutter| separates_columns(gutter, items))
}

/// The stretches, between lines that cross it, of a gutter around `x`.
fn gutters_at(x: f64, half_width: f64, items: &[Item], gutters: &mut Vec<Gutter>) {
    let crosses = |item: &Item| item.left < x + half_width && item.right > x - half_width;
    let same_row = |a: &Item, b: &Item| (a.middle - b.middle).abs() < a.height.min(b.height) / 2.0;
    let mut start = 0;
    let mut above: Option<&Item> = None;
    while start <= items.len() {
        let crossing = items[start..].iter().position(crosses).map(|offset| start + offset);
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
        let on_left = items[start..end].iter().filter(|item| item.right <= x).count();
        if on_left > 0 && on_left < end - start && end - start >= FEWEST_LINES {
            gutters.push(Gutter { x, start, end, on_left });
        }
        above = below;
        start = next;
    }
}

/// Leaves rows of short pieces that stand apart at the head or the foot to the page around the columns.
fn without_outlying_rows(mut gutter: Gutter, items: &[Item], unit: f64) -> Option<Gutter> {
    for _ in 0..OUTLYING_ROWS {
        let Some(first) = items.get(gutter.start).filter(|_| gutter.end > gutter.start) else { break };
        let reach = first.middle + first.height / 2.0;
        let row = items[gutter.start..gutter.end].iter().take_while(|item| item.middle <= reach).count();
        let (row, rest) = items[gutter.start..gutter.end].split_at(row);
        if !is_outlying(row, rest, free_height(row, rest) / unit, &gutter) {
            break;
        }
        gutter.start += row.len();
    }
    for _ in 0..OUTLYING_ROWS {
        let Some(last) = gutter.end.checked_sub(1).filter(|last| *last >= gutter.start).and_then(|last| items.get(last)) else { break };
        let reach = last.middle - last.height / 2.0;
        let row = items[gutter.start..gutter.end].iter().rev().take_while(|item| item.middle >= reach).count();
        let (rest, row) = items[gutter.start..gutter.end].split_at(gutter.end - gutter.start - row);
        // What stands alone under the left column belongs to it: taken away, it would be read after the right one.
        let under_left = row.iter().all(|item| gutter.is_left(item));
        if under_left || !is_outlying(row, rest, free_height(rest, row) / unit, &gutter) {
            break;
        }
        gutter.end -= row.len();
    }
    gutter.on_left = items[gutter.start..gutter.end].iter().filter(|item| gutter.is_left(item)).count();
    (gutter.on_left > 0 && gutter.on_left < gutter.end - gutter.start).then_some(gutter)
}

/// The free height between what is above and what is below.
fn free_height(above: &[Item], below: &[Item]) -> f64 {
    let foot = above.iter().map(Item::bottom).fold(f64::NEG_INFINITY, f64::max);
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
        let side = rest.iter().filter(|other| gutter.is_left(other) == gutter.is_left(item));
        item.width() < hull(side) / 2.0
    };
    apart >= APART && row.iter().all(is_short)
}

/// The width from the leftmost to the rightmost point.
fn hull<'a>(items: impl Iterator<Item = &'a Item>) -> f64 {
    let (left, right) = items.fold((f64::INFINITY, f64::NEG_INFINITY), |(left, right), item| (left.min(item.left), right.max(item.right)));
    (right - left).max(0.0)
}

/// Weighs the evidence that the text on both sides is read one side after the other.
fn separates_columns(gutter: &Gutter, items: &[Item]) -> bool {
    let (left, right): (Vec<Item>, Vec<Item>) = items[gutter.start..gutter.end].iter().partition(|item| gutter.is_left(item));
    let (few, many) = if left.len() < right.len() { (&left, &right) } else { (&right, &left) };
    let shifts = shifts(few, many);
    if shifts.len() * 2 < few.len() {
        return false;
    }
    let shift = median(shifts.clone());
    let spread = median(shifts.iter().map(|value| (value - shift).abs()).collect());
    let in_rows = spread <= SPREAD && shift.abs() <= SHIFT;
    let prose = is_running_text(&left, true) && is_running_text(&right, false);
    let enough_prose = many.len() >= 5 || (many.len() >= 3 && few.len() >= 2);
    if prose && enough_prose {
        return !(in_rows && is_loose(few) && is_loose(many) && few.len() * 10 >= many.len() * 9);
    }
    few.len() >= 3 && !in_rows
}

/// How far each line of `few` that has a neighbour in `many` is above or below it, in line heights.
fn shifts(few: &[Item], many: &[Item]) -> Vec<f64> {
    let shift = |item: &Item| {
        let after = many.partition_point(|other| other.middle < item.middle);
        let nearest = many[after.saturating_sub(1)..many.len().min(after + 1)].iter().min_by(|a, b| (a.middle - item.middle).abs().total_cmp(&(b.middle - item.middle).abs()))?;
        let height = (item.height + nearest.height) / 2.0;
        let off = (item.middle - nearest.middle) / height;
        (off.abs() < 1.0).then_some(off)
    };
    few.iter().filter_map(shift).collect()
}

/// Whether the lines of one side that are next to the gutter are long and fill their column.
fn is_running_text(side: &[Item], is_left: bool) -> bool {
    let next: Vec<&Item> = side.iter().enumerate().filter(|(index, _)| !is_hidden(side, *index, is_left)).map(|(_, item)| item).collect();
    let length = median(next.iter().map(|item| item.width() / item.height.max(f64::MIN_POSITIVE)).collect());
    let width = median(next.iter().map(|item| item.width()).collect());
    // The far edge is where most lines of the column reach, whatever a line of a farther column that slipped in does.
    let ends = |item: &Item| if is_left { (-item.right, -item.left) } else { (item.left, item.right) };
    let nearest = next.iter().map(|item| ends(item).0).fold(f64::INFINITY, f64::min);
    let mut reach: Vec<f64> = next.iter().map(|item| ends(item).1 - nearest).collect();
    reach.sort_by(f64::total_cmp);
    let column = reach.get(reach.len() * 4 / 5).copied().unwrap_or(0.0);
    length >= LONG_LINE && width >= FILL * column
}

/// Whether another line of the side stands between this one and the gutter. The free height between paragraphs does not open the view.
fn is_hidden(side: &[Item], index: usize, is_left: bool) -> bool {
    let Some(item) = side.get(index) else { return false };
    let near = |other: &&Item| (other.middle - item.middle).abs() < VIEW * item.height;
    let between = |other: &Item| if is_left { other.left >= item.right } else { other.right <= item.left };
    let (above, below) = side.split_at(index);
    below.iter().take_while(near).any(between) || above.iter().rev().take_while(near).any(between)
}

/// Whether rows stand clearly apart, as in a table.
fn is_loose(side: &[Item]) -> bool {
    let gaps = side.windows(2).map(|pair| (pair[1].top() - pair[0].bottom()) / pair[0].height.max(f64::MIN_POSITIVE)).collect();
    median(gaps) >= LOOSE
}
