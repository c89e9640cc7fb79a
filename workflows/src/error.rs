//! What is wrong with a script, shown where it is.

use std::fmt;

/// What is wrong with a script, before it runs or while it does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScriptError {
    /// A stable name in snake case.
    pub code: &'static str,
    /// What is wrong.
    pub message: String,
    /// The way out.
    pub hint: Option<String>,
    /// Where, if it is in the text.
    pub place: Option<Box<Place>>,
}

/// A place in a script.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The script's name, or that of the module.
    pub script: String,
    /// From 1.
    pub line: usize,
    /// In characters, from 1.
    pub column: usize,
    /// The line as it was written.
    pub text: String,
}

impl ScriptError {
    pub(crate) fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            hint: None,
            place: None,
        }
    }

    pub(crate) fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    pub(crate) fn at(mut self, place: Option<Place>) -> Self {
        self.place = place.map(Box::new);
        self
    }
}

impl fmt::Display for ScriptError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.place {
            None => formatter.write_str(&self.message),
            Some(place) => write!(
                formatter,
                "line {} of {}: {}\n{place}",
                place.line, place.script, self.message
            ),
        }
    }
}

impl std::error::Error for ScriptError {}

impl fmt::Display for Place {
    /// The line with its number, and a caret below.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let number = self.line.to_string();
        let margin = " ".repeat(number.len());
        // Tabs stay tabs, so that the caret stands below what it points to.
        let before = self.text.chars().take(self.column - 1);
        let indent: String = before
            .map(|character| if character == '\t' { '\t' } else { ' ' })
            .collect();
        write!(
            formatter,
            "  {number} | {}\n  {margin} | {indent}^",
            self.text
        )
    }
}

/// Everything that is wrong with a script.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))]
pub struct ScriptErrors(pub Vec<ScriptError>);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_caret_stands_below_what_is_meant() {
        let place = Place {
            script: "sign.rhai".to_owned(),
            line: 12,
            column: 6,
            text: "\tlet x = orc(a);".to_owned(),
        };
        let error = ScriptError::new("unknown_function", "there is no function `orc`");
        assert_eq!(
            error.at(Some(place)).to_string(),
            "line 12 of sign.rhai: there is no function `orc`\n  12 | \tlet x = orc(a);\n     | \t    ^"
        );
    }
}
