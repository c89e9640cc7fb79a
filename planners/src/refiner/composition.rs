//! An answer while it is put together: what the model writes, and behind it what it did not show.

use std::collections::BTreeSet;

use medley_orchestrator::{Artifact, Digest, Kind, Part, Refining, Telling};

use super::{
    citable::Citable,
    reader::{Piece, Reader},
};
use crate::template_refiner::words;

/// An answer while it is put together.
pub(super) struct Composition<'a> {
    citable: &'a Citable<'a>,
    reader: Reader<'a>,
    telling: Telling<'a>,
    /// All words that were told.
    told: String,
    shown: BTreeSet<(Digest, Kind)>,
}

impl<'a> Composition<'a> {
    pub(super) fn new(citable: &'a Citable<'a>, refining: &Refining<'a>) -> Self {
        Self {
            citable,
            reader: Reader::new(citable),
            telling: refining.telling(),
            told: String::new(),
            shown: BTreeSet::new(),
        }
    }

    pub(super) const fn citable(&self) -> &'a Citable<'a> {
        self.citable
    }

    /// Whether nothing was told yet.
    pub(super) const fn is_empty(&self) -> bool {
        self.telling.is_empty()
    }

    /// Takes more of what the model writes.
    pub(super) async fn write(&mut self, text: &str) {
        let pieces = self.reader.push(text);
        self.tell(pieces).await;
    }

    /// The model writes no more.
    pub(super) async fn end_text(&mut self) {
        let pieces = self.reader.finish();
        self.tell(pieces).await;
    }

    async fn tell(&mut self, pieces: Vec<Piece>) {
        for piece in pieces {
            match piece {
                Piece::Text(text) => self.say(&text).await,
                Piece::Cited(index) => self.cite(index).await,
            }
        }
    }

    async fn say(&mut self, text: &str) {
        self.told.push_str(text);
        self.telling.text(text).await;
    }

    async fn cite(&mut self, index: usize) {
        let Some(item) = self.citable.item(index) else {
            return;
        };
        let artifacts = item.value.artifacts();
        if artifacts.is_empty() {
            return self.say(&words(&item.value, item.tool)).await;
        }
        for artifact in artifacts {
            self.show(artifact, self.citable.name_of(artifact)).await;
        }
    }

    /// Shows an artifact once.
    async fn show(&mut self, artifact: &Artifact, name: String) {
        if self.shown.insert((artifact.id, artifact.kind)) {
            self.telling.artifact(name, artifact.clone()).await;
        }
    }

    /// Adds the artifacts of the answer that the model did not cite.
    pub(super) async fn add_uncited(&mut self) {
        self.telling.break_off().await;
        for part in self.citable.answer() {
            if let Part::Artifact { artifact, name } = part {
                self.show(artifact, name.clone()).await;
            }
        }
    }

    /// Adds all of the answer that was not told before the model was cut off.
    pub(super) async fn add_untold(&mut self) {
        self.telling.break_off().await;
        for part in self.citable.answer() {
            match part {
                Part::Artifact { artifact, name } => self.show(artifact, name.clone()).await,
                Part::Text { text } if self.told.contains(text.trim()) => {}
                Part::Text { text } => {
                    self.say(text).await;
                    self.telling.break_off().await;
                }
            }
        }
    }

    /// The parts, and how many names of what does not exist were left out.
    pub(super) async fn into_parts(self) -> (Vec<Part>, usize) {
        let left_out = self.reader.left_out();
        (self.telling.finish().await, left_out)
    }
}
