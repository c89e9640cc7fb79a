//! A worker as a process: stdin and stdout carry the protocol and nothing else, and the end of stdin is the end.
//!
//! Tools, native libraries and what they start may print to stdout and read from stdin as they like: those are
//! replaced by stderr and by nothing before the first call.

use std::{
    io::{self, BufReader, Read},
    sync::Arc,
    thread,
    time::Duration,
};

use tokio::{io::AsyncWrite, sync::mpsc};
use tokio_stream::wrappers::UnboundedReceiverStream;

use super::{super::process::protocol::read_line_blocking, PARTING_GRACE, serve_lines};
use crate::Dispatcher;

/// How long after the end of stdin the process is ended, even if its tools block every thread of the runtime.
const END_LIMIT: Duration = PARTING_GRACE.saturating_mul(3);

/// Serves the dispatcher that started this process, over stdin and stdout. To be called once.
///
/// As the leader of its process group, which a dispatcher makes of it on Unix, it does not return when the dispatcher
/// is gone: the calls are cancelled, and then the process ends with all that its tools started.
///
/// # Errors
/// As [`serve`](super::serve), and when the streams cannot be taken.
pub async fn serve_standard_streams(dispatcher: Arc<dyn Dispatcher>) -> io::Result<()> {
    let (input, output) = take_standard_streams()?;
    let (sender, lines) = mpsc::unbounded_channel();
    thread::Builder::new()
        .name("worker input".to_owned())
        .spawn(move || {
            forward_lines(input, &sender);
            drop(sender);
            thread::sleep(END_LIMIT);
            end_group();
            std::process::exit(1);
        })?;
    let lines = UnboundedReceiverStream::new(lines);
    let served = serve_lines(dispatcher, lines, output).await;
    match served {
        // The dispatcher is still there: it is to learn why this process ends, and ends what is left of it.
        Err(error) if error.kind() == io::ErrorKind::InvalidData => Err(error),
        served => {
            end_group();
            served
        }
    }
}

fn forward_lines(input: impl Read, lines: &mpsc::UnboundedSender<io::Result<Vec<u8>>>) {
    let mut reader = BufReader::new(input);
    while let Some(line) = read_line_blocking(&mut reader).transpose() {
        let failed = line.is_err();
        if lines.send(line).is_err() || failed {
            break;
        }
    }
}

/// The two pipes, out of reach of everything else in this process and of what it starts.
#[cfg(unix)]
fn take_standard_streams() -> io::Result<(impl Read + Send, impl AsyncWrite + Unpin)> {
    use std::{fs::File, os::fd::AsFd};

    // These copies close when another program is started.
    let input = File::from(io::stdin().as_fd().try_clone_to_owned()?);
    let output = File::from(io::stdout().as_fd().try_clone_to_owned()?);
    rustix::stdio::dup2_stdin(File::open("/dev/null")?)?;
    rustix::stdio::dup2_stdout(io::stderr())?;
    Ok((input, tokio::fs::File::from_std(output)))
}

#[cfg(not(unix))]
fn take_standard_streams() -> io::Result<(impl Read + Send, impl AsyncWrite + Unpin)> {
    Ok((io::stdin(), tokio::io::stdout()))
}

/// Kills this process with its group, if the group is its own and not that of the shell that started it.
fn end_group() {
    #[cfg(unix)]
    if rustix::process::getpgrp() == rustix::process::getpid() {
        let _ = rustix::process::kill_current_process_group(rustix::process::Signal::KILL);
    }
}
