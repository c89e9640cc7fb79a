//! The answer on its way to the reader: sentence by sentence through the corrector, or word by word without one.
//!
//! What is told is what the answer holds, part by part. An artifact stands where the sentence that speaks of it ends,
//! whether or not sentences are corrected, so that both ways give the same parts.

use std::mem;

use super::{Corrector, Evidence};
use crate::{Artifact, EventKind, EventSink, Part};

/// Abbreviations after which a sentence goes on.
const ABBREVIATIONS: [&str; 8] = ["e.g.", "i.e.", "cf.", "dr.", "mr.", "mrs.", "no.", "vs."];

/// An answer while it is told.
pub struct Telling<'a> {
    events: &'a EventSink,
    corrector: Option<(&'a dyn Corrector, Evidence<'a>)>,
    /// White space before the sentence.
    before: String,
    /// The sentence that was begun.
    sentence: String,
    /// How many bytes of it are shown.
    shown: usize,
    /// White space that is shown once something follows it.
    gap: String,
    /// Artifacts that wait for the end of the sentence.
    waiting: Vec<(String, Artifact)>,
    /// Whether an artifact has just ended a sentence that had no full stop.
    cut_short: bool,
    parts: Vec<Part>,
}

impl<'a> Telling<'a> {
    pub(super) const fn new(
        events: &'a EventSink,
        corrector: Option<(&'a dyn Corrector, Evidence<'a>)>,
    ) -> Self {
        Self {
            events,
            corrector,
            before: String::new(),
            sentence: String::new(),
            shown: 0,
            gap: String::new(),
            waiting: Vec::new(),
            cut_short: false,
            parts: Vec::new(),
        }
    }

    /// Whether nothing was told yet.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.parts.is_empty() && self.sentence.is_empty() && self.waiting.is_empty()
    }

    /// Tells more text. Sentences end at full stops before white space, at CJK full stops and at line ends.
    pub async fn text(&mut self, text: &str) {
        for each in text.chars() {
            if each.is_whitespace() {
                self.cut_short = false;
                if !self.sentence.is_empty() && (each == '\n' || self.is_at_an_end()) {
                    self.close().await;
                }
                self.gap.push(each);
                continue;
            }
            if self.cut_short && matches!(each, '.' | ',' | ';' | '。' | '，' | '；') {
                continue;
            }
            self.cut_short = false;
            let ends = |last: char| matches!(last, '。' | '！' | '？');
            let said = self.sentence.trim_end_matches(closes);
            if said.ends_with(ends) && !ends(each) && !closes(each) {
                self.close().await;
            }
            let into = match self.sentence.is_empty() {
                true => &mut self.before,
                false => &mut self.sentence,
            };
            into.push_str(&mem::take(&mut self.gap));
            self.sentence.push(each);
        }
        if self.corrector.is_none() {
            self.show_sentence();
        }
    }

    /// Tells an artifact, by a name fit for a file.
    pub async fn artifact(&mut self, name: impl Into<String>, artifact: Artifact) {
        self.waiting.push((name.into(), artifact));
        if self.sentence.is_empty() {
            self.close().await;
        } else if self.sentence.ends_with([':', '：']) {
            self.close().await;
            self.cut_short = true;
        }
    }

    /// Ends a sentence that was cut off; what follows begins on a new line.
    pub async fn break_off(&mut self) {
        self.close().await;
        self.gap = "\n\n".to_owned();
    }

    /// Ends the answer, and gives its parts.
    pub async fn finish(mut self) -> Vec<Part> {
        self.close().await;
        self.parts
    }

    /// Ends the sentence: shows it, and the artifacts that it speaks of.
    async fn close(&mut self) {
        if let Some((corrector, evidence)) = &self.corrector
            && !self.sentence.is_empty()
        {
            let corrected = corrector.correct(&self.sentence, evidence).await;
            corrected.trim().clone_into(&mut self.sentence);
        }
        self.show_sentence();
        self.sentence.clear();
        self.before.clear();
        self.shown = 0;
        for (name, artifact) in mem::take(&mut self.waiting) {
            self.gap.clear();
            self.events.emit(EventKind::AnswerArtifact {
                name: name.clone(),
                artifact: artifact.clone(),
            });
            self.parts.push(Part::Artifact { artifact, name });
        }
    }

    /// Shows what of the sentence is not shown yet.
    fn show_sentence(&mut self) {
        let fresh = &self.sentence[self.shown..];
        if fresh.is_empty() {
            return;
        }
        match self.parts.last_mut() {
            Some(Part::Text { text: told }) => {
                let before = if self.shown == 0 { &*self.before } else { "" };
                let text = format!("{before}{fresh}");
                told.push_str(&text);
                self.events.emit(EventKind::AnswerText { text });
            }
            _ => {
                let text = fresh.to_owned();
                self.events
                    .emit(EventKind::AnswerText { text: text.clone() });
                self.parts.push(Part::Text { text });
            }
        }
        self.shown = self.sentence.len();
    }

    fn is_at_an_end(&self) -> bool {
        let said = self.sentence.trim_end_matches(closes);
        let Some(last) = said.chars().next_back() else {
            return false;
        };
        if matches!(last, '!' | '?' | '…' | '。' | '！' | '？') {
            return true;
        }
        let word = said.rsplit(char::is_whitespace).next().unwrap_or(said);
        let is_number =
            said.len() == word.len() && word.trim_end_matches('.').parse::<u32>().is_ok();
        let is_initial = word.len() == 2
            && word.starts_with(|each: char| each.is_ascii_uppercase())
            && word != "I.";
        let is_short = ABBREVIATIONS.contains(&word.to_lowercase().as_str());
        last == '.' && !is_number && !is_initial && !is_short
    }
}

/// Whether a character may stand between a full stop and the end of its sentence.
const fn closes(each: char) -> bool {
    matches!(
        each,
        '"' | '\'' | ')' | ']' | '*' | '_' | '`' | '”' | '’' | '」' | '』' | '）' | '》'
    )
}

#[cfg(test)]
mod tests;
