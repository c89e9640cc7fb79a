//! Disks that are full, files that are damaged, locked or not ours: a clear error each, and no panic.

use std::{fs, time::Duration};

use rusqlite::Connection;

use super::*;

fn refusal(path: &Path) -> JournalError {
    let options = JournalOptions {
        busy_timeout: Duration::from_millis(20),
        ..JournalOptions::default()
    };
    match SqliteJournal::open(path, options) {
        Ok(_) => panic!("{} must be refused", path.display()),
        Err(failure) => failure,
    }
}

fn assert_way_out(failure: &JournalError, kind: JournalErrorKind) {
    assert_eq!(failure.kind, kind, "{failure:?}");
    assert!(failure.hint.contains("MEDLEY_HOME"), "{}", failure.hint);
    assert!(!failure.message.is_empty());
}

/// A journal on disk, closed, with runs enough for many pages.
async fn filled() -> TempDir {
    let (folder, journal) = fresh();
    for id in 0..10 {
        let id = format!("r{id}");
        journal.begin_run(&run(&id, 0)).await.unwrap();
        for key in 0..15 {
            let record = step(&format!("{id}s{key}"), &"x".repeat(200));
            journal.record_step(&id, &record).await.unwrap();
        }
        journal.note_event(&id, &event(0));
    }
    folder
}

#[test]
fn a_folder_that_cannot_be_made_is_read_only() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    fs::write(&file, "in the way").unwrap();
    assert_way_out(
        &refusal(&file.join("journal.db")),
        JournalErrorKind::ReadOnly,
    );
    // A folder where the file should be.
    assert_way_out(&refusal(folder.path()), JournalErrorKind::ReadOnly);
}

#[cfg(unix)]
#[test]
fn a_folder_or_file_without_leave_to_write_is_read_only() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let path = file_in(&folder);
    let permit = |path: &Path, mode| {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    };
    drop(open(&path));
    permit(&path, 0o444);
    permit(folder.path(), 0o555);
    let binds = fs::write(folder.path().join("probe"), "").is_err();
    if binds {
        assert_way_out(&refusal(&path), JournalErrorKind::ReadOnly);
        assert_way_out(
            &refusal(&folder.path().join("new.db")),
            JournalErrorKind::ReadOnly,
        );
    } else {
        eprintln!("skipped: permissions do not bind who runs this test");
    }
    permit(folder.path(), 0o755);
}

#[test]
fn a_file_that_is_no_database_is_refused_and_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = file_in(&folder);
    let garbage = "this is a shopping list, and a long one. ".repeat(200);
    fs::write(&path, &garbage).unwrap();
    let failure = refusal(&path);
    assert_way_out(&failure, JournalErrorKind::Damaged);
    assert!(failure.hint.contains("move it away"), "{}", failure.hint);
    assert_eq!(fs::read_to_string(&path).unwrap(), garbage);
}

#[test]
fn a_database_of_somebody_else_is_refused_and_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = file_in(&folder);
    let other = Connection::open(&path).unwrap();
    other
        .execute_batch("CREATE TABLE recipes (name TEXT)")
        .unwrap();
    let before = fs::read(&path).unwrap();
    assert_way_out(&refusal(&path), JournalErrorKind::Damaged);
    assert_eq!(fs::read(&path).unwrap(), before);
}

#[test]
fn a_newer_journal_is_refused() {
    let (folder, journal) = fresh();
    drop(journal);
    let path = file_in(&folder);
    Connection::open(&path)
        .unwrap()
        .pragma_update(None, "user_version", 99)
        .unwrap();
    let failure = refusal(&path);
    assert_way_out(&failure, JournalErrorKind::Newer);
    assert!(failure.message.contains("99"), "{failure}");
    assert_eq!(look(&path, "PRAGMA user_version"), 99);
}

#[tokio::test]
async fn a_lock_that_is_held_for_too_long_is_told_and_later_writes_go_on() {
    let folder = tempfile::tempdir().unwrap();
    let path = file_in(&folder);
    let options = JournalOptions {
        busy_timeout: Duration::from_millis(20),
        ..JournalOptions::default()
    };
    let journal = SqliteJournal::open(&path, options).unwrap();
    journal.begin_run(&run("r1", 0)).await.unwrap();
    let other = Connection::open(&path).unwrap();
    other.execute_batch("BEGIN EXCLUSIVE").unwrap();
    journal.note_event("r1", &event(0));
    for _ in 0..2 {
        let failure = journal
            .record_step("r1", &step("s1", "one"))
            .await
            .unwrap_err();
        assert_way_out(&failure, JournalErrorKind::Locked);
    }
    other.execute_batch("ROLLBACK").unwrap();
    journal.record_step("r1", &step("s2", "two")).await.unwrap();
    assert_eq!(
        journal.load_run("r1").await.unwrap().steps,
        [step("s2", "two")]
    );
    journal.finish_run("r1", RunStatus::Failed).await.unwrap();
    assert_eq!(
        journal.events_of("r1").await.unwrap(),
        [event(0)],
        "what was noted meanwhile is kept"
    );
}

