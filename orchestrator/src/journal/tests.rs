//! What a journal must keep, whoever reads it back.

mod cache;
mod contract;
mod faults;
mod runs;
mod sessions;

use std::path::Path;

use tempfile::TempDir;

use super::*;
use crate::{Artifact, Attachment, EventKind, Facts, Kind, StepStatus, Value};

fn open(path: &Path) -> SqliteJournal {
    SqliteJournal::open(path, JournalOptions::default()).unwrap()
}

/// A journal in a folder of its own.
fn fresh() -> (TempDir, SqliteJournal) {
    let folder = tempfile::tempdir().unwrap();
    let journal = open(&file_in(&folder));
    (folder, journal)
}

fn file_in(folder: &TempDir) -> std::path::PathBuf {
    folder.path().join("journal.db")
}

fn artifact(content: &str) -> Artifact {
    Artifact {
        id: Digest::of(content.as_bytes()),
        kind: Kind::Text,
        mime: "text/plain".to_owned(),
        facts: Facts {
            bytes: content.len() as u64,
            ..Facts::default()
        },
    }
}

fn run(id: &str, began_at: u64) -> RunRecord {
    RunRecord {
        id: id.to_owned(),
        kind: RunKind::Ask,
        session: Some("a session".to_owned()),
        request: Request {
            text: format!("the words of {id}"),
            attachments: vec![Attachment {
                name: "note.txt".to_owned(),
                artifact: artifact("attached"),
            }],
            ..Request::default()
        },
        began_at,
    }
}

fn turn(index: u32) -> TurnRecord {
    TurnRecord {
        index,
        request_digest: Digest::of(b"what was asked"),
        decision: serde_json::json!({"answer": [null, "$s1"], "b": 1, "a": 2.5}),
        usage: serde_json::json!({"tokens": 12}),
    }
}

/// A step of one artifact, done.
fn step(key: &str, content: &str) -> StepRecord {
    StepRecord {
        round: 0,
        key: key.to_owned(),
        identity: Some(identity(key)),
        report: StepReport {
            id: key.to_owned(),
            tool: "ocr".to_owned(),
            provider: Some("a provider".to_owned()),
            status: StepStatus::Done,
            started_ms: 1.5,
            ms: 10.0,
            attempts: 1,
            outputs: [
                ("text".to_owned(), Value::from(artifact(content))),
                (
                    "words".to_owned(),
                    Value::List(vec!["a\nb".into(), 2.0.into(), 3.into()]),
                ),
            ]
            .into(),
            error: None,
            question: None,
            children: Vec::new(),
            call: None,
        },
    }
}

/// The identity that [`step`] gives to a key.
fn identity(key: &str) -> Digest {
    Digest::of(key.as_bytes())
}

fn event(seq: u64) -> Event {
    Event {
        seq,
        at_ms: 0.5,
        kind: EventKind::StepProgress {
            step: "s1".to_owned(),
            fraction: None,
            message: "one line\nand another".to_owned(),
        },
    }
}

/// A value of SQLite's, read over a connection that the journal knows nothing of.
fn look(path: &Path, query: &str) -> i64 {
    let connection = rusqlite::Connection::open(path).unwrap();
    connection.query_row(query, [], |row| row.get(0)).unwrap()
}
