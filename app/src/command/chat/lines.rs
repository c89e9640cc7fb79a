//! Where lines come from: a person at a terminal, or standard input as it is.

use std::{
    io::{self, BufRead, IsTerminal, Write},
    thread,
};

use anyhow::Context;
use tokio::sync::mpsc;

/// What was said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Line {
    Text(String),
    /// Ctrl-C.
    Interrupted,
    /// Nothing more comes.
    End,
}

/// A source of lines.
pub(super) struct Lines {
    is_terminal: bool,
    lines: mpsc::Receiver<io::Result<String>>,
}

impl Lines {
    /// Opens standard input.
    pub(super) fn open() -> Self {
        let (sender, lines) = mpsc::channel(1);
        // A thread of its own: a read cannot be given up, and a line must not be lost where nobody waits for it now.
        thread::spawn(move || {
            loop {
                let mut line = Vec::new();
                let read = io::stdin().lock().read_until(b'\n', &mut line);
                let said = match read {
                    Ok(0) => break,
                    Ok(_) => Ok(String::from_utf8_lossy(&line).into_owned()),
                    Err(error) => Err(error),
                };
                let is_last = said.is_err();
                if sender.blocking_send(said).is_err() || is_last {
                    break;
                }
            }
        });
        Self {
            is_terminal: io::stdin().is_terminal(),
            lines,
        }
    }

    /// Lines as if they were typed.
    #[cfg(test)]
    pub(super) async fn typed(lines: &[&str]) -> Self {
        let (sender, typed) = mpsc::channel(lines.len().max(1));
        for line in lines {
            let _ = sender.send(Ok((*line).to_owned())).await;
        }
        Self {
            is_terminal: true,
            lines: typed,
        }
    }

    /// Whether there is a person who can be asked.
    pub(super) const fn can_ask(&self) -> bool {
        self.is_terminal
    }

    /// The next line; `prompt` asks for it at a terminal.
    pub(super) async fn read(&mut self, prompt: &str) -> anyhow::Result<Line> {
        if self.is_terminal {
            let mut out = io::stderr().lock();
            // Where nobody sees the prompt, a line can be read all the same.
            let _ = write!(out, "{prompt}").and_then(|()| out.flush());
        }
        tokio::select! {
            line = self.lines.recv() => match line {
                Some(line) => Ok(Line::Text(line.context("standard input cannot be read")?)),
                None => Ok(Line::End),
            },
            _ = tokio::signal::ctrl_c() => Ok(Line::Interrupted),
        }
    }
}