#[tokio::test]
async fn a_journal_that_another_holds_whole_is_locked() {
    let (folder, journal) = fresh();
    journal.begin_run(&run("r1", 0)).await.unwrap();
    drop(journal);
    let path = file_in(&folder);
    let other = Connection::open(&path).unwrap();
    other
        .execute_batch("PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE; COMMIT")
        .unwrap();
    assert_way_out(&refusal(&path), JournalErrorKind::Locked);
    drop(other);
    open(&path).load_run("r1").await.unwrap();
}

/// As if the disk had so many pages.
async fn limit_pages(journal: &SqliteJournal, pages: i64) -> Result<(), JournalError> {
    let limit = move |connection: &Connection| {
        connection.pragma_update_and_check(None, "max_page_count", pages, |_| Ok(()))?;
        Ok(())
    };
    journal.writer.write(limit).await
}

/// As if the disk had no page left.
async fn fill(folder: &TempDir, journal: &SqliteJournal) {
    let pages = look(&file_in(folder), "PRAGMA page_count");
    limit_pages(journal, pages).await.unwrap();
}

#[tokio::test]
async fn a_full_disk_is_told_to_every_caller_and_events_wait_for_room() {
    let (folder, journal) = fresh();
    journal.begin_run(&run("r1", 0)).await.unwrap();
    fill(&folder, &journal).await;
    journal.note_event("r1", &event(0));
    let mut large = ["s1", "s2", "s3"].map(|key| step(key, "one"));
    for record in &mut large {
        let text = Value::from("x".repeat(100_000));
        record.report.outputs.insert("large".to_owned(), text);
    }
    let outcomes =
        futures::future::join_all(large.iter().map(|step| journal.record_step("r1", step))).await;
    for outcome in outcomes {
        let failure = outcome.unwrap_err();
        assert_way_out(&failure, JournalErrorKind::Full);
        assert!(
            std::error::Error::source(&failure).is_some(),
            "the cause is told"
        );
    }
    assert!(journal.load_run("r1").await.unwrap().steps.is_empty());

    limit_pages(&journal, 1_000_000).await.unwrap();
    journal.record_step("r1", &large[0]).await.unwrap();
    assert_eq!(
        journal.load_run("r1").await.unwrap().steps,
        [large[0].clone()]
    );
    journal.finish_run("r1", RunStatus::Failed).await.unwrap();
    assert_eq!(journal.events_of("r1").await.unwrap(), [event(0)]);
}

#[tokio::test]
async fn events_that_cannot_be_kept_are_told_to_who_writes_next() {
    let (folder, journal) = fresh();
    journal.begin_run(&run("r1", 0)).await.unwrap();
    fill(&folder, &journal).await;
    let mut large = event(0);
    large.kind = EventKind::RunStarted {
        run: "x".repeat(100_000),
    };
    journal.note_event("r1", &large);
    assert_way_out(
        &journal.writer.settle().await.unwrap_err(),
        JournalErrorKind::Full,
    );
    let answer = journal
        .record_answer("r1", "q", "there is room for this")
        .await;
    assert_way_out(&answer.unwrap_err(), JournalErrorKind::Full);

    limit_pages(&journal, 1_000_000).await.unwrap();
    journal.note_event("r1", &event(1));
    journal.record_answer("r1", "q", "a").await.unwrap();
    journal.finish_run("r1", RunStatus::Failed).await.unwrap();
    assert_eq!(journal.events_of("r1").await.unwrap(), [large, event(1)]);
}

#[tokio::test]
async fn a_report_beyond_all_measure_fails_alone() {
    let (_folder, journal) = fresh();
    journal.begin_run(&run("r1", 0)).await.unwrap();
    let mut huge = step("s1", "");
    let text = Value::from("x".repeat(65 << 20));
    huge.report.outputs = [("text".to_owned(), text)].into();
    let good = step("s2", "");
    let (refused, kept) = tokio::join!(
        journal.record_step("r1", &huge),
        journal.record_step("r1", &good)
    );
    assert!(refused.unwrap_err().message.contains("`s1`"));
    kept.unwrap();
}

