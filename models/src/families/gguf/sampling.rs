//! Which token comes next, among those that may.

use std::hash::{BuildHasher, RandomState};

use candle_core::{Device, Tensor};
use candle_transformers::generation::LogitsProcessor;

use super::{constraint::TokenMask, error::Problem};

/// How a reply is chosen from what the network finds likely.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Choice {
    /// 0 is always the likeliest token.
    pub(super) temperature: f64,
    /// The share of the likeliest tokens that are chosen from.
    pub(super) top_p: Option<f64>,
    /// Drawn, where it is absent.
    pub(super) seed: Option<u64>,
}

/// Chooses the tokens of one reply.
pub(super) struct Sampler {
    /// Absent where the likeliest token is wanted.
    drawn: Option<LogitsProcessor>,
}

impl Sampler {
    pub(super) fn new(choice: Choice) -> Self {
        let seed = || {
            choice
                .seed
                .unwrap_or_else(|| RandomState::new().hash_one(0))
        };
        let drawn = choice.temperature > 0.0;
        Self {
            drawn: drawn
                .then(|| LogitsProcessor::new(seed(), Some(choice.temperature), choice.top_p)),
        }
    }

    /// One of the tokens with a finite score.
    pub(super) fn choose(&mut self, scores: Vec<f32>) -> Result<u32, Problem> {
        let best = likeliest(&scores)?;
        match &mut self.drawn {
            None => Ok(best),
            Some(drawn) => {
                let count = scores.len();
                let scores = Tensor::from_vec(scores, count, &Device::Cpu)?;
                Ok(drawn.sample(&scores)?)
            }
        }
    }
}

/// Takes the tokens that may not come out of the running: those beyond the vocabulary, those that the mask leaves out,
/// and, unless the reply may end, those that end it.
pub(super) fn forbid(
    scores: &mut [f32],
    mask: Option<&TokenMask>,
    ends: &[u32],
    may_end: bool,
    size: usize,
) {
    for (token, score) in (0_u32..).zip(scores) {
        let allowed = match mask {
            _ if token as usize >= size => false,
            _ if ends.contains(&token) => may_end,
            Some(mask) => mask.allows(token),
            None => true,
        };
        if !allowed {
            *score = f32::NEG_INFINITY;
        }
    }
}

/// Whether no token may come.
pub(super) fn is_empty(scores: &[f32]) -> bool {
    scores.iter().all(|score| *score == f32::NEG_INFINITY)
}

fn likeliest(scores: &[f32]) -> Result<u32, Problem> {
    let best = (0_u32..)
        .zip(scores)
        .reduce(|best, next| if next.1 > best.1 { next } else { best });
    match best {
        Some((token, score)) if score.is_finite() => Ok(token),
        _ => Err(Problem::NotGguf("its weights give no numbers".to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draw(choice: Choice, count: usize) -> Vec<u32> {
        let mut sampler = Sampler::new(choice);
        let scores = || vec![1.0, 2.0, f32::NEG_INFINITY, 1.5];
        (0..count)
            .map(|_| sampler.choose(scores()).unwrap())
            .collect()
    }

    #[test]
    fn without_temperature_the_likeliest_comes() {
        assert_eq!(draw(Choice::default(), 3), [1, 1, 1]);
    }

    #[test]
    fn a_seed_draws_the_same_again_and_never_what_may_not_come() {
        let choice = Choice {
            temperature: 2.0,
            top_p: None,
            seed: Some(7),
        };
        let drawn = draw(choice, 200);
        assert_eq!(drawn, draw(choice, 200));
        assert!(drawn.contains(&0) && drawn.contains(&3) && !drawn.contains(&2));
        let other = Choice {
            seed: Some(8),
            ..choice
        };
        assert_ne!(drawn, draw(other, 200));
    }

    #[test]
    fn a_small_share_leaves_the_likeliest() {
        let choice = Choice {
            temperature: 1.0,
            top_p: Some(0.1),
            seed: None,
        };
        assert_eq!(draw(choice, 20), [1; 20]);
    }

    #[test]
    fn what_is_no_number_is_an_error() {
        let mut sampler = Sampler::new(Choice::default());
        assert!(sampler.choose(vec![f32::NAN, f32::NAN]).is_err());
        assert!(sampler.choose(vec![f32::NEG_INFINITY]).is_err());
    }
}
