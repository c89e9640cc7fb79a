//! Weighs whether the lines on both sides of a gutter are columns of text or the cells of rows.
//!
//! Two kinds of evidence make columns: both sides are running text (long lines of one width), or their lines do not stand
//! beside each other. Short cells in line with each other (receipts, tables, forms) are rows. Only the lines next to the gutter count;
//! what is farther away has gutters of its own.

use super::frame::{Item, median};

/// Running text has lines at least this much longer than high (about ten letters, or five Chinese characters)...
const LONG_LINE: f64 = 5.0;
/// ... or this much where its lines are level with those of the other side, as the cells of a table are...
const LONG_LEVEL_LINE: f64 = 7.0;
/// ... and they fill at least this share of their column.
const FILL: f64 = 0.75;
/// Lines of one row are out of line with each other by less than this...
const SPREAD: f64 = 0.15;
/// ... around a shift that all rows share and that is less than this.
const SHIFT: f64 = 0.35;
/// Rows with more free height between them than this are a table, even where cells hold sentences.
const LOOSE: f64 = 0.8;
/// A line hides what is behind it this far up and down, in line heights. The free height between paragraphs does not open the view.
const VIEW: f64 = 2.0;

/// Whether the text on the left is read before the text on the right. Both are sorted from the top down.
pub(super) fn separates_columns(left: &[Item], right: &[Item]) -> bool {
    let (left, right) = (
        Side::next_to_gutter(left, true),
        Side::next_to_gutter(right, false),
    );
    let (few, many) = if left.lines.len() < right.lines.len() {
        (&left, &right)
    } else {
        (&right, &left)
    };
    let shifts = few.shifts(many);
    if shifts.len() * 2 < few.lines.len() {
        return false;
    }
    let shift = median(shifts.clone());
    let spread = median(shifts.iter().map(|value| (value - shift).abs()).collect());
    let level = spread <= SPREAD && shift.abs() <= SHIFT;
    if !level && few.lines.len() >= 3 {
        return true;
    }
    let long = if level { LONG_LEVEL_LINE } else { LONG_LINE };
    let table = level && few.is_loose() && many.is_loose();
    let enough = many.lines.len() >= 5 || (many.lines.len() >= 3 && few.lines.len() >= 2);
    enough && !table && left.is_running_text(long) && right.is_running_text(long)
}

/// The lines of one side that nothing separates from the gutter.
struct Side {
    lines: Vec<Item>,
    is_left: bool,
}

impl Side {
    fn next_to_gutter(items: &[Item], is_left: bool) -> Self {
        let lines = items
            .iter()
            .enumerate()
            .filter(|(index, _)| !is_hidden(items, *index, is_left))
            .map(|(_, item)| *item)
            .collect();
        Self { lines, is_left }
    }

    /// How far each line that has a neighbour on the other side is below it, in line heights.
    fn shifts(&self, other: &Self) -> Vec<f64> {
        let others = &other.lines;
        let shift = |item: &Item| {
            let after = others.partition_point(|other| other.middle < item.middle);
            let around = &others[after.saturating_sub(1)..others.len().min(after + 1)];
            let shifts = around
                .iter()
                .map(|other| (item.middle - other.middle) / ((item.height + other.height) / 2.0));
            shifts
                .min_by(|a, b| a.abs().total_cmp(&b.abs()))
                .filter(|shift| shift.abs() < 1.0)
        };
        self.lines.iter().filter_map(shift).collect()
    }

    /// Whether lines are long, in line heights, and fill their column.
    fn is_running_text(&self, long: f64) -> bool {
        let length = median(
            self.lines
                .iter()
                .map(|item| item.width() / item.height.max(f64::MIN_POSITIVE))
                .collect(),
        );
        let width = median(self.lines.iter().map(Item::width).collect());
        let ends = |item: &Item| {
            if self.is_left {
                (-item.right, -item.left)
            } else {
                (item.left, item.right)
            }
        };
        let near = self
            .lines
            .iter()
            .map(|item| ends(item).0)
            .fold(f64::INFINITY, f64::min);
        let mut reach: Vec<f64> = self.lines.iter().map(|item| ends(item).1 - near).collect();
        reach.sort_by(f64::total_cmp);
        // The column is as wide as most lines reach: a line of a farther column may have slipped in.
        let column = reach.get(reach.len() * 4 / 5).copied().unwrap_or(0.0);
        length >= long && width >= FILL * column
    }

    /// Whether rows stand clearly apart, as in a table.
    fn is_loose(&self) -> bool {
        let gaps = self
            .lines
            .windows(2)
            .map(|pair| (pair[1].top() - pair[0].bottom()) / pair[0].height.max(f64::MIN_POSITIVE));
        median(gaps.collect()) >= LOOSE
    }
}

/// Whether another line of the side stands between this one and the gutter.
fn is_hidden(side: &[Item], index: usize, is_left: bool) -> bool {
    let Some(item) = side.get(index) else {
        return false;
    };
    let near = |other: &&Item| (other.middle - item.middle).abs() < VIEW * item.height;
    let between = |other: &Item| {
        if is_left {
            other.left >= item.right
        } else {
            other.right <= item.left
        }
    };
    let (above, below) = side.split_at(index);
    below.iter().take_while(near).any(between) || above.iter().rev().take_while(near).any(between)
}
