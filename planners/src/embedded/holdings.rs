//! What a plan has at hand while it is written: attachments and results, each with the attachment that it comes from.

use medley_orchestrator::{Capability, Kind, Parameter, ValueType};

use super::arguments::is_text;

/// A value that later steps can take.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Holding {
    /// How a plan refers to it.
    pub expression: String,
    /// Its type.
    pub value_type: ValueType,
    /// The output's name; empty for attachments.
    pub name: String,
    /// The attachment that it comes from.
    pub lane: Option<usize>,
    /// The step that makes it; nothing for attachments.
    pub step: Option<usize>,
    /// Whether it is the first of its step's outputs.
    pub primary: bool,
    /// What its step took.
    pub made_from: Vec<String>,
}

/// Which of several fitting values is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Choice {
    /// The file as it was attached.
    Original,
    /// The last result.
    Latest,
}

impl Holding {
    /// A file that a plan refers to by `expression`.
    pub(crate) fn of_file(expression: &str, kind: Kind, lane: usize) -> Self {
        Self {
            expression: expression.to_owned(),
            value_type: ValueType::artifact(kind),
            name: String::new(),
            lane: Some(lane),
            step: None,
            primary: true,
            made_from: Vec::new(),
        }
    }

    /// Everything that a step gives.
    pub(crate) fn of_step(
        capability: &Capability,
        step: usize,
        id: &str,
        lane: Option<usize>,
        made_from: &[String],
    ) -> Vec<Self> {
        let outputs = capability.outputs.iter().enumerate();
        outputs
            .map(|(place, output)| Self {
                expression: if place == 0 {
                    format!("${id}")
                } else {
                    format!("${id}.{}", output.name)
                },
                value_type: output.value_type.clone(),
                name: output.name.clone(),
                lane,
                step: Some(step),
                primary: place == 0,
                made_from: made_from.to_vec(),
            })
            .collect()
    }

    /// Whether it is what `parameter` asks for, rather than what could be turned into it.
    pub(crate) fn fits(&self, parameter: &Parameter) -> bool {
        gives(&self.value_type, &parameter.value_type)
    }
}

/// Whether a value of type `given` is what `wanted` asks for. Numbers print, but they are no text to work on.
pub(crate) fn gives(given: &ValueType, wanted: &ValueType) -> bool {
    let kinds = wanted.kinds();
    let shared = given.kinds().iter().any(|kind| kinds.contains(kind));
    let any_file = kinds.contains(&Kind::File) && !given.kinds().is_empty();
    shared || any_file || (is_text(wanted) && is_text(given))
}

/// The value among `holdings` that a parameter takes.
///
/// Regions fit only the picture that they were found in, so `picture` says which one the step works on.
pub(crate) fn choose<'a>(
    holdings: &'a [Holding],
    parameter: &Parameter,
    lane: Option<usize>,
    choice: Choice,
    picture: Option<&str>,
) -> Option<&'a Holding> {
    let of_picture = |holding: &&Holding| {
        let places = holding.value_type.kinds() == [Kind::Regions] && holding.step.is_some();
        match picture {
            Some(picture) if places => holding.made_from.iter().any(|each| each == picture),
            _ => true,
        }
    };
    let fitting = || {
        holdings
            .iter()
            .filter(|holding| holding.lane == lane || holding.lane.is_none())
            .filter(|holding| holding.fits(parameter))
            .filter(of_picture)
    };
    if choice == Choice::Original
        && let Some(original) = fitting().find(|holding| holding.step.is_none())
    {
        return Some(original);
    }
    // A result of the parameter's name is more surely meant than one that happens to be of its type.
    fitting()
        .rfind(|holding| holding.name == parameter.name)
        .or_else(|| {
            let latest = fitting().filter_map(|holding| holding.step).max();
            fitting()
                .find(|holding| holding.step == latest && holding.primary)
                .or_else(|| fitting().next_back())
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_no_text_to_work_on() {
        let text = ValueType::String;
        assert!(gives(&ValueType::artifact(Kind::Text), &text));
        assert!(!gives(&ValueType::integer(), &text));
        assert!(!gives(&ValueType::artifact(Kind::Image), &text));
        assert!(gives(
            &ValueType::artifact(Kind::Image),
            &ValueType::artifact(Kind::File)
        ));
    }
}
