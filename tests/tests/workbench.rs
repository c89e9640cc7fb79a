//! Tools that make tables, sheets and comparisons, with real models on the files in `samples/`.

use std::{fs, path::PathBuf};

use medley_tests::{medley, sample, shared_home};
use serde_json::{Value as Json, json};

/// Runs a plan on samples, and gives its result with the folder that its files are in.
fn ran(plan: &Json, samples: &[&str]) -> (Json, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let mut command = medley(&shared_home());
    command.args(["exec", "-", "--json"]);
    for name in samples {
        command.arg("--attach").arg(sample(name));
    }
    let output = command
        .write_stdin(plan.to_string())
        .current_dir(folder.path())
        .output()
        .unwrap();
    let result: Json = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|error| panic!("{error}: {output:?}"));
    assert_eq!(result["status"], "succeeded", "{result:#}");
    (result, folder)
}

/// The file that a part of the answer is in.
fn file(result: &Json, folder: &tempfile::TempDir, part: usize) -> PathBuf {
    let path = result["answer"][part]["path"].as_str();
    folder
        .path()
        .join(path.unwrap_or_else(|| panic!("{result:#}")))
}

#[test]
fn a_receipt_becomes_a_table() {
    let plan = json!({"steps": [
        {"id": "s1", "tool": "ocr", "args": {"image": "$input1"}},
        {"id": "s2", "tool": "regions_to_table", "args": {"regions": "$s1.regions"}},
    ], "answer": ["$s2"]});
    let (result, folder) = ran(&plan, &["receipt.png"]);
    let path = file(&result, &folder, 0);
    assert_eq!(path.extension().unwrap(), "csv");
    let table = fs::read_to_string(path).unwrap();
    let truth: Json = serde_json::from_slice(&fs::read(sample("truth.json")).unwrap()).unwrap();
    let mut pairs = 0;
    for row in truth["receipt.png"]["rows"].as_array().unwrap() {
        let cells: Vec<_> = row
            .as_array()
            .unwrap()
            .iter()
            .map(|cell| cell["text"].as_str().unwrap())
            .collect();
        if let [item, price] = cells[..] {
            pairs += 1;
            assert!(
                table.lines().any(|line| line == format!("{item},{price}")),
                "{item}, {price} in {table}"
            );
        }
    }
    assert!(pairs > 8);
}

#[test]
fn a_sign_is_written_anew_in_its_place() {
    let texts = [
        "RUE DU PORT",
        "VIEILLE VILLE",
        "Roulez lentement",
        "Enfants qui jouent",
    ];
    let plan = json!({"steps": [
        {"id": "s1", "tool": "ocr", "args": {"image": "$input1"}},
        {"id": "s2", "tool": "replace_text",
         "args": {"image": "$input1", "regions": "$s1.regions", "texts": texts}},
        {"id": "s3", "tool": "ocr", "args": {"image": "$s2"}},
        {"id": "s4", "tool": "compare_images", "args": {"first": "$input1", "second": "$s2"}},
        {"id": "s5", "tool": "contact_sheet",
         "args": {"images": ["$input1", "$s2", "$s4"], "captions": ["before", "after", "${s4.difference} differs"]}},
    ], "answer": ["$s3.text", "$s2", "$s4", "$s5", "$s4.difference"]});
    let (result, folder) = ran(&plan, &["sign.png"]);
    let read = result["answer"][0]["text"].as_str().unwrap();
    for text in texts {
        assert!(read.contains(text), "{text} in {read}");
    }
    assert!(!read.contains("HARBOUR"), "{read}");
    let before = image::open(sample("sign.png")).unwrap().to_rgb8();
    let after = image::open(file(&result, &folder, 1)).unwrap().to_rgb8();
    assert_eq!(before.dimensions(), after.dimensions());
    assert_eq!(before.get_pixel(100, 100), after.get_pixel(100, 100));
    let difference: f64 = result["answer"][4]["text"]
        .as_str()
        .unwrap()
        .parse()
        .unwrap();
    assert!((0.01..0.15).contains(&difference), "{difference}");
    let sheet = image::open(file(&result, &folder, 3)).unwrap();
    assert!(sheet.width() > 480 && sheet.height() > 320);
}
