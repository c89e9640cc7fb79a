//! What must hold of the reading order, on made pages and on what PP-OCR found on real pictures.

use proptest::prelude::*;
use serde::Deserialize;

use super::{Line, plain_text, reading_order};

type Polygon = [[f32; 2]; 4];

/// A line from its left end, its right end and its middle; 20 pixels high.
fn line(left: f32, right: f32, middle: f32) -> Polygon {
    let (top, bottom) = (middle - 10.0, middle + 10.0);
    [[left, top], [right, top], [right, bottom], [left, bottom]]
}

/// The page turned clockwise by degrees about the origin, then made larger, then moved.
fn moved(page: &[Polygon], degrees: f32, scale: f32, shift: [f32; 2]) -> Vec<Polygon> {
    let (sine, cosine) = degrees.to_radians().sin_cos();
    let point = |[x, y]: [f32; 2]| {
        [
            (x * cosine - y * sine) * scale + shift[0],
            (x * sine + y * cosine) * scale + shift[1],
        ]
    };
    page.iter().map(|polygon| polygon.map(point)).collect()
}

fn lines<'a>(page: &[Polygon], texts: &[&'a str]) -> Vec<Line<'a>> {
    let texts = texts.iter().copied().chain(std::iter::repeat("word"));
    page.iter()
        .zip(texts)
        .map(|(&polygon, text)| Line { polygon, text })
        .collect()
}

fn rows(page: &[Polygon]) -> Vec<Vec<usize>> {
    reading_order(&lines(page, &[])).rows
}

fn order(page: &[Polygon]) -> Vec<usize> {
    reading_order(&lines(page, &[])).order().collect()
}

/// Columns of running text that begin at the same height, column after column.
fn columns(count: usize, length: usize, pitch: f32, shift: f32) -> Vec<Polygon> {
    let column = |column: usize| {
        (0..length).map(move |row| {
            let left = column as f32 * 340.0;
            let ragged = [0.0, 14.0, 5.0, 30.0, 8.0][(row * 3 + column) % 5];
            let right = left
                + if row + 1 == length {
                    120.0
                } else {
                    300.0 - ragged
                };
            line(left, right, row as f32 * pitch + column as f32 * shift)
        })
    };
    (0..count).flat_map(column).collect()
}

#[test]
fn no_lines_have_no_order() {
    let layout = reading_order(&[]);
    assert!(layout.rows.is_empty() && layout.paragraph_breaks.is_empty());
    assert_eq!(plain_text(&[], &layout), "");
}

#[test]
fn level_columns_are_read_one_after_the_other() {
    for count in 2..=4 {
        let page = columns(count, 9, 26.0, 0.0);
        assert_eq!(
            order(&page),
            (0..page.len()).collect::<Vec<_>>(),
            "{count} columns"
        );
    }
}

#[test]
fn columns_that_are_not_level_are_read_one_after_the_other() {
    let page = columns(2, 9, 26.0, 11.0);
    assert_eq!(order(&page), (0..18).collect::<Vec<_>>());
}

#[test]
fn rounding_does_not_close_a_gutter() {
    let page = columns(4, 11, 28.2, 6.2);
    for step in 0..200 {
        let turned = moved(&page, -3.85, 1.0 + step as f32 * 0.037, [-1526.5, 913.2]);
        assert_eq!(
            order(&turned),
            (0..page.len()).collect::<Vec<_>>(),
            "step {step}"
        );
    }
}

#[test]
fn what_stands_across_columns_is_read_before_and_after_them() {
    let mut page = vec![
        line(0.0, 120.0, -120.0),
        line(560.0, 640.0, -120.0),
        line(60.0, 580.0, -70.0),
    ];
    page.extend(columns(2, 9, 26.0, 0.0));
    page.push(line(310.0, 330.0, 300.0));
    assert_eq!(order(&page), (0..page.len()).collect::<Vec<_>>());
    assert_eq!(rows(&page)[0], [0, 1]);
}

#[test]
fn a_running_title_on_both_sides_belongs_to_the_page() {
    let mut page = vec![line(0.0, 90.0, -60.0), line(560.0, 640.0, -60.0)];
    page.extend(columns(2, 9, 26.0, 0.0));
    assert_eq!(rows(&page)[0], [0, 1]);
    assert_eq!(order(&page), (0..page.len()).collect::<Vec<_>>());
}

