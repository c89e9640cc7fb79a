//! What is put right in refused steps without asking again.

use std::collections::{BTreeMap, BTreeSet};

use medley_orchestrator::{DraftStep, Situation};

use super::{
    super::{prompt, retrieval},
    Writing,
};
use crate::repair::{Hints, Repaired, repair};

impl Writing<'_> {
    /// Puts right what is certain in the steps that were refused; those that were accepted stay as they are.
    pub(super) async fn mend(&mut self) {
        let meant = match self.retriever {
            Some(retriever) => {
                let tools = prompt::tools(self.situation);
                retrieval::meant(retriever, self.invented(), &tools).await
            }
            None => BTreeMap::new(),
        };
        let Some(Repaired { draft, repairs, .. }) = self.repaired(&meant) else {
            return;
        };
        self.take_defects();
        let repairs = repairs.iter();
        self.notes
            .extend(repairs.map(|repair| format!("put right: {repair}")));
        self.accepted.answer.clone_from(&draft.answer);
        for step in draft.steps {
            if !self.accepted.steps.contains(&step) {
                self.take_step(step).await;
            }
        }
    }

    /// The plan with its refused steps, if repair makes it sound without a change to what was accepted.
    /// `meant` says which tools invented names mean.
    fn repaired(&self, meant: &BTreeMap<String, String>) -> Option<Repaired> {
        let mut draft = self.accepted.clone();
        draft.steps.extend(self.refused().cloned());
        let Situation {
            registry,
            scope,
            request,
            ..
        } = self.situation;
        let nearest = |name: &str| meant.get(name).cloned();
        let hints = Hints {
            request: Some(request),
            nearest: Some(&nearest),
        };
        let repaired = repair(draft, registry, scope, &hints);
        let kept = |step: &DraftStep| repaired.draft.steps.contains(step);
        let is_sound = repaired.defects.is_empty() && !repaired.draft.steps.is_empty();
        (is_sound && self.accepted.steps.iter().all(kept)).then_some(repaired)
    }

    fn refused(&self) -> impl Iterator<Item = &DraftStep> {
        let offered = self.order.iter().filter_map(|id| self.offered.get(id));
        offered.filter(|step| !self.accepted.steps.contains(step))
    }

    /// The names of tools in refused steps that there are not.
    fn invented(&self) -> BTreeSet<String> {
        let registry = self.situation.registry;
        let named = self.refused().map(|step| &step.tool);
        named
            .filter(|tool| !tool.is_empty() && registry.get(tool).is_none())
            .cloned()
            .collect()
    }
}
