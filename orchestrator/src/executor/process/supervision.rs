//! Starts a worker process, listens to it, and sees to it that nothing of it is left when it ends.

use std::{io, process::Stdio, sync::Arc, time::Duration};

use tokio::{
    io::{AsyncWriteExt, BufReader},
    process::{Child, ChildStderr, ChildStdin, ChildStdout, Command},
    sync::mpsc,
    time::timeout,
};

use super::{
    WorkerCommand,
    connection::{Connection, Outgoing, Ticket},
    failure::WorkerFailure,
    group::ProcessGroup,
    last_words::LastWords,
    protocol::{Reply, decode, read_line},
};

/// How long a worker may take until it is ready; loading a model library takes seconds.
const START_LIMIT: Duration = Duration::from_secs(60);

/// How long a process that closed its output may take to end, before it is ended.
const EXIT_LIMIT: Duration = Duration::from_secs(1);

/// How long to go on reading after a process ended; only one that left its group can hold a pipe open that long.
const DRAIN_LIMIT: Duration = Duration::from_millis(500);

/// Starts a worker with its first call, which is in flight before anything can happen to the worker.
pub(super) fn start(
    command: &WorkerCommand,
    cancel_grace: Duration,
    call: Outgoing,
) -> Result<(Arc<Connection>, Ticket), WorkerFailure> {
    let mut child = command_of(command)
        .spawn()
        .map_err(WorkerFailure::NotStarted)?;
    let group = ProcessGroup::of(&child);
    let pipes = (child.stdin.take(), child.stdout.take(), child.stderr.take());
    let (lines, queue) = mpsc::unbounded_channel();
    let connection = Arc::new(Connection::new(lines, cancel_grace));
    let supervision = Supervision {
        child,
        group,
        connection: Arc::clone(&connection),
        last_words: LastWords::default(),
    };
    let (Some(stdin), Some(stdout), Some(stderr)) = pipes else {
        let cause = io::Error::other("a pipe to it is missing");
        return Err(WorkerFailure::NotStarted(cause));
    };
    let Ok(ticket) = connection.begin(call) else {
        return Err(WorkerFailure::Ended);
    };
    tokio::spawn(write_lines(queue, stdin));
    tokio::spawn(supervision.run(stdout, stderr));
    Ok((connection, ticket))
}

fn command_of(worker: &WorkerCommand) -> Command {
    let mut command = Command::new(&worker.program);
    command
        .args(&worker.arguments)
        .envs(worker.environment.iter().map(|(name, value)| (name, value)))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    // A group of its own, so that what its tools start can be ended with it, and Ctrl-C is left to the dispatcher.
    #[cfg(unix)]
    command.process_group(0);
    command
}

/// Ends when the connection is gone or the worker's input is closed; the latter is its supervision's to notice.
async fn write_lines(mut queue: mpsc::UnboundedReceiver<Vec<u8>>, mut stdin: ChildStdin) {
    while let Some(line) = queue.recv().await {
        if stdin.write_all(&line).await.is_err() {
            break;
        }
    }
}

/// Owns a worker process. However this ends, process, children and calls end with it.
struct Supervision {
    child: Child,
    group: ProcessGroup,
    connection: Arc<Connection>,
    last_words: LastWords,
}

/// What is noticed first when a worker comes to its end.
enum End {
    Wanted,
    Output(Result<(), WorkerFailure>),
    Exit,
}

impl Supervision {
    async fn run(mut self, stdout: ChildStdout, stderr: ChildStderr) {
        let following = tokio::spawn(self.last_words.clone().follow(stderr));
        let connection = Arc::clone(&self.connection);
        let mut ready = false;
        let failure = {
            let mut listening = std::pin::pin!(listen(stdout, &connection, &mut ready));
            let end = tokio::select! {
                () = connection.wait_for_end() => End::Wanted,
                end = &mut listening => End::Output(end),
                _ = self.child.wait() => End::Exit,
            };
            connection.retire();
            match end {
                End::Wanted => Err(WorkerFailure::Ended),
                End::Output(Ok(())) => {
                    // It is about to end; what its own exit status says is worth more than that of a kill.
                    let _ = timeout(EXIT_LIMIT, self.child.wait()).await;
                    Ok(())
                }
                End::Output(breach) => breach,
                End::Exit => {
                    // What it answered before it ended still counts. Its children may hold the pipe open.
                    self.group.kill();
                    timeout(DRAIN_LIMIT, listening).await.unwrap_or(Ok(()))
                }
            }
        };
        self.kill();
        let status = self.child.wait().await.ok();
        let _ = timeout(DRAIN_LIMIT, following).await;
        let failure = match failure {
            Err(failure) => failure,
            Ok(()) if ready => WorkerFailure::Died { status },
            Ok(()) => WorkerFailure::EndedEarly { status },
        };
        self.connection
            .close(&failure.outcome(&self.last_words.text()));
    }

    fn kill(&mut self) {
        self.group.kill();
        // Where there are no groups this ends the worker at least; where it has ended there is nothing to do.
        let _ = self.child.start_kill();
    }
}

impl Drop for Supervision {
    /// Also reached when the runtime is shut down, or a progress sink panics.
    fn drop(&mut self) {
        if !self.connection.is_closed() {
            self.kill();
            let outcome = WorkerFailure::Ended.outcome(&self.last_words.text());
            self.connection.close(&outcome);
        }
    }
}

/// Reads what a worker says until its output ends.
async fn listen(
    stdout: ChildStdout,
    connection: &Connection,
    ready: &mut bool,
) -> Result<(), WorkerFailure> {
    let mut reader = BufReader::new(stdout);
    let limit = START_LIMIT;
    match timeout(limit, next_reply(&mut reader, connection)).await {
        Err(_) => return Err(WorkerFailure::Silent { limit }),
        Ok(Ok(Some(Reply::Ready))) => *ready = true,
        Ok(Ok(Some(_))) => return Err(WorkerFailure::OutOfTurn),
        Ok(Ok(None)) => return Ok(()),
        Ok(Err(failure)) => return Err(failure),
    }
    while let Some(reply) = next_reply(&mut reader, connection).await? {
        match reply {
            Reply::Ready => return Err(WorkerFailure::OutOfTurn),
            Reply::Progress { id, progress } => connection.forward(id, progress),
            Reply::Outcome { id, outcome } => connection.settle(id, outcome),
        }
    }
    Ok(())
}

/// The next reply that can be read. One that cannot be fails its call, if it names one, and else the worker.
async fn next_reply(
    reader: &mut BufReader<ChildStdout>,
    connection: &Connection,
) -> Result<Option<Reply>, WorkerFailure> {
    loop {
        let Some(line) = read_line(reader).await.map_err(WorkerFailure::Output)? else {
            return Ok(None);
        };
        match decode(line).await {
            Ok(reply) => return Ok(Some(reply)),
            Err(error) => match error.id {
                Some(id) => {
                    connection.give_up(id, WorkerFailure::Unreadable(error).outcome(""));
                }
                None => return Err(WorkerFailure::Garbage(error)),
            },
        }
    }
}
