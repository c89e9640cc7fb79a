//! The words of a label: one line, short, and free of anything that a terminal would obey.

use std::borrow::Cow;

use super::PicturedStep;
use crate::StepStatus;

/// The most characters of an argument list, a reason or a note that a label shows.
const LIMIT: usize = 72;

/// `text` on one line, without control characters, shortened.
pub(super) fn plain(text: &str) -> String {
    let shown: String = text
        .chars()
        .filter(|&each| !changes_direction(each))
        .map(|each| if each.is_control() { ' ' } else { each })
        .collect();
    let words: Vec<&str> = shown.split_whitespace().collect();
    shorten(&words.join(" "), LIMIT).into_owned()
}

/// Characters that make the rest of a line read from the other side.
const fn changes_direction(each: char) -> bool {
    matches!(each, '\u{061c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// At most `limit` characters of `text`, the last of them `…` if there are more.
pub(super) fn shorten(text: &str, limit: usize) -> Cow<'_, str> {
    match text.char_indices().nth(limit) {
        None => Cow::Borrowed(text),
        Some(_) => {
            let kept: String = text.chars().take(limit.saturating_sub(1)).collect();
            Cow::Owned(kept + "…")
        }
    }
}

/// The step's name and tool.
pub(super) fn title(step: &PicturedStep) -> String {
    format!("{} {}", plain(&step.id), plain(&step.tool))
}

/// What became of a step and how, in a few words each: `failed: timed_out`, `by pp-ocr`, `3 attempts`.
pub(super) fn facts(step: &PicturedStep) -> Vec<String> {
    let status = step.status.and_then(status_word).map(str::to_owned);
    let note = step.note.as_deref().map(plain);
    let outcome: Vec<String> = [status, note].into_iter().flatten().collect();
    let mut facts = vec![outcome.join(": ")];
    if let Some(provider) = &step.provider {
        facts.push(format!("by {}", plain(provider)));
    }
    if step.attempts > 1 {
        facts.push(format!("{} attempts", step.attempts));
    }
    if step.children > 0 {
        let (done, all) = (step.children_done, step.children);
        facts.push(format!("{done} of {all} items"));
    }
    facts.retain(|fact| !fact.is_empty());
    facts
}

/// The lines of a box: title, arguments, and what came of it or why it is there.
pub(super) fn lines(step: &PicturedStep) -> Vec<String> {
    let time = step.ran().then(|| human_time(step.duration()));
    let facts: Vec<String> = time.into_iter().chain(facts(step)).collect();
    let mut lines = vec![title(step), plain(&step.arguments), facts.join(", ")];
    lines.extend(reason(step));
    lines.retain(|line| !line.is_empty());
    lines
}

/// Why a step is there; once it has run, what came of it is worth more of the room.
pub(super) fn reason(step: &PicturedStep) -> Option<String> {
    let why = step.why.as_deref().filter(|_| step.status.is_none());
    why.map(plain)
}

/// A stable name of what became of a step, for classes and colours.
pub(super) const fn status_class(status: Option<StepStatus>) -> &'static str {
    match status {
        None => "planned",
        Some(StepStatus::Done) => "done",
        Some(StepStatus::Cached) => "cached",
        Some(StepStatus::Failed) => "failed",
        Some(StepStatus::Skipped) => "skipped",
        Some(StepStatus::Cancelled) => "cancelled",
        Some(StepStatus::Waiting) => "waiting",
    }
}

/// Every class with its fill and its line, light enough for black text.
pub(super) const COLOURS: [(Option<StepStatus>, &str, &str); 7] = [
    (None, "#f5f5f5", "#757575"),
    (Some(StepStatus::Done), "#dcedc8", "#558b2f"),
    (Some(StepStatus::Cached), "#b2dfdb", "#00796b"),
    (Some(StepStatus::Failed), "#ffcdd2", "#c62828"),
    (Some(StepStatus::Skipped), "#eeeeee", "#9e9e9e"),
    (Some(StepStatus::Cancelled), "#ffe0b2", "#ef6c00"),
    (Some(StepStatus::Waiting), "#fff9c4", "#f9a825"),
];

/// The word for what is not simply done.
const fn status_word(status: StepStatus) -> Option<&'static str> {
    match status {
        StepStatus::Done => None,
        other => Some(status_class(Some(other))),
    }
}

/// A time as people say it: `412 ms`, `1.24 s`, `2 min 03 s`.
pub(super) fn human_time(ms: f64) -> String {
    let seconds = ms / 1e3;
    // A time that rounds up to the next unit is said in that unit.
    if ms < 0.9995 {
        format!("{:.0} µs", ms * 1e3)
    } else if ms < 9.95 {
        format!("{ms:.1} ms")
    } else if ms < 999.5 {
        format!("{ms:.0} ms")
    } else if seconds < 9.995 {
        format!("{seconds:.2} s")
    } else if seconds < 59.95 {
        format!("{seconds:.1} s")
    } else if seconds < 3599.5 {
        let whole = seconds.round();
        format!("{:.0} min {:02.0} s", (whole / 60.0).floor(), whole % 60.0)
    } else {
        let minutes = (seconds / 60.0).round();
        format!(
            "{:.0} h {:02.0} min",
            (minutes / 60.0).floor(),
            minutes % 60.0
        )
    }
}
