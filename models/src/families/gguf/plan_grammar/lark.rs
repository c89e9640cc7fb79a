//! Writes a tree of nodes as a Lark grammar for `llguidance`.

use std::fmt::{self, Display, Formatter};

use super::node::Node;

/// A character of a made-up string: a plain one, an escape, or `$$`, which plans read as a dollar. A dollar alone could
/// begin a reference or a template.
const CHARACTER: &str = r#"[^"\\\x00-\x1F\x7F$]|\\["\\\/bfnrt]|\$\$"#;

/// Runs of characters that may stand anywhere in a made-up string, for the parts of masks that are computed ahead.
pub(super) fn slices() -> Vec<String> {
    vec![
        r#"[^"\\\x00-\x1F\x7F$]{1,10}"#.to_owned(),
        r#"[^"\\\x00-\x1F\x7F$]+"#.to_owned(),
        r#"[^"\\\x00-\x1F\x7F]+"#.to_owned(),
    ]
}

/// The grammar of a line that is one of these.
pub(super) fn grammar(lines: &[Node]) -> String {
    let mut grammar = String::new();
    for (index, line) in lines.iter().enumerate() {
        grammar.push_str(&format!("line{index}: {}\n", Rule(line)));
    }
    let names: Vec<String> = (0..lines.len())
        .map(|index| format!("line{index}"))
        .collect();
    format!("start: {}\n{grammar}", names.join(" | "))
}

/// A node as a rule.
struct Rule<'a>(&'a Node);

impl Display for Rule<'_> {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        match self.0 {
            Node::Text(text) => write!(formatter, "{}", serde_json::Value::from(text.as_str())),
            Node::Quoted(most) => write!(formatter, "/\"({CHARACTER}){{0,{most}}}\"/"),
            Node::Digit(..) | Node::Number(_) => write!(formatter, "/{}/", Pattern(self.0)),
            Node::Sequence(parts) => write_all(formatter, parts, " ", Rule),
            Node::Choice(options) => write_all(formatter, options, " | ", Rule),
            Node::Repeat(item, most) => write!(formatter, "({}){{0,{most}}}", Rule(item)),
        }
    }
}

/// A node as a regular expression.
struct Pattern<'a>(&'a Node);

impl Display for Pattern<'_> {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        match self.0 {
            Node::Text(text) => text.chars().try_for_each(|each| match each {
                '.' | '+' | '-' => write!(formatter, "\\{each}"),
                plain => write!(formatter, "{plain}"),
            }),
            Node::Digit(first, last) => {
                write!(formatter, "[{}-{}]", char::from(*first), char::from(*last))
            }
            Node::Quoted(most) => write!(formatter, "\"({CHARACTER}){{0,{most}}}\""),
            Node::Number(inner) => write!(formatter, "{}", Pattern(inner)),
            Node::Sequence(parts) => write_all(formatter, parts, "", Pattern),
            Node::Choice(options) => write_all(formatter, options, "|", Pattern),
            Node::Repeat(item, most) => write!(formatter, "({}){{0,{most}}}", Pattern(item)),
        }
    }
}

fn write_all<'a, T: Display>(
    formatter: &mut Formatter<'_>,
    nodes: &'a [Node],
    between: &str,
    show: impl Fn(&'a Node) -> T,
) -> fmt::Result {
    write!(formatter, "(")?;
    for (index, node) in nodes.iter().enumerate() {
        if index > 0 {
            write!(formatter, "{between}")?;
        }
        write!(formatter, "{}", show(node))?;
    }
    write!(formatter, ")")
}
