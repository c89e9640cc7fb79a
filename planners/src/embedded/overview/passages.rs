//! A request as passages, each of which may speak of a tool, and as what is at hand.

use std::collections::BTreeSet;

use medley_orchestrator::Request;

use super::{
    super::tokens::{Token, TokenKind},
    words::{Lexicon, Material, Named},
};

/// From how many words on a passage is looked at in parts too.
const LONG: usize = 8;

/// The fewest words of a part.
const SHORT: usize = 3;

/// Words that may speak of a tool.
pub(super) struct Passage {
    pub tokens: Vec<Token>,
    /// Its place in the request; parts have the place of the whole.
    pub place: usize,
    /// Its words, with files called by what they are.
    pub text: String,
    pub roots: BTreeSet<String>,
    pub concepts: BTreeSet<String>,
    pub named: Named,
}

/// What a request holds.
pub(super) struct Outline {
    pub passages: Vec<Passage>,
    /// The roots and concepts of all of its words.
    pub roots: BTreeSet<String>,
    pub concepts: BTreeSet<String>,
    /// Attachments with what they are; addresses are none.
    pub files: Vec<(usize, Material)>,
    /// Addresses with what their endings say is found there.
    pub addresses: Vec<(String, Material)>,
    /// Texts in quotation marks.
    pub quotations: Vec<String>,
    /// Every material that is named or attached.
    pub materials: BTreeSet<Material>,
}

/// Whether the name of an attachment is where it is to be found.
pub(super) fn is_address(name: &str) -> bool {
    name.contains("://") || name.starts_with("www.")
}

impl Outline {
    pub(super) fn of(request: &Request, tokens: &[Token], lexicon: &Lexicon) -> Self {
        let sections = sections(tokens, lexicon);
        let mut parts: Vec<(usize, Vec<Token>)> = Vec::new();
        for (place, section) in sections.iter().enumerate() {
            parts.push((place, section.clone()));
            parts.extend(
                split_long(section, lexicon)
                    .into_iter()
                    .map(|part| (place, part)),
            );
        }
        let passages: Vec<Passage> = parts
            .into_iter()
            .map(|(place, tokens)| Passage::of(tokens, place, request, lexicon))
            .collect();
        let texts = sections.iter().map(|section| plain(section, request));
        let text = texts.collect::<Vec<_>>().join(" ");
        let roots = lexicon.roots(&text);
        let mut outline = Self {
            concepts: lexicon.concepts(&roots),
            roots,
            passages,
            files: Vec::new(),
            addresses: Vec::new(),
            quotations: Vec::new(),
            materials: BTreeSet::new(),
        };
        outline.collect(request, tokens);
        outline
    }

    /// Finds what is at hand.
    fn collect(&mut self, request: &Request, tokens: &[Token]) {
        for (index, attachment) in request.attachments.iter().enumerate() {
            let material = Material::of_kind(attachment.artifact.kind);
            if is_address(&attachment.name) {
                self.addresses.push((attachment.name.clone(), material));
            } else {
                self.files.push((index, material));
            }
        }
        for token in tokens {
            match token.kind {
                TokenKind::Quoted => self.quotations.push(token.text.clone()),
                TokenKind::Address => self.addresses.push((token.text.clone(), Material::Text)),
                _ => {}
            }
        }
        self.materials
            .extend(self.files.iter().map(|(_, material)| *material));
        for passage in &self.passages {
            let Named {
                objects,
                sources,
                targets,
            } = &passage.named;
            self.materials
                .extend(objects.iter().chain(sources).chain(targets));
        }
    }

    /// How many files of a material are attached.
    pub(super) fn count(&self, material: Material) -> usize {
        self.files.iter().filter(|(_, of)| *of == material).count()
    }
}

impl Passage {
    fn of(tokens: Vec<Token>, place: usize, request: &Request, lexicon: &Lexicon) -> Self {
        let text = plain(&tokens, request);
        let roots = lexicon.roots(&text);
        Self {
            tokens,
            place,
            concepts: lexicon.concepts(&roots),
            roots,
            named: lexicon.named(&text),
            text,
        }
    }

    /// Whether it names the attachment with this index.
    pub(super) fn names(&self, file: usize) -> bool {
        self.tokens
            .iter()
            .any(|token| token.kind == TokenKind::File(file))
    }

    /// Its text in quotation marks.
    pub(super) fn quotation(&self) -> Option<&str> {
        let mut tokens = self.tokens.iter();
        let quoted = tokens.find(|token| token.kind == TokenKind::Quoted);
        quoted.map(|token| token.text.as_str())
    }

    /// Its words as they stand in the request.
    pub(super) fn source<'a>(&self, request: &'a str) -> &'a str {
        let start = self.tokens.first().map_or(0, |first| first.source.start);
        let end = self.tokens.last().map_or(0, |last| last.source.end);
        request.get(start..end).unwrap_or_default()
    }
}

/// The tokens between marks and separating words.
fn sections(tokens: &[Token], lexicon: &Lexicon) -> Vec<Vec<Token>> {
    let ends = |token: &Token| {
        matches!(token.kind, TokenKind::Break(_))
            || token.is_word() && lexicon.separates(&token.text)
    };
    tokens
        .split(ends)
        .filter(|section| !section.is_empty())
        .map(<[Token]>::to_vec)
        .collect()
}

/// The parts of a long passage, if it has several.
fn split_long(section: &[Token], lexicon: &Lexicon) -> Vec<Vec<Token>> {
    let count = |tokens: &[Token]| tokens.iter().filter(|token| token.is_word()).count();
    if count(section) < LONG {
        return Vec::new();
    }
    let mut parts: Vec<Vec<Token>> = Vec::new();
    let mut part: Vec<Token> = Vec::new();
    for token in section {
        let opens = token.is_word() && lexicon.opens(&token.text);
        if opens && count(&part) >= SHORT {
            parts.push(std::mem::take(&mut part));
        }
        part.push(token.clone());
    }
    parts.push(part);
    if parts.len() < 2 {
        return Vec::new();
    }
    parts.retain(|part| count(part) >= SHORT);
    parts
}

/// The words, with "text" for a quotation, "url" for an address and its kind for a file.
fn plain(tokens: &[Token], request: &Request) -> String {
    let words = tokens.iter().filter_map(|token| match token.kind {
        TokenKind::Word | TokenKind::Translated | TokenKind::Number(_) => Some(token.text.as_str()),
        TokenKind::Quoted => Some("text"),
        TokenKind::Address => Some("url"),
        TokenKind::File(index) => {
            let attachment = request.attachments.get(index)?;
            let address = is_address(&attachment.name);
            Some(if address {
                "url"
            } else {
                attachment.artifact.kind.name()
            })
        }
        TokenKind::Unknown | TokenKind::Break(_) | TokenKind::Ordinal(_) | TokenKind::Absent => {
            None
        }
    });
    words.collect::<Vec<_>>().join(" ")
}
