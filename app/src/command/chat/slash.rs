//! What is said to the chat itself rather than asked for: lines that begin with a slash.

use std::path::PathBuf;

/// What can be said.
pub(super) const HELP: &str = "\
Say what you want, in English or Chinese; a turn a line. Files and results have names (img1, voice2), and
\"make it brighter\", \"now in French\" or \"compare it with the first\" refer to them.
  /attach FILE...  bring files along with the next request; quote names with spaces
  /artifacts       list what there is, with names
  /plan            show how the last request was done
  /continue        go on with a request that did not come to its end
  /quit            end; `medley chat --resume` goes on later
";

/// Every command, as it is written.
const NAMES: &[&str] = &[
    "/attach",
    "/artifacts",
    "/plan",
    "/continue",
    "/help",
    "/quit",
];

/// A command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Slash {
    Attach(Vec<PathBuf>),
    Artifacts,
    Plan,
    Continue,
    Help,
    Quit,
}

/// A line that is meant as a command and is none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Unclear {
    /// What is wrong with it.
    pub what: &'static str,
    /// What can be said instead.
    pub hint: String,
}

impl Slash {
    /// Reads a line; nothing if it is none of these.
    pub(super) fn read(line: &str) -> Option<Result<Self, Unclear>> {
        let (name, rest) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
        // "/home/me/sign.png is what?" is a request.
        let word = name.strip_prefix('/').filter(|word| !word.contains('/'))?;
        Some(match word {
            "attach" => match words(rest) {
                paths if paths.is_empty() => Err(Unclear {
                    what: "it does not say which file",
                    hint: "/attach FILE...".to_owned(),
                }),
                paths => Ok(Self::Attach(
                    paths.iter().map(|path| in_home(path)).collect(),
                )),
            },
            "artifacts" => Ok(Self::Artifacts),
            "plan" => Ok(Self::Plan),
            "continue" => Ok(Self::Continue),
            "help" => Ok(Self::Help),
            "quit" | "exit" => Ok(Self::Quit),
            _ => {
                let begins = |known: &&&str| !word.is_empty() && known[1..].starts_with(word);
                let near = NAMES.iter().find(begins);
                Err(Unclear {
                    what: "there is no such command",
                    hint: match near {
                        Some(near) => format!("did you mean {near}?"),
                        None => format!("there are {}", NAMES.join(", ")),
                    },
                })
            }
        })
    }
}

/// Splits as a shell does: at blanks, but not in quotes or behind a backslash.
fn words(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote = None;
    let mut each = text.chars().peekable();
    while let Some(next) = each.next() {
        match (quote, next) {
            (Some(open), close) if close == open => quote = None,
            (None, '"' | '\'') => {
                quote = Some(next);
                word.get_or_insert_default();
            }
            // Elsewhere a backslash is one, as in the paths of Windows.
            (None, '\\')
                if each
                    .peek()
                    .is_some_and(|behind| matches!(behind, ' ' | '"' | '\'' | '\\')) =>
            {
                word.get_or_insert_default().extend(each.next());
            }
            (None, blank) if blank.is_whitespace() => words.extend(word.take()),
            (_, other) => word.get_or_insert_default().push(other),
        }
    }
    words.extend(word);
    words
}

/// The path, with `~` for the home directory.
fn in_home(path: &str) -> PathBuf {
    let home = || std::env::home_dir();
    match path.strip_prefix('~') {
        Some("") => home().unwrap_or_else(|| path.into()),
        Some(rest) if rest.starts_with('/') => {
            home().map_or_else(|| path.into(), |home| home.join(&rest[1..]))
        }
        _ => path.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_split_as_in_a_shell() {
        for (text, split) in [
            ("a.png b.png", vec!["a.png", "b.png"]),
            (
                "  'my sign.png'  \"b c\".txt ",
                vec!["my sign.png", "b c.txt"],
            ),
            (
                r"my\ sign.png C:\pictures\a.png",
                vec!["my sign.png", r"C:\pictures\a.png"],
            ),
            ("'it''s open", vec!["its open"]),
            ("''", vec![""]),
            ("", vec![]),
        ] {
            assert_eq!(words(text), split, "{text}");
        }
        let home = std::env::home_dir().unwrap();
        assert_eq!(in_home("~/a"), home.join("a"));
        assert_eq!(in_home("~other/a"), PathBuf::from("~other/a"));
    }

    #[test]
    fn commands_are_told_from_requests() {
        assert_eq!(Slash::read("/quit"), Some(Ok(Slash::Quit)));
        assert_eq!(
            Slash::read("/attach a"),
            Some(Ok(Slash::Attach(vec!["a".into()])))
        );
        assert_eq!(Slash::read("read the sign"), None);
        assert_eq!(Slash::read("/tmp/a.png is what?"), None);
        let hint = |line| Slash::read(line).unwrap().unwrap_err().hint;
        assert!(hint("/art").contains("/artifacts"));
        assert!(hint("/nothing").contains("/quit"));
        assert!(hint("/").contains("/quit"));
        assert!(hint("/attach").contains("FILE"));
    }
}
