//! `--review`: a script that a language model wrote is shown, and runs once somebody said so.

use std::{
    io::{self, BufRead, IsTerminal, Write},
    sync::Arc,
};

use medley::Review;

use super::super::output::Unusable;

/// Shows a script on standard error, and asks on the terminal.
pub(super) fn reviewer() -> Result<Review, Unusable> {
    if !io::stdin().is_terminal() {
        return Err(Unusable(
            "`--review` asks on a terminal, and there is none; `medley plan --planner program` shows the script and \
             `medley run` runs it"
                .to_owned(),
        ));
    }
    Ok(Arc::new(|program| {
        let mut out = io::stderr().lock();
        let _ = writeln!(out, "{}\n", program.text.trim_end());
        let _ = write!(out, "run it? [y/N] ");
        let _ = out.flush();
        let mut answer = String::new();
        let read = io::stdin().lock().read_line(&mut answer);
        read.is_ok() && matches!(answer.trim().to_lowercase().as_str(), "y" | "yes")
    }))
}
