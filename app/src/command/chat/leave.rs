//! Asks for leave: once, for the session, or never.

use medley::Leave;

use super::lines::{Line, Lines};

/// What came of asking.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Given {
    Leave(Leave),
    /// The person goes on with something else; the turn waits.
    Nothing,
}

/// Asks until there is an answer.
pub(super) async fn given(lines: &mut Lines, question: &str) -> anyhow::Result<Given> {
    let prompt = format!("{question} (once, session, never) ");
    loop {
        match lines.read(&prompt).await? {
            Line::Text(text) => {
                if let Some(leave) = read(&text) {
                    return Ok(Given::Leave(leave));
                }
                aside!("say once, session (for the rest of it) or never");
            }
            Line::Interrupted | Line::End => return Ok(Given::Nothing),
        }
    }
}

fn read(text: &str) -> Option<Leave> {
    let text = text.trim().to_lowercase();
    let word = text.strip_prefix("this ").unwrap_or(&text);
    match word {
        "o" | "once" | "y" | "yes" | "一次" => Some(Leave::Once),
        "s" | "session" | "always" => Some(Leave::Session),
        "n" | "no" | "never" => Some(Leave::Never),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn said(lines: &[&str]) -> Given {
        let mut lines = Lines::typed(lines);
        given(&mut lines, "may it?").await.unwrap()
    }

    #[tokio::test]
    async fn it_asks_until_it_is_answered() {
        assert_eq!(
            said(&["", "perhaps", " Once "]).await,
            Given::Leave(Leave::Once)
        );
        assert_eq!(said(&["this session"]).await, Given::Leave(Leave::Session));
        assert_eq!(said(&["n"]).await, Given::Leave(Leave::Never));
        assert_eq!(said(&["perhaps"]).await, Given::Nothing);
    }
}
