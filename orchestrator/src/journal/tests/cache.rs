//! What is given again across runs, and what goes when there is too much of it.

use super::*;

/// A journal with a finished run of these steps.
async fn with_steps(steps: &[StepRecord]) -> (TempDir, SqliteJournal) {
    let (folder, journal) = fresh();
    journal.begin_run(&run("r1", 0)).await.unwrap();
    for step in steps {
        journal.record_step("r1", step).await.unwrap();
    }
    (folder, journal)
}

#[tokio::test]
async fn outputs_are_given_again_in_another_process_after_the_run_is_gone() {
    let record = step("s1", "one");
    let (folder, journal) = with_steps(std::slice::from_ref(&record)).await;
    journal.remove_run("r1").await.unwrap();
    drop(journal);
    let journal = open(&file_in(&folder));
    let cached = journal.cached(&identity("s1")).await.unwrap().unwrap();
    assert_eq!(cached.provider, "a provider");
    assert_eq!(cached.outputs, record.report.outputs);
    assert_eq!(journal.cached(&identity("other")).await.unwrap(), None);
}

#[tokio::test]
async fn outputs_are_given_again_at_once_and_after_they_are_in_the_table() {
    let (_folder, journal) = with_steps(&[step("s1", "one")]).await;
    let at_once = journal.cached(&identity("s1")).await.unwrap();
    assert!(at_once.is_some());
    journal.writer.settle().await.unwrap();
    assert!(
        journal.writer.find(&identity("s1")).is_none(),
        "it is left to the table"
    );
    assert_eq!(journal.cached(&identity("s1")).await.unwrap(), at_once);
}

#[tokio::test]
async fn only_steps_that_are_done_and_have_an_identity_are_given_again() {
    let mut failed = step("s1", "");
    failed.report.status = StepStatus::Failed;
    let mut cached = step("s2", "");
    cached.report.status = StepStatus::Cached;
    let volatile = StepRecord {
        identity: None,
        ..step("s3", "")
    };
    let (_folder, journal) = with_steps(&[failed, cached, volatile]).await;
    assert_eq!(journal.cache_usage().await.unwrap(), CacheUsage::default());
}

#[tokio::test]
async fn a_step_that_was_done_again_replaces_what_is_given() {
    let mut again = step("s1", "anew");
    again.report.provider = Some("another".to_owned());
    let (_folder, journal) = with_steps(&[step("s1", "damaged"), again.clone()]).await;
    let cached = journal.cached(&identity("s1")).await.unwrap().unwrap();
    assert_eq!(
        (cached.provider.as_str(), cached.outputs),
        ("another", again.report.outputs)
    );
    journal.remove_run("r1").await.unwrap();
    assert_eq!(
        journal.referenced_artifacts().await.unwrap(),
        [artifact("anew").id].into(),
        "nothing refers to the outputs that were replaced"
    );
}

#[tokio::test]
async fn usage_counts_a_shared_artifact_once() {
    let (_folder, journal) = with_steps(&[step("s1", "same"), step("s2", "same")]).await;
    let usage = journal.cache_usage().await.unwrap();
    let outputs = serde_json::to_string(&step("s1", "same").report.outputs).unwrap();
    assert_eq!(usage.entries, 2);
    assert_eq!(usage.bytes, 2 * outputs.len() as u64 + 4);
    assert_eq!(usage.evictable_bytes, 0, "the run refers to it");
    journal.remove_run("r1").await.unwrap();
    let usage = journal.cache_usage().await.unwrap();
    assert_eq!(usage.evictable_bytes, usage.bytes);
}

#[tokio::test]
async fn the_least_recently_used_goes_first() {
    let content = "x".repeat(1_000);
    let steps: Vec<StepRecord> = ["a", "b", "c", "d"]
        .map(|key| step(key, &format!("{key}{content}")))
        .into();
    let (_folder, journal) = with_steps(&steps).await;
    journal.remove_run("r1").await.unwrap();
    journal.cached(&identity("a")).await.unwrap().unwrap();
    let half = journal.cache_usage().await.unwrap().bytes / 2;
    assert_eq!(journal.prune_cache(half).await.unwrap(), 2);
    for (key, is_there) in [("a", true), ("b", false), ("c", false), ("d", true)] {
        assert_eq!(
            journal.cached(&identity(key)).await.unwrap().is_some(),
            is_there,
            "{key}"
        );
    }
    let usage = journal.cache_usage().await.unwrap();
    assert!(usage.entries == 2 && usage.bytes <= half, "{usage:?}");
    assert_eq!(journal.prune_cache(half).await.unwrap(), 0);
}

#[tokio::test]
async fn what_a_kept_run_refers_to_is_never_evicted() {
    let mut text_only = step("s2", "");
    text_only.report.outputs = [("text".to_owned(), Value::from("words"))].into();
    let (_folder, journal) = with_steps(&[step("s1", "kept"), text_only]).await;
    assert_eq!(journal.prune_cache(0).await.unwrap(), 1);
    assert!(journal.cached(&identity("s1")).await.unwrap().is_some());
    assert!(journal.cached(&identity("s2")).await.unwrap().is_none());

    assert_eq!(
        journal.clear_cache().await.unwrap(),
        1,
        "clearing forgets all"
    );
    let referenced = journal.referenced_artifacts().await.unwrap();
    assert!(
        referenced.contains(&artifact("kept").id),
        "the run still has its outputs"
    );
    journal.remove_run("r1").await.unwrap();
    assert!(journal.referenced_artifacts().await.unwrap().is_empty());
}

#[tokio::test]
async fn attachments_and_outputs_of_failed_parents_children_are_referenced() {
    let mut parent = step("s1", "");
    parent.report.status = StepStatus::Failed;
    parent.report.outputs.clear();
    parent.report.children = vec![step("s1[0]", "of a child").report];
    let (_folder, journal) = with_steps(&[parent]).await;
    assert_eq!(
        journal.referenced_artifacts().await.unwrap(),
        [artifact("attached").id, artifact("of a child").id].into()
    );
}

#[tokio::test]
async fn a_look_up_works_while_another_read_is_under_way() {
    let (_folder, journal) = with_steps(&[step("s1", "one")]).await;
    journal.writer.settle().await.unwrap();
    let (started, wait) = std::sync::mpsc::channel();
    let (finish, finished) = std::sync::mpsc::channel::<()>();
    let long_read = journal.reader.read(move |_| {
        started.send(()).unwrap();
        finished.recv().unwrap();
        Ok(())
    });
    let look_up = async {
        tokio::task::spawn_blocking(move || wait.recv().unwrap())
            .await
            .unwrap();
        let identity = identity("s1");
        let mut cached = journal.cached(&identity);
        assert!(
            futures::poll!(cached.as_mut()).is_pending(),
            "it waits, but not on this thread"
        );
        finish.send(()).unwrap();
        assert!(cached.await.unwrap().is_some());
    };
    let (long_read, ()) = tokio::join!(long_read, look_up);
    long_read.unwrap();
}
