//! The chosen tools as steps: references where an input is made or attached, words of the request where it is not.

use std::collections::BTreeMap;

use medley_orchestrator::{DraftPlan, DraftStep, Request};
use serde_json::{Map, Value as Json};

use super::{
    super::{
        arguments::{self, is_content},
        clauses::{Clause, Joint},
    },
    Overview,
    evidence::Evidence,
    passages::{Outline, Passage},
    wiring::Origin,
    words::Material,
};

/// Writes the chosen tools as steps.
pub(super) struct Writer<'a> {
    pub overview: &'a Overview<'a>,
    pub request: &'a Request,
    pub outline: &'a Outline,
    pub evidence: &'a [Evidence],
}

impl Writer<'_> {
    /// The steps, in this order.
    pub(super) fn draft(
        &self,
        order: &[usize],
        origins: &BTreeMap<usize, Vec<Origin>>,
    ) -> DraftPlan {
        let ids: BTreeMap<usize, String> = order
            .iter()
            .enumerate()
            .map(|(at, tool)| (*tool, format!("s{}", at + 1)))
            .collect();
        let steps = order
            .iter()
            .map(|tool| self.step(*tool, &origins[tool], &ids));
        DraftPlan {
            steps: steps.collect(),
            ..DraftPlan::default()
        }
    }

    fn step(&self, tool: usize, origins: &[Origin], ids: &BTreeMap<usize, String>) -> DraftStep {
        let capability = &self.overview.capabilities[tool];
        let passage = self.outline.passages.get(self.evidence[tool].passage);
        let source = passage.map_or("", |passage| passage.source(&self.request.text));
        let mut args = Map::new();
        if let Some(passage) = passage {
            let clause = Clause {
                tokens: passage.tokens.clone(),
                joint: Joint::Sentence,
                has_verb: true,
                denied: false,
            };
            let filling = arguments::fill(capability, &clause, self.overview.vocabulary);
            args = filling.arguments;
        }
        let required = capability
            .parameters
            .iter()
            .filter(|parameter| parameter.required);
        let contents = required.filter_map(|each| Some((each, Material::of_parameter(each)?)));
        let mut quotations = 0;
        for ((parameter, material), origin) in contents.zip(origins) {
            let rules = &self.overview.vocabulary.arguments;
            if args.contains_key(&parameter.name) && !is_content(parameter, rules) {
                continue;
            }
            let value = match origin {
                Origin::Result(source) => ids.get(source).map(|id| format!("${id}")),
                Origin::File(file) => Some(format!("${}", Request::input_name(*file))),
                Origin::Words => self.words(material, source, passage, &mut quotations),
            };
            if let Some(value) = value {
                args.insert(parameter.name.clone(), Json::String(value));
            }
        }
        DraftStep {
            args,
            ..DraftStep::new(&ids[&tool], &capability.name).because(source)
        }
    }

    /// Words of the request as a literal.
    fn words(
        &self,
        material: Material,
        source: &str,
        passage: Option<&Passage>,
        quotations: &mut usize,
    ) -> Option<String> {
        let text = match material {
            Material::Address => {
                let addresses = &self.outline.addresses;
                addresses.first().map(|(address, _)| address.clone())
            }
            Material::Text => {
                let own = passage.and_then(Passage::quotation);
                let other = self.outline.quotations.first().map(String::as_str);
                let quoted = own.or(other).filter(|_| *quotations == 0);
                *quotations += 1;
                Some(quoted.unwrap_or(source).to_owned())
            }
            _ => None,
        };
        text.map(|text| text.replace('$', "$$"))
    }
}
