//! What tools read is data: it picks no tool and raises no permission.
//!
//! A planner that looks at results sees what is in files and on the network, and that may be written so that a language
//! model obeys it. From then on only capabilities may be called that were chosen from the request alone, and every
//! effect needs leave. Steps that were decided before are not held to that: nobody had read anything yet.

use std::collections::BTreeSet;

use crate::{Effects, Known, Plan, Planner, Registry, Request, RunReport, Scope, Step};

/// The name by which plans refer to what the person said, which is no file.
const REQUEST: &str = "request";

/// What was chosen from the request, and whether anything else was seen since.
#[derive(Debug, Default)]
pub(super) struct Taint {
    /// Capabilities that the first decision calls.
    chosen: BTreeSet<String>,
    /// Steps whose results hold what others wrote.
    tainted: BTreeSet<String>,
}

impl Taint {
    /// Whether what a planner sees next holds what others wrote.
    pub(super) fn is_tainted(&self) -> bool {
        !self.tainted.is_empty()
    }

    /// Takes a round that was run: what it calls was chosen, if nothing had been seen before it.
    pub(super) fn add_round(&mut self, plan: &Plan, registry: &Registry, scope: &Scope) {
        if !self.is_tainted() {
            let called = plan.steps().map(|step| step.capability.clone());
            self.chosen.extend(called);
        }
        // Steps may be written before those that they refer to.
        loop {
            let fresh: Vec<&Step> = plan
                .steps()
                .filter(|step| !self.tainted.contains(&step.id))
                .filter(|step| self.taints(step, registry, scope))
                .collect();
            if fresh.is_empty() {
                break;
            }
            self.tainted
                .extend(fresh.into_iter().map(|step| step.id.clone()));
        }
    }

    /// Whether a step takes a file or a tainted result, or reaches beyond the machine.
    fn taints(&self, step: &Step, registry: &Registry, scope: &Scope) -> bool {
        let takes = step.references().into_iter().any(|reference| {
            let root = reference.root.as_str();
            let is_file = root != REQUEST && matches!(scope.get(root), Some(Known::Value(_)));
            is_file || self.tainted.contains(root)
        });
        let reaches = registry.get(&step.capability).is_some_and(|entry| {
            let mut providers = entry.providers.iter();
            providers.any(|provider| provider.profile().effects != Effects::Pure)
        });
        takes || reaches
    }

    /// The scope for what is decided next.
    pub(super) async fn hold(
        &self,
        scope: Scope,
        planner: &dyn Planner,
        request: &Request,
        registry: &Registry,
        rounds: &[RunReport],
    ) -> Scope {
        if !self.is_tainted() || scope.chosen().is_some() {
            return scope;
        }
        let mut chosen = self.chosen.clone();
        if planner.may_add(rounds) {
            chosen.extend(planner.choose(request, registry).await);
        }
        scope.held_to(chosen)
    }
}
