//! What of the tools and examples is shown, where there is more than fits, and which tools invented names mean.

use std::collections::{BTreeMap, BTreeSet};

use medley_orchestrator::{Capability, Registry, Request};
use tokio_util::sync::CancellationToken;

use super::{Controller, Example, examples::BUILT_IN};
use crate::{RetrievalError, Retriever};

/// More tools than that are not shown at once.
const TOOLS: usize = 40;

/// How many tools, besides those of the first steps, are chosen from a request for later ones.
const CHOSEN: usize = 8;

impl Controller {
    /// The tools that fit a request best, all of them where they are few.
    pub(super) async fn fitting<'a>(
        &self,
        request: &Request,
        tools: Vec<&'a Capability>,
    ) -> Vec<&'a Capability> {
        if tools.len() <= TOOLS {
            return tools;
        }
        match self.nearest(request, &tools, TOOLS).await {
            Some(mut places) => {
                places.sort_unstable();
                places.into_iter().map(|place| tools[place]).collect()
            }
            None => tools,
        }
    }

    /// The capabilities that a request may need, chosen from its words alone; nothing is fetched for that.
    pub(super) async fn chosen(&self, request: &Request, registry: &Registry) -> Vec<String> {
        if !self.retriever.as_ref().is_some_and(Retriever::is_here) {
            return Vec::new();
        }
        let tools: Vec<&Capability> = registry.plannable().collect();
        let places = self.nearest(request, &tools, CHOSEN).await;
        let places = places.unwrap_or_default().into_iter();
        places.map(|place| tools[place].name.clone()).collect()
    }

    /// The examples that are shown: those whose tools are there, the nearest to the request first. To rank a few
    /// examples, nothing is fetched.
    pub(super) async fn examples(&self, request: &Request, tools: &[&Capability]) -> Vec<&Example> {
        let has = |tool: &str| tools.iter().any(|each| each.name == tool);
        let all = self.examples.iter().chain(&*BUILT_IN);
        let fitting: Vec<&Example> = all.filter(|example| example.fits(&has)).collect();
        let shots = self.options.shots;
        let is_choice = shots > 0 && fitting.len() > shots;
        let retriever = self
            .retriever
            .as_ref()
            .filter(|each| is_choice && each.is_here());
        let Some(retriever) = retriever else {
            return fitting.into_iter().take(shots).collect();
        };
        let texts: Vec<String> = fitting.iter().map(|each| each.request.clone()).collect();
        let text = request.text.clone();
        let look = move |retriever: &Retriever, cancel: &CancellationToken| {
            let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
            retriever.examples(&text, &texts, shots, cancel)
        };
        match ask(retriever, look).await {
            // The model sees the nearest last, where it has most weight.
            Some(places) => places
                .into_iter()
                .rev()
                .map(|place| fitting[place])
                .collect(),
            None => fitting.into_iter().take(shots).collect(),
        }
    }

    /// The places of the tools that fit a request best, the best first; none where that cannot be known.
    async fn nearest(
        &self,
        request: &Request,
        tools: &[&Capability],
        count: usize,
    ) -> Option<Vec<usize>> {
        let retriever = self.retriever.as_ref()?;
        let tools: Vec<Capability> = tools.iter().map(|&tool| tool.clone()).collect();
        let text = request.text.clone();
        let look = move |retriever: &Retriever, cancel: &CancellationToken| {
            retriever.capabilities(&text, &tools, count, cancel)
        };
        ask(retriever, look).await
    }
}

/// The tools whose meaning is nearest to names that there are not, by name; nothing is fetched for that.
pub(super) async fn meant(
    retriever: &Retriever,
    names: BTreeSet<String>,
    tools: &[&Capability],
) -> BTreeMap<String, String> {
    if names.is_empty() || !retriever.is_here() {
        return BTreeMap::new();
    }
    let tools: Vec<Capability> = tools.iter().map(|&tool| tool.clone()).collect();
    let look = move |retriever: &Retriever, cancel: &CancellationToken| {
        let meant = names.into_iter().filter_map(|name| {
            let tool = retriever.nearest_tool(&name, &tools, cancel)?;
            Some((name, tool))
        });
        Ok(meant.collect())
    };
    ask(retriever, look).await.unwrap_or_default()
}

/// Asks a retriever on a thread that may block; what it cannot say is no reason to stop.
async fn ask<T: Send + 'static>(
    retriever: &Retriever,
    look: impl FnOnce(&Retriever, &CancellationToken) -> Result<T, RetrievalError> + Send + 'static,
) -> Option<T> {
    let retriever = retriever.clone();
    let cancel = CancellationToken::new();
    // Whoever does not wait any more stops it.
    let stop = cancel.clone().drop_guard();
    let found = tokio::task::spawn_blocking(move || look(&retriever, &cancel)).await;
    drop(stop);
    match found.ok()? {
        Ok(found) => Some(found),
        Err(error) => {
            tracing::warn!("tools and examples cannot be found by meaning: {error}");
            None
        }
    }
}
