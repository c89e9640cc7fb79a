//! The order in which a person reads the text lines of a picture.
//!
//! Text detection finds lines one by one, from the top down; read so, the lines of two columns alternate. Here the page is
//! turned upright by the lines' own direction, cut recursively along gutters that separate columns of text, and what no
//! gutter cuts is read row by row. The cuts follow the recursive XY-cut (Nagy and Seth, "Hierarchical representation of
//! optically scanned documents", ICPR 1984); a gutter may end at a line that crosses it, so that headings over columns need
//! no special case (compare the whitespace gutters of Breuel, "High performance document layout analysis", 2003).
//!
//! It knows nothing of pictures or of how lines are found, and not of vertical Chinese or Japanese text.

mod columns;
mod evidence;
mod frame;
mod perspective;
mod rows;
#[cfg(test)]
mod tests;

pub(crate) use rows::is_wide;

/// One line of text as it was found.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Line<'a> {
    /// The corners in pixels: top left, top right, bottom right, bottom left, as the *text* sees them. The first two points
    /// give the reading direction, whichever way the page lies.
    pub polygon: [[f32; 2]; 4],
    /// What the line says.
    pub text: &'a str,
}

/// The order of reading: rows of lines, top to bottom and column by column.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Layout {
    /// Each entry is one visual row, its lines (as indices of the input) from its beginning to its end. Every line occurs once.
    pub rows: Vec<Vec<usize>>,
    /// The numbers of the rows that begin a new paragraph or block, ascending. Row 0 is not among them.
    pub paragraph_breaks: Vec<usize>,
}

impl Layout {
    /// The lines as indices of the input, in the order of reading.
    pub(super) fn order(&self) -> impl Iterator<Item = usize> + '_ {
        self.rows.iter().flatten().copied()
    }
}

/// Finds the order in which a person reads the lines.
///
/// Columns are read one after the other; the cells of a receipt or a table stay together in rows. Lines of another
/// direction than most of the page (a caption along its edge) come after the rest. The result does not depend on
/// where the page lies in the picture, on its size, or on its angle.
pub(super) fn reading_order(lines: &[Line<'_>]) -> Layout {
    let mut layout = Layout::default();
    for group in frame::groups(lines) {
        for block in columns::blocks(group) {
            let rows = rows::rows(&block.items);
            let breaks = rows::paragraph_breaks(&rows);
            let first = layout.rows.len();
            if first > 0 && !(block.next_column && continues(lines, &layout, &rows)) {
                layout.paragraph_breaks.push(first);
            }
            layout
                .paragraph_breaks
                .extend(breaks.into_iter().map(|row| first + row));
            layout.rows.extend(
                rows.into_iter()
                    .map(|row| row.into_iter().map(|item| item.index).collect()),
            );
        }
    }
    layout
}

/// A line in the place that it has on the upright page, in pixels.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Placed {
    /// The line as an index of the input.
    pub index: usize,
    /// Where it begins.
    pub left: f64,
    /// Where it ends.
    pub right: f64,
    /// How high it is.
    pub height: f64,
}

/// The rows of lines that stand beside each other on the upright page, for each direction of text, that of most text first.
///
/// Unlike [`reading_order`] it goes across whole pages: what stands in columns may be the cells of a table.
pub(crate) fn rows_across(lines: &[Line<'_>]) -> Vec<Vec<Vec<Placed>>> {
    let placed = |item: frame::Item| Placed {
        index: item.index,
        left: item.left,
        right: item.right,
        height: item.height,
    };
    let rows = |group: Vec<frame::Item>| {
        let rows = rows::rows(&group).into_iter();
        rows.map(|row| row.into_iter().map(placed).collect())
            .collect()
    };
    frame::groups(lines).into_iter().map(rows).collect()
}

/// The text in the order of reading: a row on each line, a blank line between paragraphs.
///
/// Lines of one row are joined by a space, or by a tab where they stand clearly apart. Rows without text are left out.
pub(super) fn plain_text(lines: &[Line<'_>], layout: &Layout) -> String {
    let mut text = String::new();
    let mut blank_line = false;
    for (number, row) in layout.rows.iter().enumerate() {
        blank_line |= layout.paragraph_breaks.binary_search(&number).is_ok();
        let cells: Vec<&Line<'_>> = row
            .iter()
            .filter_map(|&index| lines.get(index))
            .filter(|line| !line.text.trim().is_empty())
            .collect();
        if cells.is_empty() {
            continue;
        }
        if !text.is_empty() {
            text.push_str(if blank_line { "\n\n" } else { "\n" });
        }
        blank_line = false;
        rows::join(&cells, &mut text);
    }
    text
}

/// Whether the sentence at the foot of a column goes on at the head of the next one.
fn continues(lines: &[Line<'_>], layout: &Layout, next: &[Vec<frame::Item>]) -> bool {
    let last = layout.order().last().and_then(|index| lines.get(index));
    let first = next
        .first()
        .and_then(|row| row.first())
        .and_then(|item| lines.get(item.index));
    let (Some(last), Some(first)) = (last, first) else {
        return false;
    };
    match (
        last.text.trim_end().chars().next_back(),
        first.text.trim_start().chars().next(),
    ) {
        (Some(end), Some(start)) => {
            (end.is_alphanumeric() || ",-，、".contains(end))
                && (start.is_lowercase() || (rows::is_wide(start) && rows::is_wide(end)))
        }
        _ => false,
    }
}
