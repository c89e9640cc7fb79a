//! Where a line may become a step or the answer.
//!
//! How many steps a model without an opinion writes would hang on how its vocabulary happens to cut `id` and `answer`.
//! So the tokens that decide are thinned until twice as many of them lead to a step as to the answer: plans then have
//! three steps on average. A model with an opinion has a token for either, the longest that its vocabulary offers.

use llguidance::toktrie::SimpleVob;

use super::vocabulary::Vocabulary;

/// What a step and the answer begin with alike.
const COMMON: usize = r#"{""#.len();

/// How many tokens lead to a step for each that leads to the answer.
const STEPS_PER_ANSWER: usize = 2;

/// Takes out of `mask` what tips the balance at the beginning of a line; `written` is what is there of it.
pub(super) fn balance(mask: &mut SimpleVob, written: &[u8], vocabulary: &Vocabulary) {
    if written.len() > COMMON {
        return;
    }
    let mut steps = Vec::new();
    let mut answers = Vec::new();
    let mut undecided = false;
    for token in mask.to_list() {
        let bytes = vocabulary.bytes(token);
        match bytes.get(COMMON - written.len()) {
            None => undecided = true,
            Some(b'i') => steps.push((bytes.len(), token)),
            Some(_) => answers.push((bytes.len(), token)),
        }
    }
    let (kept_steps, kept_answers) = if steps.is_empty() || answers.is_empty() {
        // One side alone has no token yet that decides; it will have one later.
        match undecided {
            true => (0, 0),
            false => (steps.len(), answers.len()),
        }
    } else {
        let kept = (steps.len() / STEPS_PER_ANSWER).clamp(1, answers.len());
        (kept * STEPS_PER_ANSWER, kept)
    };
    for (mut tokens, kept) in [(steps, kept_steps), (answers, kept_answers)] {
        tokens.sort_by_key(|&(length, _)| std::cmp::Reverse(length));
        for (_, token) in tokens.into_iter().skip(kept) {
            mask.disallow_token(token);
        }
    }
}
