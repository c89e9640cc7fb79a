//! The files that a request can be about: those that came with it, and in a session those from before.

use std::collections::BTreeSet;

use medley_orchestrator::{Attachment, Kind, NamedArtifact, Request};

/// A file that a request can be about.
#[derive(Debug, Clone)]
pub(super) struct FileAtHand<'a> {
    /// How a plan refers to it.
    pub expression: String,
    /// How the words of the request may call it.
    pub names: Vec<&'a str>,
    /// What it is.
    pub kind: Kind,
    /// What the session knows of it, where it is from before.
    pub earlier: Option<&'a NamedArtifact>,
}

/// All of them: the attachments of the request first, then those of the session in the order in which they appeared.
#[derive(Debug, Clone)]
pub(super) struct Files<'a> {
    files: Vec<FileAtHand<'a>>,
    attached: usize,
    /// Whether there is a session, in which words may mean what was there before.
    pub in_session: bool,
}

impl<'a> Files<'a> {
    pub(super) fn of(request: &'a Request) -> Self {
        let conversation = &request.conversation;
        let attached = request.attachments.iter().enumerate();
        let mut files: Vec<FileAtHand<'a>> = attached
            .map(|(index, Attachment { name, artifact })| {
                let also = conversation.attached_as.get(index).map(String::as_str);
                FileAtHand {
                    expression: format!("${}", Request::input_name(index)),
                    names: std::iter::once(name.as_str()).chain(also).collect(),
                    kind: artifact.kind,
                    earlier: None,
                }
            })
            .collect();
        let attached = files.len();
        // What was attached again is here as an attachment.
        let again: BTreeSet<&str> = conversation
            .attached_as
            .iter()
            .map(String::as_str)
            .collect();
        let earlier = conversation.artifacts.iter();
        files.extend(
            earlier
                .filter(|known| !again.contains(known.name.as_str()))
                .map(|known| FileAtHand {
                    expression: format!("${}", known.name),
                    names: if known.is_attached() {
                        vec![known.name.as_str(), known.label.as_str()]
                    } else {
                        vec![known.name.as_str()]
                    },
                    kind: known.artifact.kind,
                    earlier: Some(known),
                }),
        );
        Self {
            files,
            attached,
            in_session: !conversation.is_none(),
        }
    }

    pub(super) fn get(&self, lane: usize) -> Option<&FileAtHand<'a>> {
        self.files.get(lane)
    }

    /// What the files are called, one name each.
    pub(super) fn labels(&self) -> impl Iterator<Item = &'a str> + '_ {
        self.files
            .iter()
            .filter_map(|file| file.names.last().copied())
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &FileAtHand<'a>> {
        self.files.iter()
    }

    /// How many came with the request; their lanes are the first.
    pub(super) const fn attached(&self) -> usize {
        self.attached
    }

    /// The lanes of what the session has from before, in the order in which it appeared.
    pub(super) fn earlier(&self) -> std::ops::Range<usize> {
        self.attached..self.files.len()
    }

    /// Every name with the lane that it is for. Of two files of one name, the newer one is meant, and one that came with
    /// the request before all.
    pub(super) fn names(&self) -> (Vec<&'a str>, Vec<usize>) {
        let lanes = self.earlier().chain(0..self.attached);
        lanes
            .flat_map(|lane| self.files[lane].names.iter().map(move |name| (*name, lane)))
            .unzip()
    }

    /// The lanes among which "the second" counts.
    pub(super) fn counted(&self) -> Vec<usize> {
        if self.attached > 1 {
            return (0..self.attached).collect();
        }
        self.earlier().chain(0..self.attached).collect()
    }
}
