//! The shortest way to bring a line to its end, and how many tokens that can take at most.

use std::collections::{BTreeSet, HashMap};

use super::{node::Node, vocabulary::Vocabulary};

/// How many tokens a piece of a line takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Cost {
    /// From its start to its end, on the shortest way.
    pub shortest: usize,
    /// From anywhere within it to its end, on the shortest way from there.
    pub rest: usize,
}

/// Counts tokens, each text once.
pub(super) struct Costs {
    vocabulary: Vocabulary,
    texts: HashMap<String, Cost>,
}

/// How far a node follows what is written already.
#[derive(Debug, Default)]
struct Progress {
    /// Where the node may have ended.
    ends: BTreeSet<usize>,
    /// What is still missing of it where all that is written is part of it.
    missing: Option<Vec<u8>>,
}

impl Costs {
    pub(super) fn new(vocabulary: &Vocabulary) -> Self {
        Self {
            vocabulary: vocabulary.clone(),
            texts: HashMap::new(),
        }
    }

    /// What a node costs. The bounds add up: a text takes no more tokens than its pieces do.
    pub(super) fn of(&mut self, node: &Node) -> Cost {
        match node {
            Node::Text(text) => self.of_text(text),
            Node::Digit(..) => Cost {
                shortest: 1,
                rest: 1,
            },
            // Up to three bytes of a character that is begun, and the quote.
            Node::Quoted(_) => Cost {
                shortest: self.of_text("\"\"").shortest,
                rest: 4,
            },
            Node::Number(inner) => self.of(inner),
            Node::Sequence(parts) => parts.iter().rev().fold(
                Cost {
                    shortest: 0,
                    rest: 0,
                },
                |behind, part| {
                    let cost = self.of(part);
                    Cost {
                        shortest: cost.shortest + behind.shortest,
                        rest: behind.rest.max(cost.rest + behind.shortest),
                    }
                },
            ),
            Node::Choice(options) => {
                let costs: Vec<Cost> = options.iter().map(|option| self.of(option)).collect();
                let shortest = costs.iter().map(|cost| cost.shortest).min();
                let rest = costs.iter().map(|cost| cost.rest).max();
                Cost {
                    shortest: shortest.unwrap_or_default(),
                    rest: rest.unwrap_or_default(),
                }
            }
            Node::Repeat(item, _) => Cost {
                shortest: 0,
                rest: self.of(item).rest,
            },
        }
    }

    fn of_text(&mut self, text: &str) -> Cost {
        if let Some(cost) = self.texts.get(text) {
            return *cost;
        }
        let fewest = self.vocabulary.fewest(text.as_bytes());
        let cost = Cost {
            shortest: fewest[0],
            rest: fewest.iter().copied().max().unwrap_or_default(),
        };
        self.texts.insert(text.to_owned(), cost);
        cost
    }

    /// How many tokens a text takes.
    pub(super) fn of_bytes(&self, text: &[u8]) -> usize {
        self.vocabulary.fewest(text)[0]
    }

    /// The shortest text that brings `written`, the beginning of a `line`, to its end; none if it is no beginning.
    pub(super) fn ending(&mut self, line: &Node, written: &[u8]) -> Option<Vec<u8>> {
        let progress = self.follow(line, written, 0);
        if progress.ends.contains(&written.len()) {
            return Some(Vec::new());
        }
        progress.missing
    }

    /// The shortest text of a node.
    fn shortest(&mut self, node: &Node) -> Vec<u8> {
        match node {
            Node::Text(text) => text.clone().into_bytes(),
            Node::Digit(first, _) => vec![*first],
            Node::Quoted(_) => b"\"\"".to_vec(),
            Node::Number(inner) => self.shortest(inner),
            Node::Sequence(parts) => parts.iter().flat_map(|part| self.shortest(part)).collect(),
            Node::Choice(options) => {
                let costs: Vec<usize> = options.iter().map(|each| self.of(each).shortest).collect();
                let cheapest = (0..options.len()).min_by_key(|&index| costs[index]);
                cheapest.map_or_else(Vec::new, |index| self.shortest(&options[index]))
            }
            Node::Repeat(..) => Vec::new(),
        }
    }

