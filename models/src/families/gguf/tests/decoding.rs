//! The network and the loop that decodes with it.

use medley_orchestrator::FinishReason;

use super::*;
use crate::families::gguf::{
    constraint::{Constraint, ConstraintError, TokenMask},
    generation::{Broken, Piece},
    tokenizer::ChatTokenizer,
};

fn near(found: &[f32], expected: &[f32]) {
    assert_eq!(found.len(), expected.len());
    for (found, expected) in found.iter().zip(expected) {
        assert!((found - expected).abs() < 1e-4, "{found} for {expected}");
    }
}

fn cosine(one: &[f32], other: &[f32]) -> f32 {
    let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f32>();
    dot(one, other) / (dot(one, one) * dot(other, other)).sqrt()
}

/// Text, tokens and reason of a reply.
fn reply(decoder: &mut Decoder, header: &Header, order: Order) -> (String, usize, FinishReason) {
    let (mut text, mut written) = (String::new(), 0);
    let mut emit = |piece| match piece {
        Piece::Text(more) => text.push_str(&more),
        Piece::Written(count) => written = count,
    };
    let finish = decoder.reply(order, &header.tokenizer, &|| false, &mut emit);
    (text, written, finish.ok().unwrap())
}

fn text_of(tokens: &[u32], tokenizer: &ChatTokenizer) -> String {
    let bytes: Vec<u8> = tokens
        .iter()
        .flat_map(|token| tokenizer.bytes(*token).to_vec())
        .collect();
    String::from_utf8_lossy(&bytes).into_owned()
}

#[test]
fn scores_equal_those_of_transformers() {
    for reference in references().models {
        let header = header(&format!("{}-f32.gguf", reference.architecture));
        let mut network = network(&header);
        for (place, expected) in reference.logits.iter().enumerate() {
            network.truncate(0);
            let read = network.read(&reference.tokens[..=place], &header.shape);
            near(&read.unwrap(), expected);
        }
        network.truncate(0);
        let read = network.read(&reference.long_tokens, &header.shape);
        near(&read.unwrap(), &reference.long_logits);
    }
}

#[test]
fn tokens_read_one_by_one_or_in_pieces_score_the_same() {
    for reference in references().models {
        let header = header(&format!("{}-f32.gguf", reference.architecture));
        let mut network = network(&header);
        for (token, expected) in reference.tokens.iter().zip(&reference.logits) {
            near(&network.read(&[*token], &header.shape).unwrap(), expected);
        }
        network.truncate(4);
        let last = network.read(&reference.tokens[4..], &header.shape).unwrap();
        near(&last, &reference.logits[reference.tokens.len() - 1]);
    }
}

#[test]
fn quantised_scores_point_where_those_of_transformers_do() {
    for reference in references().models {
        let header = header(&format!("{}-q8_0.gguf", reference.architecture));
        let found = network(&header).read(&reference.tokens, &header.shape);
        let likeness = cosine(&found.unwrap(), &reference.logits_q8_0);
        assert!(likeness > 0.999, "{}: {likeness}", reference.architecture);
    }
}

#[test]
fn the_likeliest_tokens_are_those_of_transformers() {
    for reference in references().models {
        let header = header(&format!("{}-f32.gguf", reference.architecture));
        let order = order(&reference.tokens, reference.greedy.len());
        let (text, written, finish) = reply(&mut decoder(&header), &header, order);
        assert_eq!(text, text_of(&reference.greedy, &header.tokenizer));
        assert_eq!(written, reference.greedy.len());
        assert_eq!(finish, FinishReason::Length);
    }
}

#[test]
fn what_two_prompts_have_in_common_is_read_once() {
    let reference = &references().models[1];
    let header = header("qwen2-f32.gguf");
    let mut used = decoder(&header);
    reply(&mut used, &header, order(&reference.tokens, 5));
    // The last token that was written was not read.
    assert_eq!(used.kept(), reference.tokens.len() + 4);
    let mut other = reference.tokens[..6].to_vec();
    other.extend([40, 41]);
    let again = reply(&mut used, &header, order(&other, 8));
    let fresh = reply(&mut decoder(&header), &header, order(&other, 8));
    assert_eq!(again, fresh);
    let whole = reply(&mut used, &header, order(&reference.tokens[..6], 8));
    let fresh = reply(
        &mut decoder(&header),
        &header,
        order(&reference.tokens[..6], 8),
    );
    assert_eq!(whole, fresh);
}

#[test]
fn a_stop_ends_the_reply_before_it() {
    let reference = &references().models[1];
    let header = header("qwen2-f32.gguf");
    let all = reply(&mut decoder(&header), &header, order(&reference.tokens, 24)).0;
    let stop: String = all.chars().skip(3).take(3).collect();
    let mut order = order(&reference.tokens, 24);
    order.stops = vec![stop.clone()];
    let (text, written, finish) = reply(&mut decoder(&header), &header, order);
    assert_eq!(finish, FinishReason::Stop);
    assert_eq!(text, all[..all.find(&stop).unwrap()]);
    assert!(written < 24);
}

