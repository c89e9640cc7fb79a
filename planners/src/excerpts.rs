//! The beginnings of texts that steps made as files, so that models are shown them as they are shown other texts.
//!
//! Such a text is what a tool read or made, like any other result: it is quoted, and the engine has held the plan to
//! what was chosen from the request before a planner sees it.

use std::collections::HashMap;

use medley_orchestrator::{Artifact, ArtifactStore, Digest, Kind, RunReport, TEXT_LIMIT};

/// A larger file is not read for its beginning: it has to be read whole to be verified, and plans take no longer text as
/// a value either.
const LARGEST: u64 = TEXT_LIMIT as u64;

/// How many bytes are read for all beginnings together.
const ALL: u64 = 16 << 20;

/// The most characters that are kept of a text.
const KEPT: usize = 4_000;

/// The beginning of a text.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Excerpt {
    /// As far as it is shown at most.
    pub text: String,
    /// How many characters are behind it.
    pub more: usize,
}

impl Excerpt {
    fn of(text: &str) -> Self {
        let (kept, behind) = match text.char_indices().nth(KEPT) {
            Some((end, _)) => text.split_at(end),
            None => (text, ""),
        };
        Self {
            text: kept.to_owned(),
            more: behind.chars().count(),
        }
    }
}

/// The beginnings of the texts of a run.
#[derive(Debug, Default)]
pub(crate) struct Excerpts(HashMap<Digest, Excerpt>);

impl Excerpts {
    /// Reads the texts that the steps of these rounds made; one that cannot be read is left out.
    pub(crate) async fn of(rounds: &[RunReport], store: &dyn ArtifactStore) -> Self {
        let mut excerpts = Self::default();
        let mut left = ALL;
        for artifact in texts(rounds) {
            let bytes = artifact.facts.bytes;
            if excerpts.0.contains_key(&artifact.id) || bytes > LARGEST.min(left) {
                continue;
            }
            left -= bytes;
            let read = store
                .read(&artifact.id)
                .await
                .map_err(|error| error.to_string());
            let text = read.and_then(|bytes| {
                String::from_utf8(bytes).map_err(|_| "it is not UTF-8".to_owned())
            });
            match text {
                Ok(text) => {
                    excerpts.0.insert(artifact.id, Excerpt::of(&text));
                }
                Err(error) => tracing::warn!("a text cannot be shown to the model: {error}"),
            }
        }
        excerpts
    }

    /// The beginning of a text, where it could be read.
    pub(crate) fn get(&self, artifact: &Artifact) -> Option<&Excerpt> {
        let is_text = artifact.kind == Kind::Text;
        self.0.get(&artifact.id).filter(|_| is_text)
    }
}

fn texts(rounds: &[RunReport]) -> impl Iterator<Item = &Artifact> {
    let steps = rounds.iter().flat_map(|round| &round.steps);
    let outputs = steps.flat_map(|step| step.outputs.values());
    outputs
        .flat_map(|value| value.artifacts())
        .filter(|artifact| artifact.kind == Kind::Text)
}

/// Words between quotation marks, on one line and of at most so many characters; `more` are behind them in any case.
pub(crate) fn quoted(words: &str, most: usize, more: usize) -> String {
    let (shown, behind) = match words.char_indices().nth(most) {
        Some((end, _)) => words.split_at(end),
        None => (words, ""),
    };
    match behind.chars().count() + more {
        0 => format!("{shown:?}"),
        more => format!("{shown:?}… ({more} characters more)"),
    }
}

#[cfg(test)]
mod tests {
    use medley_orchestrator::{DiskStore, Facts, RunStatus, StepReport, StepStatus, Value};

    use super::*;

    fn round(outputs: Vec<Value>) -> RunReport {
        let step = StepReport {
            id: "s1".to_owned(),
            tool: "ocr".to_owned(),
            provider: None,
            status: StepStatus::Done,
            started_ms: 0.0,
            ms: 1.0,
            attempts: 1,
            outputs: [("texts".to_owned(), Value::List(outputs))].into(),
            error: None,
            question: None,
            children: Vec::new(),
            call: None,
        };
        RunReport {
            run: "run".to_owned(),
            status: RunStatus::Succeeded,
            steps: vec![step],
            answer: Vec::new(),
            unanswered: Vec::new(),
            defects: Vec::new(),
            ms: 1.0,
        }
    }

    #[tokio::test]
    async fn texts_are_read_as_far_as_they_are_shown_and_nothing_else_is() {
        let folder = tempfile::tempdir().unwrap();
        let store = DiskStore::new(folder.path());
        let write = async |kind, content: Vec<u8>| {
            let written = store.write(kind, "text/plain", Facts::default(), content);
            written.await.unwrap()
        };
        let short = write(Kind::Text, b"OPEN".to_vec()).await;
        let long = write(Kind::Text, "ä".repeat(5_000).into_bytes()).await;
        let huge = write(Kind::Text, vec![b'x'; (1 << 20) + 1]).await;
        let binary = write(Kind::Text, vec![0xff]).await;
        let picture = write(Kind::Image, b"PICTURE".to_vec()).await;
        let gone = Artifact {
            id: Digest::of(b"gone"),
            ..short.clone()
        };
        let all = [&short, &long, &huge, &binary, &picture, &gone];
        let report = round(all.iter().map(|&each| each.clone().into()).collect());
        let excerpts = Excerpts::of(&[report], &store).await;
        let kept: Vec<(usize, usize)> = all
            .iter()
            .filter_map(|each| excerpts.get(each))
            .map(|excerpt| (excerpt.text.chars().count(), excerpt.more))
            .collect();
        assert_eq!(kept, [(4, 0), (4_000, 1_000)]);
    }

    #[test]
    fn words_are_quoted_on_one_line_and_what_is_behind_is_counted() {
        assert_eq!(quoted("a\n\"b\"", 10, 0), r#""a\n\"b\"""#);
        assert_eq!(quoted("äöü", 2, 0), r#""äö"… (1 characters more)"#);
        assert_eq!(quoted("äöü", 3, 7), r#""äöü"… (7 characters more)"#);
    }
}
