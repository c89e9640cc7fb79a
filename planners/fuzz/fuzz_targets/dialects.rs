//! Any text is read, as a whole and piece by piece, and gives steps, defects or an end that is missing.
//!
//! `cargo fuzz run dialects --fuzz-dir planners/fuzz -s none` (with `cargo install cargo-fuzz`).
#![no_main]

use libfuzzer_sys::fuzz_target;
use medley_planners::dialect::{Dialect, StreamReader, ToolNames, read};

fuzz_target!(|text: &str| {
    let tools = ToolNames::new([("ocr", vec!["image"]), ("search", vec!["query", "count"])]);
    let reading = read(text, &tools);
    let mut reader = StreamReader::new(&tools);
    let mut steps = Vec::new();
    for piece in text.split_inclusive(' ') {
        steps.extend(reader.push(piece));
    }
    let streamed = reader.finish();
    assert!(streamed.draft.steps.starts_with(&steps), "what was given stays the first of the plan");
    let is_explained = !reading.draft.steps.is_empty()
        || !reading.defects().is_empty()
        || reading.is_cut
        || reading.final_text.is_some()
        || reading.dialect != Dialect::Unknown;
    assert!(is_explained, "a text without a plan says so");
});
