//! Plans of a benchmark's requests: by the embedded planner, by a language model, or written already.

use std::sync::Arc;

use medley::{Decision, Medley, MedleyError, ModelRole, Planner, Registry};
use medley_orchestrator::Situation;
use medley_planners::{
    Controller, EmbeddedPlanner,
    evaluation::{Prediction, Sample, TaskPlan, ToolList, attached_files, plan_of},
};

use super::{
    super::{cancelled_by_interrupt, output::Unusable},
    Progress,
};

/// Plans, and what is to be said of them.
pub(super) struct Plans {
    pub predictions: Vec<Prediction>,
    pub notes: Vec<String>,
}

impl Plans {
    /// Plans from a file.
    pub(super) const fn written(predictions: Vec<Prediction>) -> Self {
        Self {
            predictions,
            notes: Vec::new(),
        }
    }

    pub(super) async fn embedded(
        medley: &Medley,
        gold: &[Sample],
        tools: &ToolList,
    ) -> anyhow::Result<Self> {
        let planner = EmbeddedPlanner::new(medley.models());
        Self::of_planner(&planner, gold, tools).await
    }

    pub(super) async fn of_language_model(
        medley: &Medley,
        gold: &[Sample],
        tools: &ToolList,
    ) -> anyhow::Result<Self> {
        let Some(model) = medley.language_models().of_role(ModelRole::Planner) else {
            let message = "no language model plans here; configure one in [llm.NAME], or use --planner embedded";
            return Err(Unusable(message.to_owned()).into());
        };
        let fallback = Arc::new(EmbeddedPlanner::new(medley.models()));
        Self::of_planner(&Controller::new(model, fallback), gold, tools).await
    }

    /// Asks a planner for every request. One that is declined has a plan without steps: it counts, as one that found
    /// nothing.
    async fn of_planner(
        planner: &dyn Planner,
        gold: &[Sample],
        tools: &ToolList,
    ) -> anyhow::Result<Self> {
        let registry = tools.registry()?;
        let cancel = cancelled_by_interrupt();
        let progress = Progress::new(gold.len());
        let mut predictions = Vec::with_capacity(gold.len());
        let mut declined = 0;
        for (count, sample) in gold.iter().enumerate() {
            let plan = plan(planner, &registry, tools, sample, &cancel).await?;
            declined += usize::from(plan.is_none());
            predictions.push(Prediction::new(&sample.id, plan.unwrap_or_default()));
            progress.done(count + 1);
        }
        let notes = (declined > 0)
            .then(|| format!("{declined} requests were declined and count as plans without steps"));
        Ok(Self {
            predictions,
            notes: notes.into_iter().collect(),
        })
    }
}

async fn plan(
    planner: &dyn Planner,
    registry: &Registry,
    tools: &ToolList,
    sample: &Sample,
    cancel: &tokio_util::sync::CancellationToken,
) -> anyhow::Result<Option<TaskPlan>> {
    let request = attached_files(&sample.instruction);
    let situation = Situation::new(&request, registry, cancel);
    let decision = planner.decide(&situation).await;
    Ok(match decision.map_err(MedleyError::Planner)? {
        Decision::Add { draft, .. } => Some(plan_of(&draft, tools, &request)),
        _ => None,
    })
}
