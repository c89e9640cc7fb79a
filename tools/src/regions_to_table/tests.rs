//! Tables of made pages, and of what PP-OCR found on the receipt in `samples/`.

use medley_orchestrator::Regions;
use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::pictures::testing::Bench;

#[derive(Deserialize)]
struct Page {
    lines: Vec<Found>,
}

#[derive(Deserialize)]
struct Found {
    polygon: Vec<[f32; 2]>,
    text: String,
}

/// What PP-OCR found on `samples/receipt.png`, which lies at an angle.
fn receipt() -> Regions {
    let page: Page =
        serde_json::from_str(include_str!("../ocr/reading_order/fixtures/receipt.json")).unwrap();
    let region = |found: Found| Region {
        polygon: Some(found.polygon),
        text: Some(found.text),
        ..Region::default()
    };
    Regions {
        width: 720,
        height: 1080,
        items: page.lines.into_iter().map(region).collect(),
    }
}

async fn call(bench: &Bench, regions: serde_json::Value) -> Output {
    let input = Input {
        regions: serde_json::from_value(regions).unwrap(),
    };
    RegionsToTable.call(input, bench.context()).await.unwrap()
}

async fn content(bench: &Bench, output: &Output) -> String {
    assert_eq!(
        (output.table.kind, &*output.table.mime),
        (Kind::Table, "text/csv")
    );
    let content = bench.context().read(&output.table).await.unwrap();
    String::from_utf8(content).unwrap()
}

#[tokio::test]
async fn items_and_prices_of_a_receipt_stand_in_one_row() {
    let bench = Bench::new();
    let artifact = bench.regions(&receipt()).await;
    let output = call(&bench, json!(artifact)).await;
    for [item, price] in [
        ["Sourdough loaf", "4.20"],
        ["Butter unsalted 250 g", "2.95"],
        ["Free range eggs x12", "3.60"],
        ["Olive oil 500 ml", "7.90"],
        ["VAT 5%", "1.46"],
        ["TOTAL EUR", "30.75"],
        ["12/09/2026 17:42", "No. 004831"],
        ["Thank you for shopping", ""],
    ] {
        let row = vec![item.to_owned(), price.to_owned()];
        assert!(output.rows.contains(&row), "{row:?} in {:#?}", output.rows);
    }
    let csv = content(&bench, &output).await;
    assert!(csv.contains("\nDark chocolate 70%,2.10\n"), "{csv}");
    assert_eq!(csv.lines().count(), output.rows.len());
}

#[tokio::test]
async fn three_columns_with_gaps_and_boxes_only() {
    let bench = Bench::new();
    let cell =
        |x: i32, y: i32, width: i32, text: &str| json!({"box": [x, y, width, 20], "text": text});
    let output = call(
        &bench,
        json!([
            cell(10, 10, 60, "Name"),
            cell(200, 11, 40, "Age"),
            cell(300, 9, 50, "Town"),
            cell(10, 50, 40, "Ada"),
            cell(55, 50, 50, "Byron"),
            cell(300, 52, 60, "London"),
            cell(10, 90, 90, "李, 明"),
            cell(210, 90, 20, "7"),
            cell(10, 110, 300, "- - - - - -"),
            cell(10, 130, 30, "="),
            cell(10, 130, 30, ""),
        ]),
    )
    .await;
    assert_eq!(
        output.rows,
        [
            ["Name", "Age", "Town"],
            ["Ada Byron", "", "London"],
            ["李, 明", "7", ""],
            ["=", "", ""],
        ]
    );
    let csv = content(&bench, &output).await;
    assert_eq!(
        csv,
        "Name,Age,Town\nAda Byron,,London\n\"李, 明\",7,\n'=,,\n"
    );
}

#[tokio::test]
async fn no_text_is_an_empty_table() {
    let bench = Bench::new();
    let output = call(&bench, json!([[1, 2, 3, 4]])).await;
    assert!(output.rows.is_empty());
    assert_eq!(content(&bench, &output).await, "");
}

#[test]
fn what_a_spreadsheet_would_compute_is_told_from_numbers() {
    for text in [
        "=1+1",
        "@SUM(A1)",
        "+cmd|' /C calc'!A0",
        "-A1",
        "=HYPERLINK(\"x\")",
    ] {
        assert!(is_formula(text), "{text}");
    }
    for text in ["-5.00", "+12 %", "- 3", "4 = 4", "a@b", ""] {
        assert!(!is_formula(text), "{text}");
    }
}

proptest! {
    #[test]
    fn every_text_is_in_the_table_and_all_rows_are_of_one_length(
        places in prop::collection::vec((0..600_i16, 0..600_i16, 1..300_i16, 1..40_i16), 0..30),
    ) {
        let regions: Vec<Region> = places
            .iter()
            .enumerate()
            .map(|(number, &(x, y, width, height))| Region {
                bounds: [x, y, width, height].map(f32::from),
                text: Some(format!("w{number}")),
                ..Region::default()
            })
            .collect();
        let table = table(&regions);
        let mut words: Vec<&str> = table.iter().flatten().flat_map(|cell| cell.split(' ')).collect();
        words.retain(|word| !word.is_empty());
        words.sort_unstable();
        let mut wanted: Vec<String> = (0..places.len()).map(|number| format!("w{number}")).collect();
        wanted.sort_unstable();
        prop_assert_eq!(words, wanted);
        prop_assert!(table.windows(2).all(|pair| pair[0].len() == pair[1].len()));
    }
}