#[test]
fn a_seed_gives_the_same_reply_again() {
    let reference = &references().models[2];
    let header = header("qwen3-q8_0.gguf");
    let with = |seed| {
        let mut order = order(&reference.tokens, 24);
        order.choice = Choice {
            temperature: 1.5,
            top_p: Some(0.95),
            seed: Some(seed),
        };
        reply(&mut decoder(&header), &header, order).0
    };
    assert_eq!(with(1), with(1));
    assert_ne!(with(1), with(2));
}

#[test]
fn a_reply_stops_at_the_token_at_which_nobody_waits() {
    let reference = &references().models[0];
    let header = header("llama-f32.gguf");
    let asked = std::cell::Cell::new(0);
    let cancelled = || {
        asked.set(asked.get() + 1);
        asked.get() > 3
    };
    let mut written = 0;
    let mut emit = |piece| {
        if let Piece::Written(count) = piece {
            written = count;
        }
    };
    let order = order(&reference.tokens, 24);
    let finish = decoder(&header).reply(order, &header.tokenizer, &cancelled, &mut emit);
    assert!(matches!(finish, Err(Broken::Cancelled)));
    assert_eq!(written, 3);
}

/// So many digits, between brackets that need no model.
struct Digits {
    mask: TokenMask,
    digits: Vec<u32>,
    bracket: u32,
    left: usize,
    opened: bool,
    closed: bool,
}

impl Digits {
    fn new(tokenizer: &ChatTokenizer, left: usize) -> Self {
        let one = |text: &str| *tokenizer.encode(text).unwrap().last().unwrap();
        let digits: Vec<u32> = (0..10).map(|digit| one(&digit.to_string())).collect();
        let mut mask = TokenMask::none(tokenizer.size());
        digits.iter().for_each(|digit| mask.allow(*digit));
        Self {
            mask,
            digits,
            bracket: one("|"),
            left,
            opened: false,
            closed: false,
        }
    }
}

impl Constraint for Digits {
    fn mask(&mut self, _left: usize) -> Result<Option<&TokenMask>, ConstraintError> {
        if self.closed {
            self.mask.words_mut().fill(0);
        }
        Ok(Some(&self.mask))
    }

    fn accept(&mut self, token: u32) -> Result<(), ConstraintError> {
        if token == self.bracket {
            self.closed = self.opened;
            self.opened = true;
            return Ok(());
        }
        if !self.digits.contains(&token) {
            return Err(ConstraintError(format!("token {token} is no digit")));
        }
        self.left -= 1;
        Ok(())
    }

    fn may_end(&self) -> bool {
        self.closed
    }

    fn forced(&mut self) -> Vec<u32> {
        let due = !self.opened || (self.left == 0 && !self.closed);
        if due { vec![self.bracket] } else { Vec::new() }
    }
}

#[test]
fn a_constraint_decides_which_tokens_may_come() {
    for reference in references().models {
        let header = header(&format!("{}-q8_0.gguf", reference.architecture));
        let mut order = order(&reference.tokens, 20);
        order.choice.temperature = 1.0;
        order.constraint = Some(Box::new(Digits::new(&header.tokenizer, 5)));
        let (text, written, finish) = reply(&mut decoder(&header), &header, order);
        assert_eq!(finish, FinishReason::Stop);
        let inner = text
            .strip_prefix('|')
            .and_then(|rest| rest.strip_suffix('|'));
        let inner = inner.unwrap();
        assert_eq!(inner.len(), 5, "{text}");
        assert!(inner.chars().all(|digit| digit.is_ascii_digit()), "{text}");
        assert_eq!(written, 7);
    }
}

#[test]
fn what_is_forced_is_read_like_what_is_chosen() {
    let reference = &references().models[0];
    let header = header("llama-f32.gguf");
    let mut order = order(&reference.tokens, 4);
    order.constraint = Some(Box::new(Digits::new(&header.tokenizer, 9)));
    let mut used = decoder(&header);
    reply(&mut used, &header, order);
    // The bracket and three digits, of which the last was not read.
    assert_eq!(used.kept(), reference.tokens.len() + 3);
    let bracket = *header.tokenizer.encode("|").unwrap().last().unwrap();
    let mut tokens = reference.tokens.clone();
    tokens.push(bracket);
    let go_on = |decoder: &mut Decoder| reply(decoder, &header, self::order(&tokens, 6));
    assert_eq!(go_on(&mut used), go_on(&mut decoder(&header)));
}
