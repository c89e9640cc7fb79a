//! Text of others on a terminal.

use std::{
    borrow::Cow,
    io::{self, IsTerminal, Write},
};

/// Says something on standard error, as `eprintln!` does; what a terminal would obey is not passed on to one.
macro_rules! aside {
    ($($said:tt)*) => {
        $crate::command::terminal::say(&format!($($said)*))
    };
}

pub(super) fn say(line: &str) {
    let mut out = io::stderr().lock();
    let line = match out.is_terminal() {
        true => harmless(line),
        false => line.into(),
    };
    // There is nowhere left to say that nothing can be said.
    let _ = writeln!(out, "{line}");
}

/// A text without characters that a terminal would obey: scripts and tools say what they read in files.
pub(super) fn harmless(text: &str) -> Cow<'_, str> {
    let obeyed = |each: char| each.is_control() && !matches!(each, '\n' | '\t');
    match text.contains(obeyed) {
        true => text
            .replace("\r\n", "\n")
            .replace(obeyed, "\u{fffd}")
            .into(),
        false => text.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escape_sequences_become_visible() {
        assert_eq!(harmless("a\tb\r\n"), "a\tb\n");
        assert_eq!(
            harmless("\u{1b}[2J\u{7}\u{9b}K\r"),
            "\u{fffd}[2J\u{fffd}\u{fffd}K\u{fffd}"
        );
    }
}
