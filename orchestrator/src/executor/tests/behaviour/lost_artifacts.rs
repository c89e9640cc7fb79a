//! Files that were lost are made again.

use super::*;

#[tokio::test]
async fn a_lost_artifact_is_made_again_by_the_step_that_made_it() {
    /// Removes the regions from the store before anybody reads them, once.
    static STORE: Mutex<Option<std::path::PathBuf>> = Mutex::new(None);
    fn lose(_: u32, input: &Input, _: &CallContext) -> Result<String, ToolError> {
        let root = STORE.lock().unwrap().clone().unwrap();
        for folder in std::fs::read_dir(root).unwrap() {
            let _ = std::fs::remove_dir_all(folder.unwrap().path());
        }
        Ok(input.text.clone())
    }
    let bench = Bench::new().with(
        "lose",
        |about| about.determinism(Determinism::Volatile),
        lose,
    );
    *STORE.lock().unwrap() = Some(bench.folder.path().to_owned());
    let (report, events, calls) = bench
        .run(json!({"steps": [
            {"id": "s1", "tool": "ocr", "args": {"image": "$input1"}},
            {"id": "s2", "tool": "lose", "args": {"text": "$s1"}},
            {"id": "s3", "tool": "repeat", "args": {"text": "$s1.regions[1].text"}, "after": ["s2"]},
        ]}))
        .await;
    assert_eq!(report.status, RunStatus::Succeeded, "{report:#?}");
    assert_eq!(texts(&report, "s3"), "DAILY".into());
    assert_eq!(calls, 1);
    assert!(
        events.iter().any(
            |event| matches!(&event.kind, EventKind::Log { message } if message.contains("s1"))
        )
    );
}

/// Makes a file; when it has to make it again, waits until it is no longer wanted and makes it all the same.
struct Make(Arc<AtomicU32>);

#[derive(Serialize, JsonSchema)]
struct Made {
    file: crate::FileArtifact,
}

#[async_trait]
impl Tool for Make {
    type Input = Input;
    type Output = Made;

    fn about(&self) -> About {
        About::new("make", "Makes a file.")
    }

    async fn call(&self, _: Input, context: &CallContext) -> Result<Made, ToolError> {
        if self.0.fetch_add(1, Ordering::SeqCst) > 0 {
            context.progress(None, "again");
            context.cancellation().cancelled().await;
        }
        let facts = crate::Facts::default();
        let content = b"content".to_vec();
        let file = context
            .write(crate::Kind::File, "text/plain", facts, content)
            .await?;
        Ok(Made { file: file.into() })
    }
}

/// Finds the file lost the first time.
struct FindLost(Arc<AtomicU32>);

#[derive(Debug, Deserialize, JsonSchema)]
struct Found {
    file: crate::FileArtifact,
}

#[async_trait]
impl Tool for FindLost {
    type Input = Found;
    type Output = Output;

    fn about(&self) -> About {
        About::new("find_lost", "Reads a file.")
    }

    async fn call(&self, input: Found, _: &CallContext) -> Result<Output, ToolError> {
        match self.0.fetch_add(1, Ordering::SeqCst) {
            0 => Err(crate::StoreError::Missing(input.file.id).into()),
            _ => Ok(Output {
                text: "read".to_owned(),
            }),
        }
    }
}

#[tokio::test]
async fn after_a_cancel_what_was_made_again_starts_nothing() {
    let (made, read) = (Arc::<AtomicU32>::default(), Arc::<AtomicU32>::default());
    let mut bench = Bench::new();
    bench.registry.register(Make(Arc::clone(&made))).unwrap();
    bench
        .registry
        .register(FindLost(Arc::clone(&read)))
        .unwrap();
    let (house, _, _) = bench.house();
    let (plan, scope) = house.plan(json!({"steps": [
        {"id": "s1", "tool": "make"},
        {"id": "s2", "tool": "find_lost", "args": {"file": "$s1"}},
    ]}));
    let (events, mut stream) = EventSink::channel();
    let cancel = CancellationToken::new();
    let context = RunContext::new("run", &scope, &events, &cancel);
    let watch = async {
        while let Some(event) = stream.recv().await {
            if matches!(event.kind, EventKind::StepProgress { .. }) {
                cancel.cancel();
                break;
            }
        }
    };
    let (report, ()) = tokio::join!(house.executor.run(&plan, &context), watch);
    assert_eq!(report.steps[1].status, StepStatus::Cancelled);
    assert_eq!(made.load(Ordering::SeqCst), 2);
    assert_eq!(
        read.load(Ordering::SeqCst),
        1,
        "it is not called after the cancel"
    );
}
