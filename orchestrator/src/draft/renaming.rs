//! Other names for what a step refers to, as when a plan is taken up again where its files are called otherwise.

use std::{cell::RefCell, collections::BTreeSet};

use serde_json::Value as Json;

use super::DraftStep;

impl DraftStep {
    /// The names that the step refers to, whatever they stand for.
    #[must_use]
    pub fn references(&self) -> BTreeSet<String> {
        let names = RefCell::default();
        self.clone().rename_references(&|name| {
            BTreeSet::insert(&mut names.borrow_mut(), name.to_owned());
            None
        });
        names.into_inner()
    }

    /// Renames everything that the step refers to. What `name` knows no other name for stays.
    pub fn rename_references(&mut self, name: &dyn Fn(&str) -> Option<String>) {
        for argument in self.args.values_mut() {
            rename(argument, name);
        }
        if let Some(list) = &mut self.for_each {
            rename(list, name);
        }
        if let Some(when) = &mut self.when {
            rename(&mut when.value, name);
            if let Some(operand) = &mut when.to {
                rename(operand, name);
            }
        }
        for step in &mut self.after {
            let plain = step.trim_start_matches('$');
            if let Some(other) = name(plain) {
                *step = other;
            }
        }
    }
}

fn rename(json: &mut Json, name: &dyn Fn(&str) -> Option<String>) {
    match json {
        Json::String(text) => *text = renamed(text, name),
        Json::Array(items) => items.iter_mut().for_each(|item| rename(item, name)),
        Json::Object(fields) => fields.values_mut().for_each(|field| rename(field, name)),
        _ => {}
    }
}

/// A string with its references renamed: the whole of it, or those in `${...}`.
fn renamed(text: &str, name: &dyn Fn(&str) -> Option<String>) -> String {
    let mut done = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('$') {
        let (before, behind) = rest.split_at(at);
        done.push_str(before);
        let is_whole = done.is_empty() && rest.len() == text.len();
        let mark = match behind.as_bytes().get(1) {
            Some(b'$') => "$$",
            Some(b'{') => "${",
            _ => "$",
        };
        done.push_str(mark);
        rest = &behind[mark.len()..];
        if mark == "$$" || (mark == "$" && !is_whole) {
            continue;
        }
        let is_part = |each: char| each.is_ascii_alphanumeric() || each == '_';
        let end = rest.find(|each| !is_part(each)).unwrap_or(rest.len());
        let (root, behind) = rest.split_at(end);
        done.push_str(&name(root).unwrap_or_else(|| root.to_owned()));
        rest = behind;
    }
    done.push_str(rest);
    done
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn references_are_renamed_wherever_they_stand_and_nothing_else_is() {
        let mut step: DraftStep = serde_json::from_value(json!({
            "id": "s2", "tool": "any", "after": ["s1"], "for_each": "$input1.items",
            "when": {"value": "$s1", "is": "eq", "to": "${input1}!"},
            "args": {"whole": "$s1.text[0]", "text": "$$s1 costs ${s1.text} or $s1", "list": ["$input1", "s1"],
                "nested": {"deep": "$input10"}, "number": 1}
        }))
        .unwrap();
        step.rename_references(&|root| match root {
            "s1" => Some("t9".to_owned()),
            "input1" => Some("img1".to_owned()),
            _ => None,
        });
        let renamed = serde_json::to_value(&step).unwrap();
        assert_eq!(
            renamed,
            json!({
                "id": "s2", "tool": "any", "after": ["t9"], "for_each": "$img1.items",
                "when": {"value": "$t9", "is": "eq", "to": "${img1}!"},
                "args": {"whole": "$t9.text[0]", "text": "$$s1 costs ${t9.text} or $s1", "list": ["$img1", "s1"],
                    "nested": {"deep": "$input10"}, "number": 1}
            })
        );
    }
}
