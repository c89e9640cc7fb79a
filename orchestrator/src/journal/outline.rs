//! What a run's history comes to.

use super::RunHistory;
use crate::{Artifact, RunReport, RunStatus, Value};

impl RunHistory {
    /// What is recorded of a round, in the order in which steps ended; calls for items stand with their steps.
    #[must_use]
    pub fn report(&self, round: u32) -> RunReport {
        let steps = self
            .steps
            .iter()
            .filter(|step| step.round == round && !step.key.contains('['))
            .map(|step| step.report.clone());
        RunReport {
            run: self.run.id.clone(),
            status: self.status.unwrap_or(RunStatus::Cancelled),
            steps: steps.collect(),
            answer: Vec::new(),
            unanswered: Vec::new(),
            defects: Vec::new(),
            ms: 0.0,
        }
    }

    /// Every artifact that the run was given or made, once.
    #[must_use]
    pub fn artifacts(&self) -> Vec<Artifact> {
        let given = self.run.request.attachments.iter();
        let given = given.map(|attachment| &attachment.artifact);
        let steps = self.steps.iter();
        let made = steps.flat_map(|step| step.report.outputs.values().flat_map(Value::artifacts));
        let mut artifacts: Vec<Artifact> = Vec::new();
        for artifact in given.chain(made) {
            if !artifacts.iter().any(|known| known.id == artifact.id) {
                artifacts.push(artifact.clone());
            }
        }
        artifacts
    }
}