    fn follow(&mut self, node: &Node, written: &[u8], start: usize) -> Progress {
        let rest = &written[start..];
        match node {
            Node::Text(text) => follow_text(text.as_bytes(), rest, start),
            Node::Digit(first, last) => match rest.first() {
                None => Progress::missing(vec![*first]),
                Some(digit) if (first..=last).contains(&digit) => Progress::end(start + 1),
                Some(_) => Progress::default(),
            },
            Node::Quoted(most) => follow_quoted(*most, rest, start),
            Node::Number(inner) => self.follow(inner, written, start),
            Node::Sequence(parts) => self.follow_sequence(parts, written, start),
            Node::Choice(options) => {
                let mut progress = Progress::default();
                for option in options {
                    let each = self.follow(option, written, start);
                    progress.ends.extend(each.ends);
                    self.keep_shorter(&mut progress.missing, each.missing);
                }
                progress
            }
            Node::Repeat(item, most) => self.follow_repeat(item, *most, written, start),
        }
    }

    fn follow_sequence(&mut self, parts: &[Node], written: &[u8], start: usize) -> Progress {
        let mut progress = Progress::end(start);
        for (index, part) in parts.iter().enumerate() {
            for from in std::mem::take(&mut progress.ends) {
                let each = self.follow(part, written, from);
                progress.ends.extend(each.ends);
                let missing = each.missing.map(|mut missing| {
                    let behind = &parts[index + 1..];
                    missing.extend(behind.iter().flat_map(|part| self.shortest(part)));
                    missing
                });
                self.keep_shorter(&mut progress.missing, missing);
            }
        }
        progress
    }

    fn follow_repeat(
        &mut self,
        item: &Node,
        most: usize,
        written: &[u8],
        start: usize,
    ) -> Progress {
        let mut progress = Progress::end(start);
        let mut latest = BTreeSet::from([start]);
        for _ in 0..most {
            for from in std::mem::take(&mut latest) {
                let each = self.follow(item, written, from);
                self.keep_shorter(&mut progress.missing, each.missing);
                latest.extend(each.ends);
            }
            progress.ends.extend(&latest);
        }
        progress
    }

    fn keep_shorter(&self, kept: &mut Option<Vec<u8>>, other: Option<Vec<u8>>) {
        let Some(other) = other else { return };
        let is_shorter = |kept: &Vec<u8>| self.of_bytes(&other) < self.of_bytes(kept);
        if kept.as_ref().is_none_or(is_shorter) {
            *kept = Some(other);
        }
    }
}

impl Progress {
    fn end(at: usize) -> Self {
        Self {
            ends: BTreeSet::from([at]),
            missing: None,
        }
    }

    fn missing(text: Vec<u8>) -> Self {
        Self {
            ends: BTreeSet::new(),
            missing: Some(text),
        }
    }
}

fn follow_text(text: &[u8], rest: &[u8], start: usize) -> Progress {
    if rest.starts_with(text) {
        Progress::end(start + text.len())
    } else if let Some(missing) = text.strip_prefix(rest) {
        Progress::missing(missing.to_vec())
    } else {
        Progress::default()
    }
}

fn follow_quoted(most: usize, rest: &[u8], start: usize) -> Progress {
    let Some((b'"', inside)) = rest.split_first() else {
        return if rest.is_empty() {
            Progress::missing(b"\"\"".to_vec())
        } else {
            Progress::default()
        };
    };
    let mut at = 0;
    for _ in 0..=most {
        match inside.get(at) {
            None => return Progress::missing(b"\"".to_vec()),
            Some(b'"') => return Progress::end(start + at + 2),
            Some(_) => {}
        }
        let length = character_length(&inside[at..]);
        if let Some(mut missing) = missing_of_character(&inside[at..], length) {
            missing.push(b'"');
            return Progress::missing(missing);
        }
        at += length;
    }
    Progress::default()
}

/// How many bytes a character of a made-up string takes, an escape being one.
fn character_length(text: &[u8]) -> usize {
    match text.first() {
        Some(b'\\' | b'$') | Some(0xC0..=0xDF) => 2,
        Some(0xE0..=0xEF) => 3,
        Some(0xF0..) => 4,
        _ => 1,
    }
}

/// What brings a character that is begun to its end, if something is missing.
fn missing_of_character(text: &[u8], length: usize) -> Option<Vec<u8>> {
    let missing = length.checked_sub(text.len()).filter(|&count| count > 0)?;
    Some(match text {
        [b'\\'] => vec![b'n'],
        [b'$'] => vec![b'$'],
        // Some first bytes restrict the second.
        [0xE0] => vec![0xA0, 0x80],
        [0xF0] => vec![0x90, 0x80, 0x80],
        _ => vec![0x80; missing],
    })
}
