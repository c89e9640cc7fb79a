//! Finds the columns of a table: where its rows have text, with the gutters between.
//!
//! Knows places only, no text.

use crate::ocr::Placed;

/// The part of its height by which a piece is taken to be shorter at each end: found outlines have a margin.
const MARGIN: f64 = 0.15;

/// Up to this part of the rows may have a piece that reaches over a gutter.
const REACHING_OVER: usize = 3;

/// Where the columns of a table are, from left to right.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Columns {
    spans: Vec<Span>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
struct Span {
    left: f64,
    right: f64,
}

impl Columns {
    /// The columns of rows. Rows of a single piece, such as a heading, say nothing about them.
    ///
    /// A gutter is free of text in every row; where that leaves fewer columns than most rows have pieces, some rows may
    /// reach over it.
    pub(super) fn of(rows: &[Vec<Placed>]) -> Self {
        let rows: Vec<&[Placed]> = rows
            .iter()
            .map(Vec::as_slice)
            .filter(|row| row.len() > 1)
            .collect();
        let usual = usual_length(&rows);
        let mut best = Vec::new();
        for reaching in 0..=rows.len() / REACHING_OVER {
            let spans = spans(&rows, reaching);
            if spans.len() > best.len() {
                best = spans;
            }
            if best.len() >= usual {
                break;
            }
        }
        Self { spans: best }
    }

    /// How many columns there are: at least one.
    pub(super) fn count(&self) -> usize {
        self.spans.len().max(1)
    }

    /// The number of the column that holds a piece: the first that it shares half of its width with, or half of the
    /// column's; else the nearest.
    pub(super) fn holding(&self, piece: &Placed) -> usize {
        let piece = Span::of(piece);
        let shared = |span: &Span| piece.right.min(span.right) - piece.left.max(span.left);
        let holds = |span: &Span| shared(span) >= piece.width().min(span.width()) / 2.0;
        let nearest = || {
            let spans = self.spans.iter().enumerate();
            spans
                .max_by(|(_, a), (_, b)| shared(a).total_cmp(&shared(b)))
                .map(|(number, _)| number)
        };
        self.spans
            .iter()
            .position(holds)
            .or_else(nearest)
            .unwrap_or(0)
    }
}

impl Span {
    fn of(piece: &Placed) -> Self {
        let margin = (MARGIN * piece.height).min((piece.right - piece.left) / 4.0);
        Self {
            left: piece.left + margin,
            right: piece.right - margin,
        }
    }

    fn width(self) -> f64 {
        self.right - self.left
    }
}

/// The most frequent number of pieces in a row, the greater one of two.
fn usual_length(rows: &[&[Placed]]) -> usize {
    let frequency = |length: usize| rows.iter().filter(|row| row.len() == length).count();
    let lengths = rows.iter().map(|row| row.len());
    lengths
        .max_by_key(|&length| (frequency(length), length))
        .unwrap_or(1)
}

/// Where more than `reaching` rows have text.
fn spans(rows: &[&[Placed]], reaching: usize) -> Vec<Span> {
    let mut edges: Vec<(f64, bool)> = rows
        .iter()
        .flat_map(|row| row.iter().map(Span::of))
        .flat_map(|span| [(span.left, true), (span.right, false)])
        .collect();
    // Where one piece ends and another begins there is no gutter.
    edges.sort_by(|a, b| a.0.total_cmp(&b.0).then(b.1.cmp(&a.1)));
    let (mut spans, mut covering, mut since) = (Vec::new(), 0, None);
    for (place, begins) in edges {
        covering = if begins { covering + 1 } else { covering - 1 };
        match since {
            None if covering > reaching => since = Some(place),
            Some(left) if covering <= reaching => {
                spans.push(Span { left, right: place });
                since = None;
            }
            _ => {}
        }
    }
    spans
}

#[cfg(test)]
mod tests {
    use super::*;

    fn piece(left: f64, right: f64) -> Placed {
        Placed {
            index: 0,
            left,
            right,
            height: 20.0,
        }
    }

    fn row(spans: &[[f64; 2]]) -> Vec<Placed> {
        spans
            .iter()
            .map(|[left, right]| piece(*left, *right))
            .collect()
    }

    #[test]
    fn columns_align_at_either_end_and_headings_do_not_count() {
        let rows = [
            row(&[[50.0, 450.0]]),
            row(&[[0.0, 80.0], [200.0, 240.0], [400.0, 450.0]]),
            row(&[[0.0, 150.0], [210.0, 240.0], [440.0, 450.0]]),
            row(&[[0.0, 90.0], [420.0, 450.0]]),
        ];
        let columns = Columns::of(&rows);
        assert_eq!(columns.count(), 3);
        let holding: Vec<_> = rows[3].iter().map(|piece| columns.holding(piece)).collect();
        assert_eq!(holding, [0, 2]);
        assert_eq!(columns.holding(&piece(300.0, 310.0)), 1, "the nearest");
        assert_eq!(columns.holding(&rows[0][0]), 0);
    }

    #[test]
    fn one_row_may_reach_over_a_gutter() {
        let mut rows = vec![row(&[[0.0, 80.0], [200.0, 240.0]]); 5];
        rows.push(row(&[[0.0, 220.0], [222.0, 240.0]]));
        let columns = Columns::of(&rows);
        assert_eq!(columns.count(), 2);
        assert_eq!(columns.holding(&rows[5][0]), 0);
    }

    #[test]
    fn without_rows_of_several_pieces_there_is_one_column() {
        for rows in [vec![], vec![row(&[[0.0, 80.0]]), row(&[[100.0, 180.0]])]] {
            let columns = Columns::of(&rows);
            assert_eq!(columns.count(), 1);
            assert_eq!(columns.holding(&piece(100.0, 180.0)), 0);
        }
    }
}
