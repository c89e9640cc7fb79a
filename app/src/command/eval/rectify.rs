//! Repairs the plans of a benchmark, and counts how many could run before and after.

use std::{collections::BTreeMap, fmt};

use medley::{DraftPlan, Medley, Registry, Request};
use medley_orchestrator::{Plan, Scope};
use medley_planners::{
    Hints, Retriever,
    evaluation::{Prediction, Sample, TaskPlan, ToolList, attached_files, draft_of, plan_of},
    repair,
};
use tokio_util::sync::CancellationToken;

/// Repairs plans over one list of tools.
pub(super) struct Rectifier<'a> {
    tools: &'a ToolList,
    registry: Registry,
    retriever: Retriever,
}

/// What became of the plans.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Summary {
    plans: usize,
    invalid_before: usize,
    invalid_after: usize,
}

impl fmt::Display for Summary {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "of {} plans, {} were invalid before repair and {} are after it",
            self.plans, self.invalid_before, self.invalid_after
        )
    }
}

impl<'a> Rectifier<'a> {
    pub(super) fn new(medley: &Medley, tools: &'a ToolList) -> anyhow::Result<Self> {
        Ok(Self {
            registry: tools.registry()?,
            tools,
            retriever: Retriever::new(medley.models()),
        })
    }

    /// The plans of requests that are in `gold`, repaired; the rest is not compared and stays as it is.
    pub(super) fn rectify_all(
        &self,
        predictions: &[Prediction],
        gold: &[Sample],
    ) -> (Vec<Prediction>, Summary) {
        let requests: BTreeMap<&str, &str> = gold
            .iter()
            .map(|sample| (sample.id.as_str(), sample.instruction.as_str()))
            .collect();
        let mut summary = Summary::default();
        let repaired = predictions.iter().map(|prediction| {
            let request = requests.get(prediction.id.as_str());
            match (request, &prediction.plan) {
                (Some(request), Some(plan)) => {
                    Prediction::new(&prediction.id, self.rectify(plan, request, &mut summary))
                }
                _ => prediction.clone(),
            }
        });
        (repaired.collect(), summary)
    }

    fn rectify(&self, plan: &TaskPlan, request: &str, summary: &mut Summary) -> TaskPlan {
        let request = attached_files(request);
        let scope = Scope::of_request(&request);
        let draft = draft_of(plan, self.tools);
        let mut raw = draft.clone();
        name_files(&mut raw, &request);
        let is_invalid = Plan::validate(&raw, &self.registry, &scope).is_err();
        let cancel = CancellationToken::new();
        let nearest = |name: &str| {
            self.retriever
                .nearest_to_name(name, &self.registry, &cancel)
        };
        let hints = Hints {
            request: Some(&request),
            nearest: Some(&nearest),
        };
        let repaired = repair(draft, &self.registry, &scope, &hints);
        summary.plans += 1;
        summary.invalid_before += usize::from(is_invalid);
        summary.invalid_after += usize::from(!repaired.defects.is_empty());
        plan_of(&repaired.draft, self.tools, &request)
    }
}

/// A benchmark's plans name files where ours refer to them; that alone makes none invalid.
fn name_files(draft: &mut DraftPlan, request: &Request) {
    for value in draft
        .steps
        .iter_mut()
        .flat_map(|step| step.args.values_mut())
    {
        let mut attachments = request.attachments.iter();
        let place = attachments.position(|each| value.as_str() == Some(&each.name));
        if let Some(place) = place {
            *value = format!("${}", Request::input_name(place)).into();
        }
    }
}
