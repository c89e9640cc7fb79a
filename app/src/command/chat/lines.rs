//! Where lines come from: a person at a terminal, or standard input as it is.

use std::io::{self, BufRead, IsTerminal, Write};

use anyhow::Context;

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
pub(super) enum Lines {
    Terminal,
    Input,
    #[cfg(test)]
    Given(std::collections::VecDeque<Line>),
}

impl Lines {
    /// Opens standard input.
    pub(super) fn open() -> Self {
        if io::stdin().is_terminal() {
            Self::Terminal
        } else {
            Self::Input
        }
    }

    /// Whether there is a person who can be asked.
    pub(super) const fn can_ask(&self) -> bool {
        !matches!(self, Self::Input)
    }

    /// The next line; `prompt` asks for it at a terminal.
    pub(super) async fn read(&mut self, prompt: &str) -> anyhow::Result<Line> {
        match self {
            Self::Terminal => {
                let mut out = io::stderr().lock();
                // Where nobody sees the prompt, a line can be read all the same.
                let _ = write!(out, "{prompt}").and_then(|()| out.flush());
            }
            Self::Input => {}
            #[cfg(test)]
            Self::Given(lines) => return Ok(lines.pop_front().unwrap_or(Line::End)),
        }
        let reading = tokio::task::spawn_blocking(|| {
            let mut line = Vec::new();
            let count = io::stdin().lock().read_until(b'\n', &mut line)?;
            io::Result::Ok((count > 0).then(|| String::from_utf8_lossy(&line).into_owned()))
        });
        tokio::select! {
            line = reading => {
                let line = line?.context("standard input cannot be read")?;
                Ok(line.map_or(Line::End, Line::Text))
            }
            _ = tokio::signal::ctrl_c() => Ok(Line::Interrupted),
        }
    }
}
