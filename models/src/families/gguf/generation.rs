//! Decoding: reads a prompt, then chooses token after token until the reply is whole.
//!
//! It knows nothing of threads, files or requests.

use medley_orchestrator::{ChatError, ChatErrorKind, FinishReason};

use super::{
    constraint::{Constraint, ConstraintError},
    error::Problem,
    network::Network,
    reply_text::ReplyText,
    sampling::{self, Choice, Sampler},
    shape::Shape,
    tokenizer::ChatTokenizer,
};

/// Tokens that are read at once; between two such pieces, whoever asked may change their mind.
const PIECE: usize = 128;

/// What a reply is to be.
pub(super) struct Order {
    /// The prompt, not empty.
    pub(super) prompt: Vec<u32>,
    /// The most tokens of the reply.
    pub(super) most: usize,
    pub(super) choice: Choice,
    pub(super) stops: Vec<String>,
    pub(super) constraint: Option<Box<dyn Constraint>>,
}

/// Why a reply was not finished.
pub(super) enum Broken {
    /// Nobody waits for it.
    Cancelled,
    /// The network failed.
    Failed(Problem),
    /// It cannot be held to its format.
    Constraint(ConstraintError),
}

/// A network with the tokens that it has read.
pub(super) struct Decoder {
    network: Network,
    shape: Shape,
    read: Vec<u32>,
}

/// A reply in the making.
struct Reply<'a> {
    tokenizer: &'a ChatTokenizer,
    constraint: Option<Box<dyn Constraint>>,
    text: ReplyText,
    written: usize,
    most: usize,
    emit: &'a mut dyn FnMut(Piece),
}

/// What is handed out while a reply is made.
pub(super) enum Piece {
    /// More of its text.
    Text(String),
    /// How many tokens were written so far.
    Written(usize),
}

impl Decoder {
    pub(super) fn new(network: Network, shape: Shape) -> Self {
        Self {
            network,
            shape,
            read: Vec::new(),
        }
    }

    /// Makes a reply, and hands out its pieces; `cancelled` is asked before each token.
    pub(super) fn reply(
        &mut self,
        order: Order,
        tokenizer: &ChatTokenizer,
        cancelled: &dyn Fn() -> bool,
        emit: &mut dyn FnMut(Piece),
    ) -> Result<FinishReason, Broken> {
        let mut sampler = Sampler::new(order.choice);
        let mut reply = Reply {
            tokenizer,
            constraint: order.constraint,
            text: ReplyText::new(&order.stops),
            written: 0,
            most: order.most,
            emit,
        };
        let mut unread = self.resume(&order.prompt);
        let finish = loop {
            if let Some(finish) = reply.force(&mut unread)? {
                break finish;
            }
            let mut scores = self.read(&unread, cancelled)?;
            if !reply.forbid(&mut scores)? {
                break FinishReason::Stop;
            }
            let token = sampler.choose(scores).map_err(Broken::Failed)?;
            if tokenizer.ends().contains(&token) {
                break FinishReason::Stop;
            }
            if let Some(finish) = reply.write(token)? {
                break finish;
            }
            unread = vec![token];
        };
        reply.finish();
        Ok(finish)
    }

    /// Keeps what the prompt has in common with what was read before, and gives the rest; the last token is always read,
    /// because its scores are wanted.
    fn resume(&mut self, prompt: &[u32]) -> Vec<u32> {
        let common = self
            .read
            .iter()
            .zip(prompt)
            .take_while(|(one, other)| one == other)
            .count();
        let kept = common.min(prompt.len().saturating_sub(1));
        self.network.truncate(kept);
        self.read.truncate(kept);
        prompt[kept..].to_vec()
    }

    /// Reads tokens, and gives the scores behind the last.
    fn read(&mut self, tokens: &[u32], cancelled: &dyn Fn() -> bool) -> Result<Vec<f32>, Broken> {
        let mut scores = Vec::new();
        for piece in tokens.chunks(PIECE) {
            if cancelled() {
                return Err(Broken::Cancelled);
            }
            scores = self
                .network
                .read(piece, &self.shape)
                .map_err(Broken::Failed)?;
            self.read.extend_from_slice(piece);
        }
        Ok(scores)
    }

    /// Lets go of all that was read.
    pub(super) fn forget(&mut self) {
        self.network.truncate(0);
        self.read.clear();
    }

    /// Tokens that need not be read again.
    #[cfg(test)]
    pub(super) fn kept(&self) -> usize {
        self.read.len()
    }
}

impl Reply<'_> {
    /// Writes the tokens between which there is no choice, and adds them to those that are unread.
    fn force(&mut self, unread: &mut Vec<u32>) -> Result<Option<FinishReason>, Broken> {
        let Some(constraint) = &mut self.constraint else {
            return Ok((self.most == 0).then_some(FinishReason::Length));
        };
        for token in constraint.forced() {
            if let Some(finish) = self.write(token)? {
                return Ok(Some(finish));
            }
            unread.push(token);
        }
        Ok((self.most == 0).then_some(FinishReason::Length))
    }

    /// Takes what may not come out of the running, and says whether anything is left.
    fn forbid(&mut self, scores: &mut [f32]) -> Result<bool, Broken> {
        let (ends, size) = (self.tokenizer.ends(), self.tokenizer.size());
        match &mut self.constraint {
            None => sampling::forbid(scores, None, ends, true, size),
            Some(constraint) => {
                let may_end = constraint.may_end();
                let mask = constraint
                    .mask(self.most - self.written)
                    .map_err(Broken::Constraint)?;
                sampling::forbid(scores, mask, ends, may_end, size);
                if sampling::is_empty(scores) && !may_end {
                    let problem = "no token fits".to_owned();
                    return Err(Broken::Constraint(ConstraintError(problem)));
                }
            }
        }
        Ok(!sampling::is_empty(scores))
    }

    /// Takes a token, and says whether the reply ends with it.
    fn write(&mut self, token: u32) -> Result<Option<FinishReason>, Broken> {
        if let Some(constraint) = &mut self.constraint {
            constraint.accept(token).map_err(Broken::Constraint)?;
        }
        self.written += 1;
        (self.emit)(Piece::Written(self.written));
        let text = self.text.push(self.tokenizer.bytes(token));
        self.hand_out(text);
        if self.text.stopped() {
            return Ok(Some(FinishReason::Stop));
        }
        Ok((self.written >= self.most).then_some(FinishReason::Length))
    }

    fn finish(&mut self) {
        let text = self.text.finish();
        self.hand_out(text);
    }

    fn hand_out(&mut self, text: String) {
        if !text.is_empty() {
            (self.emit)(Piece::Text(text));
        }
    }
}

impl Broken {
    /// What whoever asked is told.
    pub(super) fn into_error(self, name: &str, path: &std::path::Path) -> ChatError {
        match self {
            Self::Cancelled => ChatError::cancelled(),
            Self::Failed(problem) => problem.at(path).into(),
            Self::Constraint(error) => {
                let message = format!("model {name}: {error}");
                ChatError::new(ChatErrorKind::Malformed, message).with_source(error)
            }
        }
    }
}