#[test]
fn prices_stay_with_what_they_are_for() {
    let names = [140.0, 90.0, 210.0, 120.0, 60.0, 170.0];
    let mut page = Vec::new();
    for (row, name) in names.into_iter().enumerate() {
        page.push(line(0.0, name, row as f32 * 30.0));
        page.push(line(350.0, 400.0, row as f32 * 30.0 + 1.0));
    }
    assert_eq!(
        rows(&page),
        [[0, 1], [2, 3], [4, 5], [6, 7], [8, 9], [10, 11]]
    );
}

#[test]
fn cells_of_a_table_stay_in_rows() {
    let widths = [
        [90.0, 60.0, 40.0],
        [120.0, 80.0, 30.0],
        [70.0, 75.0, 44.0],
        [100.0, 50.0, 41.0],
        [84.0, 66.0, 20.0],
    ];
    let page: Vec<Polygon> = widths
        .iter()
        .enumerate()
        .flat_map(|(row, cells)| {
            let y = row as f32 * 34.0;
            [
                line(0.0, cells[0], y),
                line(180.0, 180.0 + cells[1], y + 1.0),
                line(400.0 - cells[2], 400.0, y - 1.0),
            ]
        })
        .collect();
    assert_eq!(
        rows(&page),
        [[0, 1, 2], [3, 4, 5], [6, 7, 8], [9, 10, 11], [12, 13, 14]]
    );
}

#[test]
fn a_list_beside_a_text_is_a_column() {
    let mut page: Vec<Polygon> = (0..6)
        .map(|row| line(0.0, 80.0, row as f32 * 40.0))
        .collect();
    page.extend((0..9).map(|row| line(160.0, 620.0, row as f32 * 27.0 + 5.0)));
    assert_eq!(order(&page), (0..15).collect::<Vec<_>>());
}

#[test]
fn the_page_may_lie_any_way_round() {
    let page = columns(2, 9, 26.0, 0.0);
    for degrees in [90.0, 180.0, 270.0, 93.0, 177.0, 268.0] {
        assert_eq!(
            order(&moved(&page, degrees, 1.0, [900.0, 900.0])),
            order(&page),
            "{degrees} degrees"
        );
    }
}

#[test]
fn a_caption_along_the_edge_comes_last() {
    let mut page = moved(&[line(0.0, 200.0, 0.0)], 270.0, 1.0, [-60.0, 220.0]);
    page.extend(columns(2, 9, 26.0, 0.0));
    assert_eq!(order(&page).last(), Some(&0));
}

#[test]
fn lines_without_a_place_come_last_and_once() {
    let page = [
        [[f32::NAN; 2]; 4],
        line(0.0, 100.0, 30.0),
        [[f32::INFINITY; 2]; 4],
        line(0.0, 100.0, 0.0),
    ];
    assert_eq!(order(&page), [3, 1, 0, 2]);
}

#[test]
fn paragraphs_are_parted_where_the_gap_is_clear() {
    let heights = [0.0, 26.0, 52.0, 96.0, 122.0, 148.0];
    let page = heights.map(|y| line(0.0, 400.0, y));
    assert_eq!(reading_order(&lines(&page, &[])).paragraph_breaks, [3]);
}

#[test]
fn a_sentence_may_go_on_in_the_next_column() {
    let page = columns(2, 6, 26.0, 0.0);
    let mut texts = vec!["word"; 12];
    texts[5] = "the clock on";
    texts[6] = "the quay";
    let broken = lines(&page, &texts);
    assert!(reading_order(&broken).paragraph_breaks.is_empty());
    texts[5] = "the clock.";
    texts[6] = "The quay";
    let whole = lines(&page, &texts);
    assert_eq!(reading_order(&whole).paragraph_breaks, [6]);
}

#[test]
fn pieces_of_a_row_are_joined_by_what_parts_them() {
    let page = [
        line(0.0, 100.0, 0.0),
        line(104.0, 200.0, 0.0),
        line(300.0, 340.0, 0.0),
    ];
    let text = |texts: [&str; 3]| {
        let lines = lines(&page, &texts);
        plain_text(&lines, &reading_order(&lines))
    };
    assert_eq!(text(["fresh", "bread", "2.50"]), "fresh bread\t2.50");
    assert_eq!(text(["新鲜", "面包", "2.50"]), "新鲜面包\t2.50");
    assert_eq!(text(["fresh", "  ", "2.50"]), "fresh\t2.50");
}

#[derive(Deserialize)]
struct Page {
    lines: Vec<Found>,
    text: Vec<String>,
}

#[derive(Deserialize)]
struct Found {
    polygon: Polygon,
    text: String,
}

