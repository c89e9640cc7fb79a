//! Tables that scripts and plans take rows and columns out of.

use std::fs;

use super::{files, result, script, words};

#[test]
fn tables_are_read_row_by_row_and_by_their_headings() {
    let folder = tempfile::tempdir().unwrap();
    let list = folder.path().join("list.csv");
    fs::write(&list, "item,price\ntea,2.50\n\"milk, whole\",1.10\n").unwrap();
    let own = script(
        &folder,
        "//! @input table: what was bought\nlet sum = 0.0;\nfor price in inputs[0].price { sum += parse_float(price); }\n\
         for row in inputs[0] { emit(row[0]); }\nemit(sum);",
    );
    let result = result(folder.path(), &["run", &own, "-a", "list.csv"]);
    assert_eq!(result["status"], "succeeded", "{result:#}");
    assert_eq!(words(&result), ["item", "tea", "milk, whole", "3.6"]);

    // Plans pick in the same way.
    let plan = r#"{"id":"s1","tool":"qr_code","args":{"text":"$input1[2][0]"}}
{"answer":["$input1.price[1]","$s1"]}"#;
    fs::write(folder.path().join("plan.jsonl"), plan).unwrap();
    let result = super::result(folder.path(), &["exec", "plan.jsonl", "-a", "list.csv"]);
    assert_eq!(result["status"], "succeeded", "{result:#}");
    assert_eq!(words(&result), ["1.10"]);
    assert_eq!(files(&result).len(), 1);
    assert!(result.get("notes").is_none(), "{result:#}");
}

#[test]
fn headings_of_any_words_are_found_and_what_is_not_there_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let list = "name,unit price\ntea,2.50\nmilk\n";
    fs::write(folder.path().join("list.csv"), list).unwrap();
    let own = script(
        &folder,
        "let t = inputs[0];\nemit(t.name[0]);\nemit(t[\"unit price\"]);\nemit(t[-1][0]);\nemit(t.colour);",
    );
    let told = result(folder.path(), &["run", &own, "-a", "list.csv"]);
    assert_eq!(words(&told), ["tea", "2.50", "", "milk"], "{told:#}");
    assert!(told["notes"][0].as_str().unwrap().contains("`colour`"));

    let exec = |plan: &str| {
        fs::write(folder.path().join("plan.jsonl"), plan).unwrap();
        result(folder.path(), &["exec", "plan.jsonl", "-a", "list.csv"])
    };
    let told = exec(
        r#"{"id":"s1","tool":"qr_code","for_each":"$input1","args":{"text":"$item[0]"}}
{"answer":["$s1","$input1['unit price'][0]","$input1[7]"]}"#,
    );
    assert_eq!(told["status"], "partial", "{told:#}");
    assert_eq!((files(&told).len(), words(&told)), (3, vec!["2.50"]));
    let missing = "a part of the answer is missing: there is no row 7 in the table, which has 3";
    assert_eq!(told["notes"][0], missing);
    let told = exec(r#"{"id":"s1","tool":"qr_code","args":{"text":"$input1.unit price"}}"#);
    let defect = &told["defects"][0];
    assert_eq!(
        defect["message"], "`$input1.unit price` is not a reference",
        "{told:#}"
    );
}
