//! What a line of a plan may look like, as a tree. The grammar and the shortest ending are both read off it.

/// A piece of a line.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Node {
    /// This text.
    Text(String),
    /// A digit from the first to the second.
    Digit(u8, u8),
    /// A JSON string in its quotes, made up by the model, of at most so many characters.
    Quoted(usize),
    /// A number, which ends where its digits do.
    Number(Box<Node>),
    /// One after the other.
    Sequence(Vec<Node>),
    /// One of these; there is at least one.
    Choice(Vec<Node>),
    /// From none to so many times.
    Repeat(Box<Node>, usize),
}

impl Node {
    /// A text.
    pub(super) fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }

    /// One after the other, with neighbouring texts joined.
    pub(super) fn sequence(parts: impl IntoIterator<Item = Self>) -> Self {
        let mut joined = Vec::new();
        for part in parts {
            append(&mut joined, part);
        }
        match joined.len() {
            1 => joined.swap_remove(0),
            _ => Self::Sequence(joined),
        }
    }

    /// One of these, if there is any.
    pub(super) fn choice(mut options: Vec<Self>) -> Option<Self> {
        match options.len() {
            0 | 1 => options.pop(),
            _ => Some(Self::Choice(options)),
        }
    }

    /// This or nothing.
    pub(super) fn optional(self) -> Self {
        Self::Repeat(Box::new(self), 1)
    }
}

fn append(parts: &mut Vec<Node>, part: Node) {
    match (parts.last_mut(), part) {
        (_, Node::Sequence(inner)) => {
            for each in inner {
                append(parts, each);
            }
        }
        (_, Node::Text(text)) if text.is_empty() => {}
        (Some(Node::Text(before)), Node::Text(text)) => before.push_str(&text),
        (_, part) => parts.push(part),
    }
}
