//! Reads pictures with PP-OCR and prints one JSON object a line: what `bench/ocr/compare.py`
//! measures.
//!
//! ```text
//! ppocr_dump LIBRARY DETECTION ORIENTATION RECOGNITION REPEATS PICTURE...
//! ```
//! The first line is printed when the models are loaded; then each picture is read `REPEATS`
//! times, and the fastest time counts.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use medley_models::families::ppocr::PpOcr;
use medley_models::sessions::{OnnxRuntime, Sessions, SessionsOptions};
use medley_orchestrator::{Ledger, Limits};
use serde_json::json;
use tokio_util::sync::CancellationToken;

fn main() -> anyhow::Result<()> {
    let start = Instant::now();
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [
        library,
        detection,
        orientation,
        recognition,
        repeats,
        pictures @ ..,
    ] = arguments.as_slice()
    else {
        bail!("usage: ppocr_dump LIBRARY DETECTION ORIENTATION RECOGNITION REPEATS PICTURE...");
    };
    let repeats: u32 = repeats.parse().context("REPEATS is a number")?;

    let runtime = OnnxRuntime::load(Path::new(library))?;
    let sessions = Sessions::new(
        runtime,
        SessionsOptions::default(),
        Ledger::new(Limits::unlimited()),
    );
    let [detection, orientation, recognition] =
        sessions.open_all([detection, orientation, recognition].map(Path::new))?;
    let ocr = PpOcr::new(detection, orientation, recognition)?;
    println!("{}", json!({ "loaded_ms": milliseconds(start.elapsed()) }));

    let cancel = CancellationToken::new();
    for picture in pictures {
        let pixels = image::open(picture)
            .with_context(|| format!("cannot open {picture}"))?
            .into_rgb8();
        let mut fastest = Duration::MAX;
        let mut lines = Vec::new();
        for _ in 0..repeats.max(1) {
            let start = Instant::now();
            lines = ocr.read(&pixels, &cancel)?;
            fastest = fastest.min(start.elapsed());
        }
        let lines: Vec<_> = lines
            .iter()
            .map(|line| json!({"polygon": line.polygon, "text": line.text, "score": line.score}))
            .collect();
        let record = json!({"picture": picture, "ms": milliseconds(fastest), "lines": lines});
        println!("{record}");
    }
    Ok(())
}

fn milliseconds(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1000.0
}
