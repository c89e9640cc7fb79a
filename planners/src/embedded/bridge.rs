//! The search over the typed tool graph: the cheapest tools that make a missing type out of what is at hand.

use medley_orchestrator::{Capability, Kind, Parameter};

use super::{
    arguments::{is_content, is_text},
    holdings::{Choice, Holding, choose, gives},
    vocabulary::Arguments,
};

/// Where an input of a step comes from.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Source {
    /// It is at hand.
    Expression(String),
    /// It is made by a step of its own.
    Made(Production),
}

/// A step that makes something that is missing.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Production {
    /// The capability's index.
    pub capability: usize,
    /// The output that is wanted.
    pub output: String,
    /// Its inputs, by parameter.
    pub inputs: Vec<(String, Source)>,
    /// What it costs: a little over one a step.
    pub cost: f32,
}

/// What the search knows.
pub(crate) struct Search<'a> {
    pub capabilities: &'a [Capability],
    pub holdings: &'a [Holding],
    pub rules: &'a Arguments,
    pub lane: Option<usize>,
    pub choice: Choice,
    /// How near the clause is to a capability, 0 to 1: of two ways, the one that the words suggest is cheaper.
    pub likeness: Box<dyn Fn(usize) -> f32 + 'a>,
}

impl Search<'_> {
    /// Where a parameter's value comes from: from what is at hand, else from at most `depth` more tools.
    pub(crate) fn source(
        &self,
        parameter: &Parameter,
        picture: Option<&str>,
        depth: usize,
    ) -> Option<Source> {
        match choose(self.holdings, parameter, self.lane, self.choice, picture) {
            Some(holding) => Some(Source::Expression(holding.expression.clone())),
            None => self.produce(parameter, picture, depth).map(Source::Made),
        }
    }

    /// The cheapest way to make what `wanted` asks for.
    fn produce(
        &self,
        wanted: &Parameter,
        picture: Option<&str>,
        depth: usize,
    ) -> Option<Production> {
        if depth == 0 {
            return None;
        }
        let ways = self.capabilities.iter().enumerate();
        ways.filter_map(|(index, capability)| {
            let output = capability
                .outputs
                .iter()
                .enumerate()
                .find(|(place, output)| {
                    // Text beside a result is a label of it, not something to work on.
                    let usable = *place == 0 || !is_text(&output.value_type);
                    usable && !output.optional && gives(&output.value_type, &wanted.value_type)
                })?
                .1;
            let inputs = self.inputs(capability, picture, depth - 1)?;
            let nested: f32 = inputs.iter().map(|(_, source)| cost(source)).sum();
            Some(Production {
                capability: index,
                output: output.name.clone(),
                inputs,
                cost: 2.0 - (self.likeness)(index) + nested + detour(&output.name, wanted),
            })
        })
        .min_by(|one, other| one.cost.total_cmp(&other.cost))
    }

    /// Sources for everything that a capability needs; nothing if it needs more than what it works on, or would be given one
    /// thing twice: nobody compares a picture with itself.
    fn inputs(
        &self,
        capability: &Capability,
        picture: Option<&str>,
        depth: usize,
    ) -> Option<Vec<(String, Source)>> {
        let required: Vec<&Parameter> = capability
            .parameters
            .iter()
            .filter(|parameter| parameter.required && parameter.default.is_none())
            .collect();
        if required.is_empty() {
            return None;
        }
        let mut inputs: Vec<(String, Source)> = Vec::with_capacity(required.len());
        for parameter in required {
            if !is_content(parameter, self.rules) {
                return None;
            }
            let source = match picture {
                Some(picture) if parameter.value_type.kinds() == [Kind::Image] => {
                    Source::Expression(picture.to_owned())
                }
                _ => self.source(parameter, picture, depth)?,
            };
            if inputs.iter().any(|(_, given)| *given == source) {
                return None;
            }
            inputs.push((parameter.name.clone(), source));
        }
        Some(inputs)
    }
}

/// An output of another name is less surely what is meant.
fn detour(output: &str, wanted: &Parameter) -> f32 {
    if output == wanted.name { 0.0 } else { 0.5 }
}

fn cost(source: &Source) -> f32 {
    match source {
        Source::Expression(_) => 0.0,
        Source::Made(production) => production.cost,
    }
}

#[cfg(test)]
mod tests {
    use medley_orchestrator::{Output, ValueType, Visibility};

    use super::super::vocabulary::Vocabulary;
    use super::*;

    fn tool(name: &str, takes: Kind, gives: Kind) -> Capability {
        Capability {
            name: name.to_owned(),
            version: 1,
            purpose: String::new(),
            phrases: Vec::new(),
            parameters: vec![parameter("source", takes)],
            outputs: vec![Output {
                name: "made".to_owned(),
                value_type: ValueType::artifact(gives),
                optional: false,
                description: String::new(),
            }],
            visibility: Visibility::Shown,
        }
    }

    fn parameter(name: &str, kind: Kind) -> Parameter {
        Parameter {
            name: name.to_owned(),
            value_type: ValueType::artifact(kind),
            required: true,
            default: None,
            description: String::new(),
        }
    }

    fn chain(depth: usize) -> Option<Vec<usize>> {
        let mut comparison = tool("compare_videos", Kind::Video, Kind::Table);
        comparison.parameters.push(parameter("other", Kind::Video));
        let capabilities = [
            tool("video_to_audio", Kind::Video, Kind::Audio),
            tool("audio_to_table", Kind::Audio, Kind::Table),
            tool("table_to_table", Kind::Table, Kind::Table),
            tool("video_to_json", Kind::Video, Kind::Json),
            comparison,
        ];
        let holdings = [Holding {
            expression: "$input1".to_owned(),
            value_type: ValueType::artifact(Kind::Video),
            name: String::new(),
            lane: Some(0),
            step: None,
            primary: true,
            made_from: Vec::new(),
        }];
        let vocabulary = Vocabulary::built_in().unwrap();
        let search = Search {
            capabilities: &capabilities,
            holdings: &holdings,
            rules: &vocabulary.arguments,
            lane: Some(0),
            choice: Choice::Latest,
            likeness: Box::new(|_| 0.0),
        };
        let mut source = search.source(&parameter("wanted", Kind::Table), None, depth);
        let mut chain = Vec::new();
        loop {
            match source? {
                Source::Expression(expression) => {
                    assert_eq!(expression, "$input1");
                    return Some(chain);
                }
                Source::Made(production) => {
                    chain.push(production.capability);
                    source = production
                        .inputs
                        .into_iter()
                        .next()
                        .map(|(_, source)| source);
                }
            }
        }
    }

    #[test]
    fn the_shortest_chain_of_tools_makes_a_missing_type() {
        assert_eq!(chain(3), Some(vec![1, 0]));
        assert_eq!(
            chain(1),
            None,
            "it takes two tools, and none is given one file twice"
        );
    }
}
