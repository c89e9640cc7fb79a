//! Where lines come from: an editor at a terminal, else standard input as it is.

use std::{
    io::{self, BufRead, IsTerminal},
    path::{Path, PathBuf},
    thread,
};

use anyhow::Context;
use rustyline::{DefaultEditor, error::ReadlineError};
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
pub(super) enum Lines {
    Terminal(Terminal),
    Input(mpsc::Receiver<io::Result<String>>),
    #[cfg(test)]
    Typed(std::collections::VecDeque<Line>),
}

/// A line editor.
pub(super) struct Terminal {
    /// Away while it reads.
    editor: Option<Box<DefaultEditor>>,
    history: PathBuf,
}

impl Lines {
    /// Opens standard input; what is typed at a terminal is remembered in the file `history`.
    pub(super) fn open(history: PathBuf) -> anyhow::Result<Self> {
        if !io::stdin().is_terminal() {
            return Ok(Self::Input(read_ahead()));
        }
        let mut editor = DefaultEditor::new().context("the terminal cannot be used")?;
        // The first time, there is none.
        let _ = editor.load_history(&history);
        Ok(Self::Terminal(Terminal {
            editor: Some(Box::new(editor)),
            history,
        }))
    }

    /// Lines as if they were typed.
    #[cfg(test)]
    pub(super) fn typed(lines: &[&str]) -> Self {
        let lines = lines.iter().map(|line| Line::Text((*line).to_owned()));
        Self::Typed(lines.collect())
    }

    /// Whether there is a person who can be asked.
    pub(super) const fn can_ask(&self) -> bool {
        !matches!(self, Self::Input(_))
    }

    /// The next line; `prompt` asks for it at a terminal.
    pub(super) async fn read(&mut self, prompt: &str) -> anyhow::Result<Line> {
        match self {
            Self::Terminal(terminal) => terminal.read(prompt).await,
            Self::Input(lines) => {
                tokio::select! {
                    line = lines.recv() => match line {
                        Some(line) => Ok(Line::Text(line.context("standard input cannot be read")?)),
                        None => Ok(Line::End),
                    },
                    _ = tokio::signal::ctrl_c() => Ok(Line::Interrupted),
                }
            }
            #[cfg(test)]
            Self::Typed(lines) => Ok(lines.pop_front().unwrap_or(Line::End)),
        }
    }
}

impl Terminal {
    async fn read(&mut self, prompt: &str) -> anyhow::Result<Line> {
        let Some(mut editor) = self.editor.take() else {
            return Ok(Line::End);
        };
        let (prompt, history) = (prompt.to_owned(), self.history.clone());
        let reading = move || {
            let line = editor.readline(&prompt);
            if let Ok(text) = &line {
                remember(&mut editor, text, &history);
            }
            (editor, line)
        };
        let (editor, line) = tokio::task::spawn_blocking(reading).await?;
        self.editor = Some(editor);
        match line {
            Ok(text) => Ok(Line::Text(text)),
            Err(ReadlineError::Interrupted) => Ok(Line::Interrupted),
            Err(ReadlineError::Eof) => Ok(Line::End),
            Err(error) => Err(error).context("the terminal cannot be read"),
        }
    }
}

/// What cannot be remembered can be typed again.
fn remember(editor: &mut DefaultEditor, text: &str, history: &Path) {
    if !text.trim().is_empty() {
        let _ = editor.add_history_entry(text);
        let _ = editor.save_history(history);
    }
}

/// Reads on a thread of its own: a read cannot be given up, and a line must not be lost where nobody waits for it now.
fn read_ahead() -> mpsc::Receiver<io::Result<String>> {
    let (sender, lines) = mpsc::channel(1);
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
    lines
}
