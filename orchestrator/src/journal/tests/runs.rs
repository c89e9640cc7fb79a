//! Lists of runs, and finding one by the beginning of its id.

use super::*;

#[tokio::test]
async fn runs_are_listed_from_the_newest() {
    let (_folder, journal) = fresh();
    assert_eq!(
        journal.last_run().await.unwrap_err().kind,
        JournalErrorKind::UnknownRun
    );
    for (id, began_at) in [("a", 1), ("b", 2), ("c", 3)] {
        journal.begin_run(&run(id, began_at)).await.unwrap();
    }
    for key in ["s1", "s1[0]", "s1[1]", "s2"] {
        journal.record_step("c", &step(key, "")).await.unwrap();
    }
    journal.finish_run("b", RunStatus::Failed).await.unwrap();
    let runs = journal.runs(10).await.unwrap();
    let ids: Vec<&str> = runs.iter().map(|run| run.id.as_str()).collect();
    assert_eq!(ids, ["c", "b", "a"]);
    assert_eq!((runs[0].steps, runs[1].steps), (2, 0));
    assert_eq!(
        (runs[0].status, runs[1].status),
        (None, Some(RunStatus::Failed))
    );
    assert_eq!(runs[0].text, "the words of c");
    assert_eq!(journal.runs(2).await.unwrap(), runs[..2]);
    assert_eq!(journal.last_run().await.unwrap(), "c");
}

#[tokio::test]
async fn a_run_is_found_by_the_beginning_of_its_id() {
    let (_folder, journal) = fresh();
    for id in ["0197-a", "0197-b", "0198", "0198-c", "%"] {
        journal.begin_run(&run(id, 0)).await.unwrap();
    }
    assert_eq!(journal.find_run("0197-b").await.unwrap(), "0197-b");
    assert_eq!(journal.find_run("0197-a").await.unwrap(), "0197-a");
    assert_eq!(
        journal.find_run("0198").await.unwrap(),
        "0198",
        "a whole id is no prefix"
    );
    assert_eq!(journal.find_run("%").await.unwrap(), "%");
    let ambiguous = journal.find_run("0197").await.unwrap_err();
    assert_eq!(ambiguous.kind, JournalErrorKind::AmbiguousRun);
    assert!(ambiguous.message.contains("0197-a, 0197-b"), "{ambiguous}");
    let many = journal.find_run("").await.unwrap_err();
    assert!(many.message.ends_with("..."), "{many}");
    assert_eq!(
        journal.find_run("x").await.unwrap_err().kind,
        JournalErrorKind::UnknownRun
    );
}

#[tokio::test]
async fn removing_a_run_leaves_nothing_of_it() {
    let (folder, journal) = fresh();
    for id in ["r1", "r2"] {
        journal.begin_run(&run(id, 0)).await.unwrap();
        journal.commit_turn(id, &turn(0)).await.unwrap();
        journal.record_step(id, &step("s1", id)).await.unwrap();
        journal.record_answer(id, "q", "a").await.unwrap();
        journal.note_event(id, &event(0));
    }
    journal.remove_run("r1").await.unwrap();
    // An event that comes too late has nowhere to go, and stops nobody.
    journal.note_event("r1", &event(1));
    journal
        .finish_run("r2", RunStatus::Succeeded)
        .await
        .unwrap();
    for table in ["runs", "turns", "steps", "answers", "events"] {
        let left = look(&file_in(&folder), &format!("SELECT count(*) FROM {table}"));
        assert_eq!(left, 1, "{table}");
    }
    assert_eq!(journal.load_run("r2").await.unwrap().steps.len(), 1);
    journal.begin_run(&run("r1", 5)).await.unwrap();
    assert!(journal.load_run("r1").await.unwrap().steps.is_empty());
}
