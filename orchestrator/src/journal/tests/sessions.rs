//! Sessions: their turns come back in order, what was not kept is open, and answers stand.

use super::*;
use crate::{Effects, Exchange, NamedArtifact, SessionTurn};

fn added(asked: &str, content: &str) -> SessionTurn {
    SessionTurn {
        exchange: Exchange {
            asked: asked.to_owned(),
            answered: content.to_owned(),
        },
        artifacts: vec![NamedArtifact {
            name: "img1".to_owned(),
            artifact: artifact(content),
            label: content.to_owned(),
            made_by: None,
            made_from: Vec::new(),
            shown_in: 1,
            used_in: 0,
        }],
        ..SessionTurn::default()
    }
}

fn run_of(session: &str, id: &str, began_at: u64) -> RunRecord {
    RunRecord {
        session: Some(session.to_owned()),
        ..run(id, began_at)
    }
}

#[tokio::test]
async fn turns_come_back_in_order_and_the_last_one_may_be_open() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal.sqlite");
    let journal = SqliteJournal::open(&path, JournalOptions::default()).unwrap();
    journal.begin_run(&run_of("one", "r1", 1)).await.unwrap();
    journal
        .keep_session_turn("r1", &added("a", "first try"))
        .await
        .unwrap();
    journal
        .keep_session_turn("r1", &added("a", "kept"))
        .await
        .unwrap();
    journal.begin_run(&run_of("two", "r2", 2)).await.unwrap();
    journal.begin_run(&run_of("one", "r3", 3)).await.unwrap();
    journal.finish_run("r3", RunStatus::Waiting).await.unwrap();
    journal
        .keep_standing_answer("one", "post", Effects::Network, true)
        .await
        .unwrap();
    drop(journal);

    let journal = SqliteJournal::open(&path, JournalOptions::default()).unwrap();
    let history = journal.load_session("one").await.unwrap();
    assert_eq!(history.turns, [added("a", "kept")]);
    let open = history.open.unwrap();
    assert_eq!(
        (open.id.as_str(), open.status),
        ("r3", Some(RunStatus::Waiting))
    );
    assert_eq!(open.request.text, "the words of r3");
    assert_eq!(history.standing.get("post", Effects::Network), Some(true));
    assert_eq!(history.standing.get("post", Effects::Writes), None);

    journal
        .keep_session_turn("r3", &added("b", "more"))
        .await
        .unwrap();
    let history = journal.load_session("one").await.unwrap();
    assert_eq!(history.turns.len(), 2);
    assert_eq!(history.open, None);
    assert_eq!(history.last_run.as_deref(), Some("r3"));
    let kept = journal.referenced_artifacts().await.unwrap();
    assert!(
        kept.contains(&artifact("more").id),
        "the store must not drop it"
    );
    assert!(!kept.contains(&artifact("first try").id));

    let listed = journal.sessions(9).await.unwrap();
    let listed: Vec<_> = listed
        .iter()
        .map(|session| (session.id.as_str(), session.turns, session.text.as_str()))
        .collect();
    assert_eq!(
        listed,
        [("one", 2, "the words of r1"), ("two", 1, "the words of r2")]
    );
    let unknown = journal.keep_session_turn("none", &added("b", "more")).await;
    assert_eq!(unknown.unwrap_err().kind, JournalErrorKind::UnknownRun);
}

#[tokio::test]
async fn a_session_is_found_by_the_start_of_its_id() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal.sqlite");
    let journal = SqliteJournal::open(&path, JournalOptions::default()).unwrap();
    let found = |start: &'static str| journal.find_session(start);
    assert_eq!(
        found("").await.unwrap_err().kind,
        JournalErrorKind::UnknownRun
    );
    for (place, session) in ["ab", "abc", "b"].into_iter().enumerate() {
        let id = format!("run {place}");
        journal
            .begin_run(&run_of(session, &id, place as u64))
            .await
            .unwrap();
    }
    assert_eq!(found("").await.unwrap(), "b", "the newest");
    assert_eq!(
        found("ab").await.unwrap(),
        "ab",
        "a whole id may begin another"
    );
    assert_eq!(found("abc").await.unwrap(), "abc");
    assert_eq!(
        found("a").await.unwrap_err().kind,
        JournalErrorKind::AmbiguousRun
    );
    assert_eq!(
        found("x").await.unwrap_err().kind,
        JournalErrorKind::UnknownRun
    );
}

#[tokio::test]
async fn a_journal_of_version_1_is_brought_up_and_keeps_its_runs() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal.sqlite");
    let old = rusqlite::Connection::open(&path).unwrap();
    old.execute_batch(include_str!("../schema.sql")).unwrap();
    old.execute_batch(
        r#"PRAGMA application_id = 0x4d65646c; PRAGMA user_version = 1;
        INSERT INTO runs (id, kind, began_at, request) VALUES ('old', 'ask', 1, '{"text":"words"}');"#,
    )
    .unwrap();
    drop(old);
    let journal = SqliteJournal::open(&path, JournalOptions::default()).unwrap();
    let history = journal.load_run("old").await.unwrap();
    assert_eq!(history.run.request.text, "words");
    assert!(history.run.request.conversation.is_none());
    journal
        .keep_session_turn("old", &added("a", "b"))
        .await
        .unwrap();
}
