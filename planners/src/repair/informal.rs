//! Words that mean a step or a file: "the output of step 2", `<GENERATED>-0`, `${Text-to-Audio.output}`, `photo.jpg`.

use medley_orchestrator::Expression;
use serde_json::Value as Json;

use super::{
    RepairCode,
    bench::Bench,
    words::{fold, is_filler, words},
};

/// The most words of a text that can mean a step; longer ones are something to work on.
const LONGEST_MENTION: usize = 12;

/// Makes references of texts that mean a step or an attachment.
pub(super) fn resolve(bench: &mut Bench<'_>) {
    for place in 0..bench.len() {
        for (name, json) in bench.step(place).args.clone() {
            let Json::String(text) = &json else {
                continue;
            };
            if refers(bench, place, &json) {
                continue;
            }
            let Some(reference) = meaning(bench, place, text) else {
                continue;
            };
            let meant = Json::String(format!("${reference}"));
            let wanted = bench
                .capability(place)
                .and_then(|capability| capability.parameter(&name))
                .map(|parameter| &parameter.value_type);
            let breaks = wanted.is_some_and(|wanted| {
                bench.fits(place, &json, wanted) && !bench.fits(place, &meant, wanted)
            });
            if breaks {
                continue;
            }
            let message = format!("`{name}` is `${reference}`, written as {json}");
            bench.draft.steps[place].args.insert(name, meant);
            bench.record(RepairCode::Referred, place, message);
        }
    }
}

/// Whether an argument holds references, all of them to something that is there.
fn refers(bench: &Bench<'_>, place: usize, json: &Json) -> bool {
    let Ok(expression) = Expression::from_json(json) else {
        return false;
    };
    let references = expression.references();
    !references.is_empty() && references.iter().all(|each| bench.knows(place, &each.root))
}

/// The name of the step or attachment that a text means.
fn meaning(bench: &Bench<'_>, place: usize, text: &str) -> Option<String> {
    let text = text.trim();
    if text.is_empty() {
        return None;
    }
    let quoted = text.trim_matches(|each| "'\"<>[]{}`".contains(each));
    let attachments = bench.attachments();
    let attached = attachments.iter().find(|(id, name, _)| {
        [id, name]
            .iter()
            .any(|known| !known.is_empty() && known.eq_ignore_ascii_case(quoted))
    });
    if let Some((id, ..)) = attached {
        return Some(id.clone());
    }
    let step = tagged(bench, text)
        .or_else(|| numbered(bench, text))
        .or_else(|| called(bench, place, text))?;
    (step != place).then(|| bench.step(step).id.clone())
}

/// `<node-0>` and `<GENERATED>-0`: steps counted from 0, unless one has the number in its name.
fn tagged(bench: &Bench<'_>, text: &str) -> Option<usize> {
    let lower = text.to_lowercase();
    let opening = ["<node-", "<generated>-"]
        .into_iter()
        .find(|opening| lower.starts_with(opening))?;
    let digits = lower[opening.len()..].trim_end_matches('>');
    let number: usize = digits.parse().ok()?;
    let zero_based = bench
        .draft
        .steps
        .iter()
        .any(|step| numbers(&step.id) == Some(0));
    match zero_based {
        true => (0..bench.len()).find(|&step| numbers(&bench.step(step).id) == Some(number)),
        false => (number < bench.len()).then_some(number),
    }
}

fn numbers(id: &str) -> Option<usize> {
    words(id).last().and_then(|word| word.parse().ok())
}

/// A text that counts steps from 1, or names one: "output of step 2", "result of s1".
fn numbered(bench: &Bench<'_>, text: &str) -> Option<usize> {
    let words = words(text);
    if words.len() > LONGEST_MENTION {
        return None;
    }
    let pairs = words.iter().zip(words.iter().skip(1));
    for (word, number) in pairs {
        let Ok(counted) = number.parse::<usize>() else {
            continue;
        };
        let id = format!("{word}{number}");
        let by_id = (0..bench.len()).find(|&step| fold(&bench.step(step).id) == id);
        let marked = matches!(word.as_str(), "step" | "task" | "node");
        let by_place = counted
            .checked_sub(1)
            .filter(|&step| marked && step < bench.len());
        let mentions = marked || speaks_of_result(&words);
        if let Some(step) = by_id.filter(|_| mentions).or(by_place) {
            return Some(step);
        }
    }
    None
}

fn speaks_of_result(words: &[String]) -> bool {
    let result = [
        "output",
        "outputs",
        "result",
        "results",
        "generated",
        "from",
    ];
    words.iter().any(|word| result.contains(&word.as_str()))
}

/// The last step, of those before this one if there are any, whose tool a text names as the maker of something.
fn called(bench: &Bench<'_>, place: usize, text: &str) -> Option<usize> {
    let written = words(text);
    let marked = text.starts_with(['<', '{', '[', '%', '$']) || speaks_of_result(&written);
    if !marked || written.len() > LONGEST_MENTION {
        return None;
    }
    let folded = fold(text);
    let named = |step: &usize| {
        let tool = fold(&bench.step(*step).tool);
        tool.len() >= 3 && folded.contains(&tool)
    };
    let mut before = (0..place).rev();
    before
        .find(named)
        .or_else(|| (place + 1..bench.len()).find(named))
}

/// Whether an argument only stands where something should: nothing in it can be worked on.
pub(super) fn is_unsettled(bench: &Bench<'_>, place: usize, json: &Json) -> bool {
    let text = match json {
        Json::Null => return true,
        Json::Array(items) => return items.is_empty(),
        Json::Object(fields) => return fields.is_empty(),
        Json::String(text) => text.trim(),
        Json::Bool(_) | Json::Number(_) => return false,
    };
    match Expression::from_json(json) {
        Err(_) => return true,
        Ok(expression) => {
            let references = expression.references();
            if !references.is_empty() {
                return !references.iter().all(|each| bench.knows(place, &each.root));
            }
        }
    }
    if is_filler(text) {
        return true;
    }
    if is_in_request(bench, text) {
        return false;
    }
    is_bracketed(text) || is_file_name(text) || points_at_step(text)
}

/// Whether the request has a text in it.
pub(super) fn is_in_request(bench: &Bench<'_>, text: &str) -> bool {
    let request = bench.request_text().unwrap_or_default().to_lowercase();
    request.contains(&text.trim().to_lowercase())
}

fn is_bracketed(text: &str) -> bool {
    let ends = [("<", ">"), ("{", "}"), ("[", "]"), ("%", "%"), ("$", "}")];
    ends.iter()
        .any(|(open, close)| text.len() > 1 && text.starts_with(open) && text.ends_with(close))
}

/// A name with an ending and no address.
fn is_file_name(text: &str) -> bool {
    let ending = text.rsplit_once('.').map_or("", |(_, ending)| ending);
    (2..=4).contains(&ending.len())
        && ending.starts_with(|first: char| first.is_ascii_alphabetic())
        && ending.chars().all(|each| each.is_ascii_alphanumeric())
        && !text.contains(|each: char| each.is_whitespace() || each == '/')
        && !text.starts_with("www.")
}

fn points_at_step(text: &str) -> bool {
    let words = words(text);
    let mut pairs = words.iter().zip(words.iter().skip(1));
    let marked = pairs.any(|(word, number)| {
        matches!(word.as_str(), "step" | "task" | "node") && number.parse::<usize>().is_ok()
    });
    marked && words.len() <= LONGEST_MENTION
}
