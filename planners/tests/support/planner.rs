//! The planner with the real encoder.

use medley_models::{Models, ModelsOptions};
use medley_planners::EmbeddedPlanner;

/// The planner with the real encoder, whose files are fetched when they are not here.
pub(crate) fn planner() -> EmbeddedPlanner {
    let models = Models::open(ModelsOptions::from_environment().unwrap()).unwrap();
    EmbeddedPlanner::new(&models)
}
