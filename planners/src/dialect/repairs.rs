//! What was put right while reading, for whoever wants to know how well a model writes.

/// More different repairs than this say nothing new.
const LIMIT: usize = 64;

/// Notes on what was put right, each once.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Repairs(Vec<String>);

impl Repairs {
    /// Notes a repair.
    pub(super) fn note(&mut self, text: &str) {
        if self.0.len() < LIMIT && !self.0.iter().any(|known| known == text) {
            self.0.push(text.to_owned());
        }
    }

    /// Takes over what was noted elsewhere.
    pub(super) fn extend(&mut self, others: Self) {
        for note in others.0 {
            self.note(&note);
        }
    }

    pub(super) fn into_notes(self) -> Vec<String> {
        self.0
    }
}
