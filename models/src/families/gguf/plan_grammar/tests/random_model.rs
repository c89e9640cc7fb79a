//! A model that has no opinion: all tokens are equally likely to it.

use super::super::super::constraint::{Constraint, ConstraintError, TokenMask};
use super::Vocabulary;

/// Pieces of words and of JSON, as a small byte-level vocabulary has them.
const MERGES: &str = "an ans answer id to tool ool args ar in im image ima age re on or er text te xt st \
    regions region spe speech rot ate res ize blur crop ocr con vert draw flip gray scale sc ale info lang uage red \
    act adj ust input out put form at format qual ity png jpeg width height hei wid box label score deg rees back \
    ground col our colour style fit rate pit ch voice true false the and of is it be that for was with as his he ed \
    ing ion es s1 s2 s3 s4 10 20 12 00 99 25 50 .5 0. ,\" \", \":\" \": \": \" {\" {\"id {\"an \":{\" }} }}\n \"} ]} [\" \"] \"]}\n $s $input $s1 $re ], [[ \
    [1 ,1 \\n \\\" $$ \u{e9} \u{4f60} \u{597d} \u{1f600}";

/// Every byte, some merges, a special token and the end of text.
pub(super) fn vocabulary() -> Vocabulary {
    let bytes = (0..=u8::MAX).map(|byte| Some(vec![byte]));
    let merges = MERGES.split(' ').filter(|merge| merge.len() > 1);
    let merges = merges.map(|merge| Some(merge.as_bytes().to_vec()));
    let half_a_character = [Some(vec![0xF0, 0x9F]), Some(vec![0xE4, 0xBD])];
    let mut tokens: Vec<Option<Vec<u8>>> = bytes.chain(merges).chain(half_a_character).collect();
    let special = u32::try_from(tokens.len()).unwrap();
    tokens.extend([Some(b"<tool>".to_vec()), Some(b"<end>".to_vec()), None]);
    Vocabulary::new(tokens, special + 1, &[special]).unwrap()
}

/// Draws tokens from a seed.
pub(super) struct RandomModel {
    state: u64,
    /// Whether tokens without a choice are taken at once.
    skips: bool,
}

impl RandomModel {
    pub(super) fn new(seed: u64) -> Self {
        Self {
            state: seed,
            skips: seed % 2 == 1,
        }
    }

    /// SplitMix64.
    fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    pub(super) fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }

    /// The allowed token with the best of the random scores.
    pub(super) fn choose(&mut self, mask: &TokenMask, vocabulary: &Vocabulary) -> u32 {
        let scores: Vec<u64> = (0..vocabulary.size()).map(|_| self.next()).collect();
        let allowed = (0..vocabulary.size()).filter(|&token| mask.allows(token));
        allowed.max_by_key(|&token| scores[token as usize]).unwrap()
    }

    /// Writes a reply of at most `most` tokens.
    pub(super) fn write(
        &mut self,
        constraint: &mut dyn Constraint,
        vocabulary: &Vocabulary,
        most: usize,
    ) -> Result<String, ConstraintError> {
        let mut reply = Vec::new();
        let mut left = most;
        loop {
            let forced = if self.skips {
                constraint.forced()
            } else {
                Vec::new()
            };
            for token in forced {
                constraint.accept(token)?;
                reply.extend(vocabulary.bytes(token));
                left -= 1;
            }
            let mask = constraint.mask(left)?.unwrap();
            assert!(!mask.allows(vocabulary.size() - 3), "special");
            assert!(!mask.allows(vocabulary.size() - 1), "without bytes");
            let token = self.choose(mask, vocabulary);
            assert_eq!(mask.allows(vocabulary.end()), constraint.may_end());
            constraint.accept(token)?;
            left -= 1;
            if token == vocabulary.end() {
                return Ok(String::from_utf8(reply).unwrap());
            }
            reply.extend(vocabulary.bytes(token));
        }
    }
}
