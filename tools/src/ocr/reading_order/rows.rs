//! Reads a block without columns: lines that stand beside each other form rows, clear gaps between rows separate paragraphs.

use super::Line;
use super::frame::{Item, median};

/// Lines are in one row if their middles are closer than this share of the lower one's height.
const SAME_ROW: f64 = 0.5;
/// A gap between rows is clear if it is larger than what is usual in the block by this share of the line height.
const CLEAR_GAP: f64 = 0.3;
/// Blocks with fewer rows than this do not tell what is usual...
const ENOUGH_ROWS: usize = 5;
/// ... beyond this, in line heights.
const USUAL_GAP: f64 = 0.5;
/// Pieces of a row that are further apart than this, in line heights, are separated by a tab.
const WIDE_SPACE: f64 = 0.8;
/// Pieces of Chinese or Japanese text that are closer than this are one word.
const NO_SPACE: f64 = 0.4;

/// Groups items, sorted from the top down, into rows.
pub(super) fn rows(items: &[Item]) -> Vec<Vec<Item>> {
    let mut rows: Vec<Vec<Item>> = Vec::new();
    for &item in items {
        // Only the last few rows can still be open: items come from the top down.
        let fitting = rows
            .iter_mut()
            .rev()
            .take(4)
            .filter_map(|row| distance(row, &item).map(|off| (off, row)));
        match fitting.min_by(|a, b| a.0.total_cmp(&b.0)) {
            Some((_, row)) => row.push(item),
            None => rows.push(vec![item]),
        }
    }
    for row in &mut rows {
        row.sort_by(|a, b| a.left.total_cmp(&b.left).then(a.index.cmp(&b.index)));
    }
    rows
}

/// How far an item is from the middle of a row that it can join: beside its pieces, and level with the nearest of them.
fn distance(row: &[Item], item: &Item) -> Option<f64> {
    let gap = |other: &Item| (item.left - other.right).max(other.left - item.right);
    let height = |other: &Item| item.height.min(other.height);
    let beside = row
        .iter()
        .all(|other| gap(other) > -NO_SPACE * height(other));
    let nearest = row.iter().min_by(|a, b| gap(a).total_cmp(&gap(b)))?;
    let off = (item.middle - nearest.middle).abs();
    (beside && off <= SAME_ROW * height(nearest)).then_some(off)
}

/// The numbers of the rows that a clear gap separates from the row before.
pub(super) fn paragraph_breaks(rows: &[Vec<Item>]) -> Vec<usize> {
    let gaps: Vec<(f64, f64)> = rows
        .windows(2)
        .map(|pair| gap(&pair[0], &pair[1]))
        .collect();
    let unit = median(rows.iter().flatten().map(|item| item.height).collect());
    let typical = median(gaps.iter().map(|(gap, _)| *gap).collect());
    let usual = if rows.len() >= ENOUGH_ROWS {
        typical
    } else {
        typical.min(USUAL_GAP * unit)
    };
    let clear = |(gap, height): &(f64, f64)| *gap > usual.max(0.0) + CLEAR_GAP * height;
    gaps.iter()
        .enumerate()
        .filter(|(_, gap)| clear(gap))
        .map(|(row, _)| row + 1)
        .collect()
}

/// The free height between two rows, and the height of the lower one of them.
fn gap(above: &[Item], below: &[Item]) -> (f64, f64) {
    let middle = |row: &[Item]| row.iter().map(|item| item.middle).sum::<f64>() / row.len() as f64;
    let height = |row: &[Item]| row.iter().map(|item| item.height).fold(0.0, f64::max);
    let free = middle(below) - middle(above) - (height(above) + height(below)) / 2.0;
    (free, height(above).min(height(below)))
}

/// Appends the pieces of a row, with what separates them.
pub(super) fn join(cells: &[&Line<'_>], text: &mut String) {
    for (number, cell) in cells.iter().enumerate() {
        if let Some(before) = number.checked_sub(1).and_then(|last| cells.get(last)) {
            let space = space_between(before, cell);
            let one_word = before.text.chars().next_back().is_some_and(is_wide)
                && cell.text.chars().next().is_some_and(is_wide);
            if space > WIDE_SPACE {
                text.push('\t');
            } else if !(one_word && space < NO_SPACE) {
                text.push(' ');
            }
        }
        text.push_str(cell.text.trim());
    }
}

/// The free length between two neighbours of a row, in line heights.
fn space_between(before: &Line<'_>, after: &Line<'_>) -> f64 {
    let middle = |a: [f32; 2], b: [f32; 2]| {
        [
            (f64::from(a[0]) + f64::from(b[0])) / 2.0,
            (f64::from(a[1]) + f64::from(b[1])) / 2.0,
        ]
    };
    let end = middle(before.polygon[1], before.polygon[2]);
    let start = middle(after.polygon[0], after.polygon[3]);
    let height = |line: &Line<'_>| {
        f64::from(
            (line.polygon[3][0] - line.polygon[0][0])
                .hypot(line.polygon[3][1] - line.polygon[0][1]),
        )
    };
    (start[0] - end[0]).hypot(start[1] - end[1])
        / height(before).min(height(after)).max(f64::MIN_POSITIVE)
}

/// Whether a character belongs to a script that is written without spaces between words.
pub(crate) fn is_wide(character: char) -> bool {
    matches!(character, '\u{2E80}'..='\u{9FFF}' | '\u{F900}'..='\u{FAFF}' | '\u{FF00}'..='\u{FF60}' | '\u{20000}'..='\u{3FFFF}')
}
