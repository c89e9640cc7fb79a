//! A child process that can be watched and stopped, with whatever it started itself.

use std::fs::File;
use std::io;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

/// How often a running child is looked at; the time that a cancellation may go unnoticed.
const INTERVAL: Duration = Duration::from_millis(50);

/// Runs a command to its end, with both its outputs in the file `output`.
///
/// `keep_going` is called many times a second; once it says no, the child and its descendants are killed and the
/// result is `None`.
pub(super) fn run(
    command: &mut Command,
    output: &Path,
    mut keep_going: impl FnMut() -> bool,
) -> io::Result<Option<ExitStatus>> {
    let file = File::create(output)?;
    command
        .stdin(Stdio::null())
        .stdout(file.try_clone()?)
        .stderr(file);
    // A group of its own: killed as one, and not reached by the interrupt key, which is ours to handle.
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(command, 0);
    let mut child = KilledOnDrop(command.spawn()?);
    loop {
        if let Some(status) = child.0.try_wait()? {
            return Ok(Some(status));
        }
        if !keep_going() {
            return Ok(None);
        }
        std::thread::sleep(INTERVAL);
    }
}

/// Leaves no child behind, whichever way its owner ends.
struct KilledOnDrop(Child);

impl Drop for KilledOnDrop {
    fn drop(&mut self) {
        if matches!(self.0.try_wait(), Ok(Some(_))) {
            return;
        }
        #[cfg(unix)]
        {
            let group = rustix::process::Pid::from_child(&self.0);
            let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
        }
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn a_child_is_killed_with_its_own_children() {
        let place = tempfile::tempdir().unwrap();
        let pipe = place.path().join("pipe");
        assert!(
            Command::new("mkfifo")
                .arg(&pipe)
                .status()
                .unwrap()
                .success()
        );
        // The grandchild holds the pipe open for writing until it is dead.
        let script = "sleep 600 > \"$0\" & wait";
        let (ended, end) = std::sync::mpsc::channel();
        std::thread::spawn({
            let pipe = pipe.clone();
            move || ended.send(std::fs::read(pipe))
        });
        let mut looks = 0;
        let status = run(
            Command::new("sh").arg("-c").arg(script).arg(&pipe),
            &place.path().join("output"),
            || {
                looks += 1;
                looks < 5
            },
        );
        assert!(status.unwrap().is_none());
        // A generous bound on a failure, not a wait: the pipe ends when the grandchild does.
        let read = end.recv_timeout(Duration::from_secs(60));
        assert_eq!(read.unwrap().unwrap(), b"");
    }

    #[test]
    fn what_a_child_says_is_kept() {
        let place = tempfile::tempdir().unwrap();
        let output = place.path().join("output");
        let status = run(
            Command::new("sh").args(["-c", "echo out; echo err >&2; exit 3"]),
            &output,
            || true,
        );
        assert_eq!(status.unwrap().unwrap().code(), Some(3));
        assert_eq!(std::fs::read_to_string(output).unwrap(), "out\nerr\n");
    }
}
