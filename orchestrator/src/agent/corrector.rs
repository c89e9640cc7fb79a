//! The seam to correctors: from a sentence and what is known to the sentence that is shown.

use async_trait::async_trait;
use tokio_util::sync::CancellationToken;

use super::Request;
use crate::{RunReport, Spending};

/// Holds what is about to be said against what was found.
#[async_trait]
pub trait Corrector: Send + Sync {
    /// The sentence that is shown in place of `sentence`; nothing is shown where it is empty.
    ///
    /// A corrector that cannot work returns the sentence as it is. Sentences come in reading order, each once the one
    /// before it is shown.
    async fn correct(&self, sentence: &str, evidence: &Evidence<'_>) -> String;
}

/// What a sentence is held against.
#[derive(Clone)]
pub struct Evidence<'a> {
    /// What was asked, and the files that came with it.
    pub request: &'a Request,
    /// What was done, a report a round.
    pub rounds: &'a [RunReport],
    /// What the run may spend on language models, and has spent.
    pub spending: Spending,
    /// Cancelled when nobody waits for the answer.
    pub cancel: &'a CancellationToken,
}

/// Shows every sentence as it was written.
#[derive(Debug, Clone, Copy, Default)]
pub struct AsWritten;

#[async_trait]
impl Corrector for AsWritten {
    async fn correct(&self, sentence: &str, _: &Evidence<'_>) -> String {
        sentence.to_owned()
    }
}
