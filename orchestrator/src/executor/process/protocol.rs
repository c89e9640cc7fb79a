//! What a dispatcher and its workers say to each other: one JSON object a line, over the worker's stdin and stdout.
//!
//! Both sides read and write through this file, so that neither trusts the other with the size or the shape of a line.

use std::io::{self, Write};

use serde::{Deserialize, Serialize, de::DeserializeOwned};
use tokio::io::{AsyncBufRead, AsyncBufReadExt, AsyncReadExt};

use super::super::{StepCall, StepOutcome};
use crate::Progress;

/// The most bytes in a line: far more than arguments and outputs need when large data goes through the store, and
/// little enough that one call cannot take the memory of all.
pub(in crate::executor) const MESSAGE_LIMIT: usize = 16 << 20;

/// Longer lines are read off the async threads, because parsing them takes milliseconds.
const INLINE_LIMIT: usize = 1 << 20;

/// From the dispatcher to a worker.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(in crate::executor) enum Order {
    /// Do this.
    Call {
        /// Names the call from here on; never used twice on one worker.
        id: u64,
        /// What to do.
        call: Box<StepCall>,
    },
    /// The result of this call is no longer wanted.
    Cancel {
        /// The call.
        id: u64,
    },
}

/// From a worker to the dispatcher.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(in crate::executor) enum Reply {
    /// The worker has started; said once, before anything else.
    Ready,
    /// A call came further.
    Progress {
        /// The call.
        id: u64,
        /// How far.
        progress: Progress,
    },
    /// A call ended.
    Outcome {
        /// The call.
        id: u64,
        /// How.
        outcome: StepOutcome,
    },
}

/// A message cannot be sent.
#[derive(Debug, thiserror::Error)]
pub(in crate::executor) enum EncodeError {
    /// It is longer than a line may be.
    #[error("the message is larger than {} MiB", MESSAGE_LIMIT >> 20)]
    TooLarge,
    /// It has no JSON form.
    #[error("the message cannot be written as JSON: {0}")]
    Malformed(serde_json::Error),
}

/// A line is not the message that it should be.
#[derive(Debug, thiserror::Error)]
#[error("{source}")]
pub(in crate::executor) struct DecodeError {
    /// The call that it is about, where that much can be read.
    pub(in crate::executor) id: Option<u64>,
    /// What is wrong with it.
    pub(in crate::executor) source: serde_json::Error,
    /// The beginning of the line.
    pub(in crate::executor) excerpt: String,
}

/// The line for a message, with its line feed. What is too large is given up at the limit, not built and then refused.
pub(in crate::executor) fn encode(message: &impl Serialize) -> Result<Vec<u8>, EncodeError> {
    let mut line = Limited(Vec::new());
    match serde_json::to_writer(&mut line, message) {
        Ok(()) => {
            line.0.push(b'\n');
            Ok(line.0)
        }
        Err(error) if error.is_io() => Err(EncodeError::TooLarge),
        Err(error) => Err(EncodeError::Malformed(error)),
    }
}

/// The message in a line.
pub(in crate::executor) async fn decode<T>(line: Vec<u8>) -> Result<T, DecodeError>
where
    T: DeserializeOwned + Send + 'static,
{
    if line.len() <= INLINE_LIMIT {
        return parse(&line);
    }
    match tokio::task::spawn_blocking(move || parse(&line)).await {
        Ok(message) => message,
        Err(failure) => Err(DecodeError {
            id: None,
            source: serde::de::Error::custom(failure),
            excerpt: String::new(),
        }),
    }
}

fn parse<T: DeserializeOwned>(line: &[u8]) -> Result<T, DecodeError> {
    /// As much as every message about a call has; what else stands there may be malformed.
    #[derive(Deserialize)]
    struct Envelope {
        id: u64,
    }
    serde_json::from_slice(line).map_err(|source| DecodeError {
        id: serde_json::from_slice(line).ok().map(|Envelope { id }| id),
        source,
        excerpt: excerpt(line),
    })
}

fn excerpt(line: &[u8]) -> String {
    let beginning = &line[..line.len().min(120)];
    String::from_utf8_lossy(beginning).trim_end().to_owned()
}

/// The next line without its line feed, or nothing at the end. A last line that was cut is no line.
///
/// # Errors
/// When reading fails, or with [`io::ErrorKind::InvalidData`] when a line is longer than [`MESSAGE_LIMIT`].
pub(in crate::executor) async fn read_line(
    reader: &mut (impl AsyncBufRead + Unpin),
) -> io::Result<Option<Vec<u8>>> {
    let mut line = Vec::new();
    let limit = MESSAGE_LIMIT as u64 + 1;
    (&mut *reader)
        .take(limit)
        .read_until(b'\n', &mut line)
        .await?;
    finish_line(line)
}

/// [`read_line`] for those who may block.
pub(in crate::executor) fn read_line_blocking(
    reader: &mut impl io::BufRead,
) -> io::Result<Option<Vec<u8>>> {
    let mut line = Vec::new();
    let limit = MESSAGE_LIMIT as u64 + 1;
    io::BufRead::read_until(&mut io::Read::take(reader, limit), b'\n', &mut line)?;
    finish_line(line)
}

fn finish_line(mut line: Vec<u8>) -> io::Result<Option<Vec<u8>>> {
    if line.last() == Some(&b'\n') {
        line.pop();
        Ok(Some(line))
    } else if line.len() > MESSAGE_LIMIT {
        let problem = format!("a line is longer than {} MiB", MESSAGE_LIMIT >> 20);
        Err(io::Error::new(io::ErrorKind::InvalidData, problem))
    } else {
        Ok(None)
    }
}

/// A buffer that refuses to grow beyond [`MESSAGE_LIMIT`].
struct Limited(Vec<u8>);

impl Write for Limited {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.0.len() + bytes.len() >= MESSAGE_LIMIT {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        self.0.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests;
