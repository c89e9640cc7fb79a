//! The seam to refiners: from what was done to what is said.

use async_trait::async_trait;

use super::Request;
use crate::{Response, RunReport};

/// Puts the answer together from what was done.
#[async_trait]
pub trait Refiner: Send + Sync {
    /// The answer. It must hold no artifact that is not in the reports.
    ///
    /// A refiner that cannot work falls back on a simpler one: whatever was done is shown.
    async fn refine(&self, request: &Request, rounds: &[RunReport]) -> Response;
}