/// Reads and writes all that a journal can, and lets any failure be only a clear one.
async fn use_all(path: &Path) -> Vec<JournalError> {
    let mut failures = Vec::new();
    let journal = match SqliteJournal::open(path, JournalOptions::default()) {
        Ok(journal) => journal,
        Err(failure) => return vec![failure],
    };
    for id in (0..10).map(|id| format!("r{id}")) {
        failures.extend(journal.load_run(&id).await.err());
        failures.extend(journal.events_of(&id).await.err());
    }
    failures.extend(journal.runs(100).await.err());
    failures.extend(journal.cached(&identity("r3s3")).await.err());
    failures.extend(journal.durations().await.err());
    failures.extend(journal.cache_usage().await.err());
    failures.extend(journal.begin_run(&run("new", 0)).await.err());
    failures.extend(journal.record_step("new", &step("s1", "one")).await.err());
    failures.extend(journal.prune_cache(0).await.err());
    failures
}

#[tokio::test]
async fn a_file_that_was_cut_is_damaged() {
    let folder = filled().await;
    let path = file_in(&folder);
    let whole = fs::read(&path).unwrap();
    assert!(whole.len() > 80_000, "the file has many pages");
    assert!(use_all(&path).await.is_empty(), "it is sound");
    for length in [
        50,
        1_000,
        4_096,
        10_000,
        whole.len() / 2,
        whole.len() - 5_000,
    ] {
        fs::write(&path, &whole[..length]).unwrap();
        let failures = use_all(&path).await;
        assert!(!failures.is_empty(), "cut to {length} bytes");
        let damaged = failures
            .iter()
            .filter(|failure| failure.kind == JournalErrorKind::Damaged);
        assert!(damaged.count() > 0, "cut to {length} bytes: {failures:?}");
    }
}

#[tokio::test]
async fn pages_that_were_overwritten_are_damaged() {
    let folder = filled().await;
    let path = file_in(&folder);
    let whole = fs::read(&path).unwrap();
    let mut noticed = 0;
    for page in 0..whole.len() / 4_096 {
        let mut flipped = whole.clone();
        // The beginning of a page says how the rest of it is laid out.
        for byte in &mut flipped[page * 4_096..][..64] {
            *byte ^= 0x55;
        }
        fs::write(&path, flipped).unwrap();
        let failures = use_all(&path).await;
        noticed += usize::from(!failures.is_empty());
        for failure in &failures {
            assert!(
                [JournalErrorKind::Damaged, JournalErrorKind::UnknownRun].contains(&failure.kind),
                "page {page}: {failure:?}"
            );
        }
    }
    assert!(
        noticed * 10 > whole.len() / 4_096 * 9,
        "{noticed} pages were noticed"
    );
}

#[tokio::test]
async fn a_row_that_makes_no_sense_is_damage() {
    let (folder, journal) = fresh();
    journal.begin_run(&run("r1", 0)).await.unwrap();
    journal.record_step("r1", &step("s1", "one")).await.unwrap();
    journal.writer.settle().await.unwrap();
    let other = Connection::open(file_in(&folder)).unwrap();
    other
        .execute_batch("UPDATE steps SET report = '{}'; UPDATE cache SET outputs = x'00'")
        .unwrap();
    assert_way_out(
        &journal.load_run("r1").await.unwrap_err(),
        JournalErrorKind::Damaged,
    );
    assert_way_out(
        &journal.cached(&identity("s1")).await.unwrap_err(),
        JournalErrorKind::Damaged,
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn two_journals_on_one_file_lose_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = file_in(&folder);
    let work = |id: &'static str| {
        let path = path.clone();
        tokio::spawn(async move {
            let journal = tokio::task::spawn_blocking(move || open(&path))
                .await
                .unwrap();
            journal.begin_run(&run(id, 0)).await.unwrap();
            for index in 0..300 {
                let record = step(&format!("s{index}"), id);
                journal.note_event(id, &event(index));
                journal.record_step(id, &record).await.unwrap();
                journal.cached(&identity("s0")).await.unwrap().unwrap();
            }
        })
    };
    let (one, other) = tokio::join!(work("r1"), work("r2"));
    one.unwrap();
    other.unwrap();
    let journal = open(&path);
    for id in ["r1", "r2"] {
        assert_eq!(journal.load_run(id).await.unwrap().steps.len(), 300);
        assert_eq!(
            journal.events_of(id).await.unwrap(),
            (0..300).map(event).collect::<Vec<_>>()
        );
    }
    assert_eq!(look(&path, "SELECT count FROM durations"), 600);
}

#[tokio::test(flavor = "multi_thread")]
async fn many_may_make_the_journal_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("home").join("journal.db");
    let opened = (0..8).map(|_| {
        let path = path.clone();
        tokio::task::spawn_blocking(move || open(&path))
    });
    for journal in futures::future::join_all(opened).await {
        journal.unwrap().runs(1).await.unwrap();
    }
}
