//! Definition files for editors: what scripts can call, in the form that Rhai's language server reads
//! (The Rhai Book, "Generate Definition Files").

use std::{collections::BTreeMap, fmt::Write as _, sync::Arc};

use medley_orchestrator::{Capability, Parameter};

use rhai::Engine;

use crate::arguments::by_position;

const BUILT_IN: &str = include_str!("../definitions/medley.d.rhai");

/// The files, by name: the tools with Medley's own functions, and those of Rhai.
#[must_use]
pub fn definitions(capabilities: &BTreeMap<String, Arc<Capability>>) -> Vec<(String, String)> {
    let mut own = BUILT_IN.to_owned();
    for capability in capabilities.values() {
        describe(capability, &mut own);
    }
    let mut files = vec![("medley.d.rhai".to_owned(), own)];
    files.extend(Engine::new().definitions().iter_files());
    files
}

fn describe(capability: &Capability, out: &mut String) {
    let name = &capability.name;
    let _ = write!(out, "\n/// {}\n///\n", capability.purpose);
    for parameter in by_position(capability) {
        let _ = writeln!(out, "/// * `{}`: {}", parameter.name, told(parameter));
    }
    out.push_str("///\n/// Gives:\n");
    for output in &capability.outputs {
        let _ = writeln!(
            out,
            "/// * `{}`: {}. {}",
            output.name, output.value_type, output.description
        );
    }
    let required = by_position(capability).filter(|parameter| parameter.required);
    let required: Vec<String> = required
        .map(|parameter| format!("{}: ?", parameter.name))
        .collect();
    let _ = writeln!(out, "fn {name}({}) -> Handle;", required.join(", "));
    if required.len() != 1 {
        let _ = writeln!(
            out,
            "\n/// {}\nfn {name}(arguments: Map) -> Handle;",
            capability.purpose
        );
    }
}

fn told(parameter: &Parameter) -> String {
    let optional = if parameter.required {
        ""
    } else {
        ", may be left out"
    };
    let default = parameter.default.as_ref();
    let default = default.map_or(String::new(), |value| format!(", {value} by default"));
    format!(
        "{}{optional}{default}. {}",
        parameter.value_type, parameter.description
    )
}
