//! Plans of a benchmark's requests: by the embedded planner, by a language model, or written already.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use async_trait::async_trait;
use medley::{ControllerOptions, Decision, Medley, MedleyError, ModelRole, Planner, Registry};
use medley_orchestrator::{PlannerError, Situation};
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
    /// Whether Ctrl-C ended it before all requests were planned: there is nothing to compare then.
    pub was_stopped: bool,
}

/// The embedded planner in place of a language model, which says how often it was needed: its plans are not the
/// model's.
struct Substitute {
    planner: EmbeddedPlanner,
    plans: AtomicUsize,
}

#[async_trait]
impl Planner for Substitute {
    async fn decide(&self, situation: &Situation<'_>) -> Result<Decision, PlannerError> {
        self.plans.fetch_add(1, Ordering::Relaxed);
        self.planner.decide(situation).await
    }
}

impl Plans {
    /// Plans from a file.
    pub(super) const fn written(predictions: Vec<Prediction>) -> Self {
        Self {
            predictions,
            notes: Vec::new(),
            was_stopped: false,
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
        options: ControllerOptions,
        gold: &[Sample],
        tools: &ToolList,
    ) -> anyhow::Result<Self> {
        let Some(model) = medley.language_models().of_role(ModelRole::Planner) else {
            let message = "no language model plans here; configure one in [llm.NAME], or use --planner embedded";
            return Err(Unusable(message.to_owned()).into());
        };
        let embedded = EmbeddedPlanner::new(medley.models());
        let retriever = embedded.retriever();
        let substitute = Arc::new(Substitute {
            planner: embedded,
            plans: AtomicUsize::default(),
        });
        let controller = Controller::new(model, Arc::clone(&substitute) as Arc<dyn Planner>)
            .with_retriever(retriever)
            .with_options(options);
        let mut plans = Self::of_planner(&controller, gold, tools).await?;
        let substituted = substitute.plans.load(Ordering::Relaxed);
        if substituted > 0 {
            plans.notes.push(format!(
                "{substituted} of {} plans are the embedded planner's: the language model gave none that can run",
                gold.len()
            ));
        }
        Ok(plans)
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
            if cancel.is_cancelled() {
                break;
            }
            declined += usize::from(plan.is_none());
            predictions.push(Prediction::new(&sample.id, plan.unwrap_or_default()));
            progress.done(count + 1);
        }
        let notes = (declined > 0)
            .then(|| format!("{declined} requests were declined and count as plans without steps"));
        Ok(Self {
            predictions,
            notes: notes.into_iter().collect(),
            was_stopped: cancel.is_cancelled(),
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
