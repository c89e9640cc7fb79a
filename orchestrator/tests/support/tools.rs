//! Tools that do one thing each, well or badly, for tests of the engine and for the worker that they start.
//!
//! They know nothing of the test that uses them: what they touch outside the store, they are told by path. Tools that
//! last say `started` as progress once they do, so that a test can act at that moment and needs no sleep. A path
//! called `lock` is a file that is locked for as long as the tool, or what it started, lives: whoever gets the lock
//! knows that it is gone.

use std::{
    fs::{self, File, OpenOptions},
    future,
    io::{self, Write},
    path::{Path, PathBuf},
    process::Stdio,
    sync::Arc,
    time::Duration,
};

use async_trait::async_trait;
use medley_orchestrator::{
    About, CallContext, Determinism, Effects, Facts, FileArtifact, Kind, Registry, RegistryError,
    Tool, ToolError,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tokio::sync::Barrier;

/// All of these tools.
pub(crate) fn registry() -> Result<Registry, RegistryError> {
    let mut registry = Registry::new();
    registry.register(Echo)?;
    registry.register(Slow)?;
    registry.register(Stubborn)?;
    registry.register(Block)?;
    registry.register(Meet(Arc::new(Barrier::new(2))))?;
    registry.register(Fail)?;
    registry.register(Explode)?;
    registry.register(Exit)?;
    registry.register(SpawnChild)?;
    registry.register(Print)?;
    registry.register(WriteArtifact)?;
    registry.register(ReadArtifact)?;
    registry.register(Huge)?;
    registry.register(Append)?;
    registry.register(Flaky)?;
    registry.register(Wrong)?;
    registry.register(ReportProgress)?;
    registry.register(Seeded)?;
    registry.register(ProcessId)?;
    Ok(registry)
}

#[derive(Deserialize, JsonSchema)]
pub(crate) struct Nothing {}

#[derive(Serialize, JsonSchema)]
pub(crate) struct Text {
    text: String,
}

impl Text {
    fn of(text: impl ToString) -> Self {
        Self {
            text: text.to_string(),
        }
    }
}

/// The operator's problem, not the model's; a test sees it as a failed step.
fn failed(error: io::Error) -> ToolError {
    ToolError::permanent("io", error.to_string()).caused_by(error)
}

fn locked(path: &Path) -> Result<File, ToolError> {
    let file = File::create(path).map_err(failed)?;
    file.lock().map_err(failed)?;
    Ok(file)
}

#[derive(Deserialize, JsonSchema)]
pub(crate) struct EchoInput {
    text: String,
}

/// `echo`: gives back its text.
pub(crate) struct Echo;

#[async_trait]
impl Tool for Echo {
    type Input = EchoInput;
    type Output = Text;

    fn about(&self) -> About {
        About::new("echo", "Gives back a text.")
    }

    async fn call(&self, input: EchoInput, _: &CallContext) -> Result<Text, ToolError> {
        Ok(Text::of(input.text))
    }
}

#[derive(Deserialize, JsonSchema)]
pub(crate) struct SlowInput {
    /// How long it takes.
    ms: u64,
    /// What it gives.
    #[serde(default)]
    text: String,
}

/// `slow`: gives its text after a while, or stops at once when it is cancelled.
pub(crate) struct Slow;

#[async_trait]
impl Tool for Slow {
    type Input = SlowInput;
    type Output = Text;

    fn about(&self) -> About {
        About::new("slow", "Takes its time.")
    }

    async fn call(&self, input: SlowInput, context: &CallContext) -> Result<Text, ToolError> {
        context.progress(None, "started");
        tokio::select! {
            () = tokio::time::sleep(Duration::from_millis(input.ms)) => Ok(Text::of(input.text)),
            () = context.cancellation().cancelled() => Err(ToolError::cancelled()),
        }
    }
}

#[derive(Deserialize, JsonSchema)]
pub(crate) struct StubbornInput {
    /// Locked until it is gone.
    lock: Option<PathBuf>,
}

/// `stubborn`: never ends, and does not care about being cancelled; only dropping its future or killing it helps.
pub(crate) struct Stubborn;

#[async_trait]
impl Tool for Stubborn {
    type Input = StubbornInput;
    type Output = Text;

    fn about(&self) -> About {
        About::new("stubborn", "Never ends.")
    }

    async fn call(&self, input: StubbornInput, context: &CallContext) -> Result<Text, ToolError> {
        let _lock = input.lock.as_deref().map(locked).transpose()?;
        context.progress(None, "started");
        future::pending().await
    }
}

#[derive(Deserialize, JsonSchema)]
pub(crate) struct BlockInput {
    /// How long it blocks.
    ms: u64,
    /// Locked until it is gone.
    lock: Option<PathBuf>,
}

/// `block`: blocks the async thread that it runs on, as no tool should; cancelling and dropping do not help.
pub(crate) struct Block;

#[async_trait]
impl Tool for Block {
    type Input = BlockInput;
    type Output = Text;

    fn about(&self) -> About {
        About::new("block", "Blocks its thread.")
    }

    async fn call(&self, input: BlockInput, context: &CallContext) -> Result<Text, ToolError> {
        let _lock = input.lock.as_deref().map(locked).transpose()?;
        context.progress(None, "started");
        std::thread::sleep(Duration::from_millis(input.ms));
        Ok(Text::of("unblocked"))
    }
}

/// `meet`: ends only when two calls of it are in flight in the same process.
pub(crate) struct Meet(Arc<Barrier>);

#[async_trait]
impl Tool for Meet {
    type Input = Nothing;
    type Output = Text;

    fn about(&self) -> About {
        About::new("meet", "Waits for another call of itself.").determinism(Determinism::Volatile)
    }

    async fn call(&self, _: Nothing, _: &CallContext) -> Result<Text, ToolError> {
        self.0.wait().await;
        Ok(Text::of("met"))
    }
}

/// `fail`: fails permanently, with a hint and a cause.
pub(crate) struct Fail;

#[async_trait]
impl Tool for Fail {
    type Input = Nothing;
    type Output = Text;

    fn about(&self) -> About {
        About::new("fail", "Fails.")
    }

    async fn call(&self, _: Nothing, _: &CallContext) -> Result<Text, ToolError> {
        Err(ToolError::permanent("broken", "it is broken")
            .with_hint("mend it")
            .caused_by(io::Error::other("a part is missing")))
    }
}

/// `explode`: panics, without the noise on stderr.
pub(crate) struct Explode;

#[async_trait]
impl Tool for Explode {
    type Input = Nothing;
    type Output = Text;

    fn about(&self) -> About {
        About::new("explode", "Panics.")
    }

    async fn call(&self, _: Nothing, _: &CallContext) -> Result<Text, ToolError> {
        std::panic::resume_unwind(Box::new("a defect of the tool"))
    }
}

#[derive(Deserialize, JsonSchema)]
pub(crate) struct ExitInput {
    /// The exit code; without one the process is aborted, as by a native library.
    code: Option<i32>,
}

/// `exit`: ends its process, after a last word on stderr. Only for calls in another process than the test's.
pub(crate) struct Exit;

#[async_trait]
impl Tool for Exit {
    type Input = ExitInput;
    type Output = Text;

    fn about(&self) -> About {
        About::new("exit", "Ends its process.")
    }

    async fn call(&self, input: ExitInput, _: &CallContext) -> Result<Text, ToolError> {
        eprintln!("the end is near");
        match input.code {
            Some(code) => std::process::exit(code),
            None => std::process::abort(),
        }
    }
}

#[derive(Deserialize, JsonSchema)]
pub(crate) struct SpawnChildInput {
    /// Locked until the child is gone; holds its process id.
    lock: PathBuf,
}

/// `spawn_child`: starts a process that would outlive it, and waits for it without caring about being cancelled.
pub(crate) struct SpawnChild;

#[async_trait]
impl Tool for SpawnChild {
    type Input = SpawnChildInput;
    type Output = Text;

    fn about(&self) -> About {
        About::new("spawn_child", "Starts a process and waits for it.")
    }

    async fn call(&self, input: SpawnChildInput, context: &CallContext) -> Result<Text, ToolError> {
        let mut lock = locked(&input.lock)?;
        let inherited = lock.try_clone().map_err(failed)?;
        let mut child = tokio::process::Command::new("sleep")
            .arg("1000")
            .stdin(Stdio::from(inherited))
            .kill_on_drop(true)
            .spawn()
            .map_err(failed)?;
        let id = child.id().unwrap_or_default();
        writeln!(lock, "{id}").map_err(failed)?;
        // From here on the child alone holds the lock.
        drop(lock);
        context.progress(None, "started");
        let status = child.wait().await.map_err(failed)?;
        Ok(Text::of(status))
    }
}

/// `print`: writes to stdout and reads stdin to its end, and gives the number of bytes read. Only for calls in another
/// process than the test's, which may have a person at its stdin.
pub(crate) struct Print;

#[async_trait]
impl Tool for Print {
    type Input = Nothing;
    type Output = Text;

    fn about(&self) -> About {
        About::new("print", "Uses stdin and stdout.")
    }

    async fn call(&self, _: Nothing, context: &CallContext) -> Result<Text, ToolError> {
        context
            .compute(|| {
                println!("progress: 50 %");
                let read = io::copy(&mut io::stdin(), &mut io::sink()).map_err(failed)?;
                Ok(Text::of(read))
            })
            .await
    }
}

#[derive(Deserialize, JsonSchema)]
pub(crate) struct WriteArtifactInput {
    /// How many bytes.
    bytes: usize,
    /// Makes the bytes those of no other name.
    #[serde(default)]
    name: String,
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct WriteArtifactOutput {
    file: FileArtifact,
}

/// `write_artifact`: puts a file of a given size into the store.
pub(crate) struct WriteArtifact;

#[async_trait]
impl Tool for WriteArtifact {
    type Input = WriteArtifactInput;
    type Output = WriteArtifactOutput;

    fn about(&self) -> About {
        About::new("write_artifact", "Makes a file.")
    }

    async fn call(
        &self,
        input: WriteArtifactInput,
        context: &CallContext,
    ) -> Result<WriteArtifactOutput, ToolError> {
        let mut content = input.name.into_bytes();
        content.resize(input.bytes, b'.');
        let file = context
            .write(
                Kind::File,
                "application/octet-stream",
                Facts::default(),
                content,
            )
            .await?;
        Ok(WriteArtifactOutput { file: file.into() })
    }
}

#[derive(Deserialize, JsonSchema)]
pub(crate) struct ReadArtifactInput {
    file: FileArtifact,
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct ReadArtifactOutput {
    bytes: usize,
}

/// `read_artifact`: gives the size of a file in the store, having read it.
pub(crate) struct ReadArtifact;

#[async_trait]
impl Tool for ReadArtifact {
    type Input = ReadArtifactInput;
    type Output = ReadArtifactOutput;

    fn about(&self) -> About {
        About::new("read_artifact", "Reads a file.")
    }

    async fn call(
        &self,
        input: ReadArtifactInput,
        context: &CallContext,
    ) -> Result<ReadArtifactOutput, ToolError> {
        let bytes = context.read(&input.file).await?.len();
        Ok(ReadArtifactOutput { bytes })
    }
}

#[derive(Deserialize, JsonSchema)]
pub(crate) struct HugeInput {
    /// How long the text is.
    bytes: usize,
}

/// `huge`: gives a text of a given size, inline, where an artifact would be better.
pub(crate) struct Huge;

#[async_trait]
impl Tool for Huge {
    type Input = HugeInput;
    type Output = Text;

    fn about(&self) -> About {
        About::new("huge", "Gives a long text.")
    }

    async fn call(&self, input: HugeInput, _: &CallContext) -> Result<Text, ToolError> {
        Ok(Text::of("x".repeat(input.bytes)))
    }
}

#[derive(Deserialize, JsonSchema)]
pub(crate) struct AppendInput {
    /// The file; made if it is not there.
    path: PathBuf,
    /// The line.
    text: String,
}

/// `append`: adds a line to a file and gives the line; the lines count how often it ran.
pub(crate) struct Append;

#[async_trait]
impl Tool for Append {
    type Input = AppendInput;
    type Output = Text;

    fn about(&self) -> About {
        About::new("append", "Adds a line to a file.").effects(Effects::Writes)
    }

    async fn call(&self, input: AppendInput, _: &CallContext) -> Result<Text, ToolError> {
        append(&input.path, &format!("{}\n", input.text))?;
        Ok(Text::of(input.text))
    }
}

/// One write, so that lines of several processes do not mix.
fn append(path: &Path, text: &str) -> Result<(), ToolError> {
    OpenOptions::new()
        .create(true)
        .append(true)
        .open(path)
        .and_then(|mut file| file.write_all(text.as_bytes()))
        .map_err(failed)
}

#[derive(Deserialize, JsonSchema)]
pub(crate) struct FlakyInput {
    /// A file that grows by one byte a call.
    counter: PathBuf,
    /// Which call is the first to succeed, from 1.
    succeeds_at: u64,
}

/// `flaky`: fails transiently until it was called often enough; gives the number of calls.
pub(crate) struct Flaky;

#[async_trait]
impl Tool for Flaky {
    type Input = FlakyInput;
    type Output = Text;

    fn about(&self) -> About {
        About::new("flaky", "Works in the end.").determinism(Determinism::Volatile)
    }

    async fn call(&self, input: FlakyInput, _: &CallContext) -> Result<Text, ToolError> {
        append(&input.counter, ".")?;
        let calls = fs::metadata(&input.counter).map_err(failed)?.len();
        if calls < input.succeeds_at {
            return Err(ToolError::transient("not_yet", "it does not work yet"));
        }
        Ok(Text::of(calls))
    }
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct WrongOutput {
    #[schemars(with = "i64")]
    number: &'static str,
}

/// `wrong`: promises a number and gives a text.
pub(crate) struct Wrong;

#[async_trait]
impl Tool for Wrong {
    type Input = Nothing;
    type Output = WrongOutput;

    fn about(&self) -> About {
        About::new("wrong", "Does not keep its promise.")
    }

    async fn call(&self, _: Nothing, _: &CallContext) -> Result<WrongOutput, ToolError> {
        Ok(WrongOutput { number: "seven" })
    }
}

#[derive(Deserialize, JsonSchema)]
pub(crate) struct ReportProgressInput {
    /// How often.
    count: u32,
}

/// `progress`: says how far it is, from `1 of n` to `n of n`.
pub(crate) struct ReportProgress;

#[async_trait]
impl Tool for ReportProgress {
    type Input = ReportProgressInput;
    type Output = Text;

    fn about(&self) -> About {
        About::new("progress", "Says how far it is.")
    }

    async fn call(
        &self,
        input: ReportProgressInput,
        context: &CallContext,
    ) -> Result<Text, ToolError> {
        let count = input.count;
        for done in 1..=count {
            #[expect(clippy::cast_precision_loss, reason = "a fraction need not be exact")]
            let fraction = done as f32 / count as f32;
            context.progress(Some(fraction), format!("{done} of {count}"));
        }
        Ok(Text::of(count))
    }
}

/// `seeded`: gives what it was given besides its arguments, as `attempt/seed`.
pub(crate) struct Seeded;

#[async_trait]
impl Tool for Seeded {
    type Input = Nothing;
    type Output = Text;

    fn about(&self) -> About {
        About::new("seeded", "Gives its attempt and its seed.").determinism(Determinism::Seeded)
    }

    async fn call(&self, _: Nothing, context: &CallContext) -> Result<Text, ToolError> {
        Ok(Text::of(format!(
            "{}/{}",
            context.attempt(),
            context.seed()
        )))
    }
}

/// `process_id`: says which process it runs in.
pub(crate) struct ProcessId;

#[async_trait]
impl Tool for ProcessId {
    type Input = Nothing;
    type Output = Text;

    fn about(&self) -> About {
        About::new("process_id", "Says which process it runs in.")
            .determinism(Determinism::Volatile)
    }

    async fn call(&self, _: Nothing, _: &CallContext) -> Result<Text, ToolError> {
        Ok(Text::of(std::process::id()))
    }
}
