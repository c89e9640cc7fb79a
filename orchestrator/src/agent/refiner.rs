//! The seam to refiners: from what was done to what is said.

use async_trait::async_trait;
use tokio_util::sync::CancellationToken;

use super::{Corrector, Evidence, Request, Telling};
use crate::{EventSink, Registry, Response, RunReport, Spending};

/// Puts the answer together from what was done.
#[async_trait]
pub trait Refiner: Send + Sync {
    /// The answer. It must hold no artifact that is not in the reports.
    ///
    /// A refiner that writes the answer piece by piece tells it through [`Refining::telling`]; then all of it is told
    /// so. A refiner that cannot work falls back on a simpler one: whatever was done is shown.
    async fn refine(&self, refining: &Refining<'_>) -> Refined;
}

/// What a refiner knows when it puts an answer together.
#[derive(Clone)]
pub struct Refining<'a> {
    /// What was asked, and the files that came with it.
    pub request: &'a Request,
    /// What can be done: which outputs a capability has, and which of them is the primary one.
    pub registry: &'a Registry,
    /// What was done, a report a round.
    pub rounds: &'a [RunReport],
    /// What the run may spend on language models, and has spent.
    pub spending: Spending,
    /// Sees each sentence before it is shown; where it is absent, words are shown as they come.
    pub corrector: Option<&'a dyn Corrector>,
    /// Where the reader follows the answer while it is written.
    pub events: &'a EventSink,
    /// Cancelled when nobody waits for the answer.
    pub cancel: &'a CancellationToken,
}

impl<'a> Refining<'a> {
    /// What was done for a request, with nothing that corrects or limits spending.
    #[must_use]
    pub fn new(
        request: &'a Request,
        registry: &'a Registry,
        rounds: &'a [RunReport],
        events: &'a EventSink,
        cancel: &'a CancellationToken,
    ) -> Self {
        Self {
            request,
            registry,
            rounds,
            spending: Spending::unlimited(),
            corrector: None,
            events,
            cancel,
        }
    }

    /// Begins to tell the answer.
    #[must_use]
    pub fn telling(&self) -> Telling<'a> {
        let evidence = Evidence {
            request: self.request,
            rounds: self.rounds,
            spending: self.spending.clone(),
            cancel: self.cancel,
        };
        let corrector = self.corrector.map(|corrector| (corrector, evidence));
        Telling::new(self.events, corrector)
    }
}

/// An answer, as a refiner put it together.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Refined {
    /// The answer.
    pub response: Response,
    /// Whether a language model was asked and said all of it: then it is kept, and not asked again when the run is
    /// resumed and the results are the same.
    pub by_model: bool,
}

impl From<Response> for Refined {
    fn from(response: Response) -> Self {
        Self {
            response,
            by_model: false,
        }
    }
}