/// Lines that rapidocr 3.10.0 found on `samples/` and on pictures of `bench/ocr/render.py`, with the text as a person reads it.
#[test]
fn real_pages_are_read_as_a_person_reads_them() {
    let pages = [
        ("columns", include_str!("fixtures/columns.json")),
        (
            "invoice",
            include_str!("fixtures/invoice_chinese_turned.json"),
        ),
        ("receipt", include_str!("fixtures/receipt.json")),
        ("screenshot", include_str!("fixtures/screenshot.json")),
        (
            "three columns",
            include_str!("fixtures/three_columns_turned.json"),
        ),
        (
            "two columns",
            include_str!("fixtures/two_columns_chinese_turned.json"),
        ),
    ];
    for (name, json) in pages {
        let page: Page = serde_json::from_str(json).unwrap();
        let lines: Vec<Line<'_>> = page
            .lines
            .iter()
            .map(|found| Line {
                polygon: found.polygon,
                text: &found.text,
            })
            .collect();
        let text = plain_text(&lines, &reading_order(&lines));
        assert_eq!(text, page.text.join("\n"), "{name}");
    }
}

fn angle_scale_shift() -> impl Strategy<Value = (f32, f32, [f32; 2])> {
    (
        -5.0f32..5.0,
        0.3f32..4.0,
        [-2000.0f32..2000.0, -2000.0f32..2000.0],
    )
}

/// Pages of columns with a title, and tables, with what order they have.
fn made_page() -> impl Strategy<Value = Vec<Polygon>> {
    let article = (2usize..=4, 5usize..20, 24.0f32..34.0, 0.0f32..12.0).prop_map(
        |(count, length, pitch, shift)| {
            let mut page = vec![line(20.0, count as f32 * 340.0 - 60.0, -60.0)];
            page.extend(columns(count, length, pitch, shift));
            page
        },
    );
    let table = (2usize..=5, 3usize..12, 26.0f32..60.0).prop_map(|(cells, count, pitch)| {
        let cell = |row: usize, cell: usize| 30.0 + ((row * 7 + cell * 3) % 6) as f32 * 12.0;
        let left = |cell: usize| cell as f32 * 140.0;
        (0..count * cells)
            .map(|index| (index / cells, index % cells))
            .map(|(row, column)| {
                line(
                    left(column),
                    left(column) + cell(row, column),
                    row as f32 * pitch,
                )
            })
            .collect()
    });
    prop_oneof![article, table]
}

proptest! {
    #[test]
    fn made_pages_are_read_in_order_however_they_lie(page in made_page(), (degrees, scale, shift) in angle_scale_shift(), seed in any::<u64>()) {
        let mut shuffled: Vec<usize> = (0..page.len()).collect();
        shuffled.sort_by_key(|&index| (index as u64 + 1).wrapping_mul(seed | 1).rotate_left(17));
        let mixed: Vec<Polygon> = shuffled.iter().map(|&index| page[index]).collect();
        let found: Vec<usize> = order(&moved(&mixed, degrees, scale, shift)).into_iter().map(|index| shuffled[index]).collect();
        prop_assert_eq!(found, (0..page.len()).collect::<Vec<_>>());
    }

    #[test]
    fn every_line_is_read_once(page in prop::collection::vec(any::<Polygon>(), 0..40)) {
        let mut found = order(&page);
        found.sort_unstable();
        prop_assert_eq!(found, (0..page.len()).collect::<Vec<_>>());
    }

    #[test]
    fn every_line_of_scattered_boxes_is_read_once_and_breaks_are_rows(
        boxes in prop::collection::vec((0.0f32..900.0, 1.0f32..400.0, 0.0f32..900.0), 0..60),
        (degrees, scale, shift) in angle_scale_shift(),
    ) {
        let page: Vec<Polygon> = boxes.into_iter().map(|(left, width, middle)| line(left, left + width, middle)).collect();
        let page = moved(&page, degrees, scale, shift);
        let layout = reading_order(&lines(&page, &[]));
        let mut found: Vec<usize> = layout.order().collect();
        found.sort_unstable();
        prop_assert_eq!(found, (0..page.len()).collect::<Vec<_>>());
        prop_assert!(layout.paragraph_breaks.windows(2).all(|pair| pair[0] < pair[1]));
        prop_assert!(layout.paragraph_breaks.iter().all(|&row| row > 0 && row < layout.rows.len()));
        prop_assert!(layout.rows.iter().all(|row| !row.is_empty()));
    }
}
