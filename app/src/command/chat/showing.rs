//! What a chat prints: answers with the names of their files, questions, and what there is.

use medley::{AnswerPart, Exported, Exporter, NamedArtifact, RunStatus, Said};
use medley_models::readable_bytes;

use super::{
    super::{
        arguments::Verbosity,
        output::{Exit, print, report_failure, show_troubles},
    },
    Chat,
};

impl Chat<'_> {
    /// Prints the answer, and writes its files. Words that were `told` as they came are not printed again.
    pub(super) async fn show(&self, said: &Said, told: bool) -> anyhow::Result<Exit> {
        if said.outcome.status == RunStatus::Waiting {
            // The answer comes as a whole once nothing is asked any more.
            show_troubles(&said.outcome, self.settings.verbosity);
            return Ok(Exit::Waiting);
        }
        let exporter = Exporter::new(&self.folder);
        let response = &said.outcome.response;
        let Exported { answer, failures } = exporter.export(response, self.medley.store()).await;
        let mut texts = Vec::new();
        for (part, name) in answer.iter().zip(&said.names) {
            match (part, name) {
                (AnswerPart::Text { text }, name) => {
                    if !told {
                        print(text)?;
                    }
                    texts.extend(name.as_deref());
                }
                (
                    AnswerPart::Artifact {
                        path: Some(path),
                        kind,
                        ..
                    },
                    name,
                ) => {
                    let name = name.as_deref().unwrap_or(kind.name());
                    print(&format!("{name}: {path}"))?;
                }
                (AnswerPart::Artifact { path: None, .. }, _) => {}
            }
        }
        if !texts.is_empty() && self.settings.verbosity > Verbosity::Quiet {
            aside!("({})", texts.join(", "));
        }
        show_troubles(&said.outcome, self.settings.verbosity);
        for failure in &failures {
            report_failure(&failure.to_string(), failure.hint().as_deref());
        }
        Ok(if failures.is_empty() {
            said.outcome.status.into()
        } else {
            Exit::Failed
        })
    }

    pub(super) fn show_question(&self) {
        let Some(asked) = self.session.asked() else {
            return;
        };
        aside!("question: {}", asked.question.text);
        if asked.wants_leave() {
            return;
        }
        for (place, choice) in asked.question.choices.iter().enumerate() {
            aside!("  {} {choice}", place + 1);
        }
    }

    pub(super) fn show_artifacts(&self) -> anyhow::Result<()> {
        let known = self.session.conversation().artifacts.iter();
        let mut rows: Vec<[String; 3]> = known.map(row).collect();
        let coming = self.session.coming();
        rows.extend(coming.into_iter().map(|(name, file)| {
            let origin = format!("{}, comes with the next request", file.name);
            [name, measure(&file.artifact), origin]
        }));
        if rows.is_empty() {
            print("nothing yet; /attach FILE brings something along")?;
        }
        let width = |column: usize| {
            let cells = rows.iter().map(|row| row[column].chars().count());
            cells.max().unwrap_or(0)
        };
        let (names, measures) = (width(0), width(1));
        for [name, measure, origin] in &rows {
            print(&format!("{name:names$}  {measure:measures$}  {origin}"))?;
        }
        Ok(())
    }
}

fn row(known: &NamedArtifact) -> [String; 3] {
    [known.name.clone(), measure(&known.artifact), known.origin()]
}

/// What a file is and how large.
fn measure(artifact: &medley::Artifact) -> String {
    let facts = &artifact.facts;
    let mut measure = artifact.kind.to_string();
    if let (Some(width), Some(height)) = (facts.width, facts.height) {
        measure.push_str(&format!(" {width}x{height}"));
    }
    if let Some(seconds) = facts.duration_s {
        measure.push_str(&format!(" {seconds:.1} s"));
    }
    format!("{measure}, {}", readable_bytes(facts.bytes))
}

/// How many turns there are, in words.
pub(super) fn counted(turns: u64) -> String {
    match turns {
        1 => "1 turn".to_owned(),
        several => format!("{several} turns"),
    }
}
