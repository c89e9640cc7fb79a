//! Which modules a script imports, found out before it runs: while it runs, it reads no files.

use std::collections::{BTreeMap, BTreeSet};

use rhai::{AST, ASTNode, Engine, Expr, Stmt};

use crate::source::Source;

/// The most modules that a script may import, directly or through others.
const MOST: usize = 32;

/// Why the modules of a script cannot be had.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ModuleError {
    /// The module's file cannot be read.
    #[error("the module `{name}` cannot be read: {message}")]
    Unreadable {
        /// The module.
        name: String,
        /// Why.
        message: String,
    },
    /// The name would lead out of the script's folder.
    #[error(
        "`{0}` is no name of a module: write the file's name in the script's folder, without `.rhai`"
    )]
    Name(String),
    /// The name is not written down.
    #[error("a module's name must be written as a text: `import \"shared\" as shared`")]
    Computed,
    /// Modules import each other in a circle.
    #[error("the modules {} import each other", .0.join(" and "))]
    Circle(Vec<String>),
    /// There are too many.
    #[error("the script imports more than {MOST} modules")]
    TooMany,
}

/// The texts of the modules that a script imports, and of those that they import; `load` gives a module's text.
///
/// # Errors
/// When a module cannot be loaded, or is imported in a way that is not allowed. A text that does not parse is no error
/// here; reading the script tells it.
pub fn gather(
    text: &str,
    load: &dyn Fn(&str) -> Result<String, String>,
) -> Result<BTreeMap<String, String>, ModuleError> {
    let mut modules = BTreeMap::new();
    let mut edges = BTreeMap::new();
    let mut open = imported(text)?;
    while let Some(name) = open.pop() {
        if modules.contains_key(&name) {
            continue;
        }
        if modules.len() == MOST {
            return Err(ModuleError::TooMany);
        }
        let text = load(&name).map_err(|message| ModuleError::Unreadable {
            name: name.clone(),
            message,
        })?;
        let further = imported(&text)?;
        edges.insert(name.clone(), further.clone());
        open.extend(further);
        modules.insert(name, text);
    }
    match circle(&edges) {
        Some(names) => Err(ModuleError::Circle(names)),
        None => Ok(modules),
    }
}

fn imported(text: &str) -> Result<Vec<String>, ModuleError> {
    let source = Source::new("", text);
    let mut engine = Engine::new();
    engine.set_optimization_level(rhai::OptimizationLevel::None);
    let Ok(tree) = engine.compile(&source.prepared) else {
        return Ok(Vec::new());
    };
    let mut names = Vec::new();
    for name in names_of(&tree) {
        let name = name.ok_or(ModuleError::Computed)?;
        let is_plain = |part: &str| {
            !part.is_empty()
                && part
                    .chars()
                    .all(|each| each.is_alphanumeric() || matches!(each, '_' | '-'))
        };
        if !name.split('/').all(is_plain) {
            return Err(ModuleError::Name(name));
        }
        names.push(name);
    }
    Ok(names)
}

/// The name in every `import`; `None` for one that is computed.
fn names_of(tree: &AST) -> Vec<Option<String>> {
    let mut names = Vec::new();
    tree.walk(&mut |path: &[ASTNode<'_>]| {
        if let Some(ASTNode::Stmt(Stmt::Import(import, _))) = path.last() {
            names.push(match &import.0 {
                Expr::StringConstant(name, _) => Some(name.to_string()),
                _ => None,
            });
        }
        true
    });
    names
}

/// The modules of a circle, if there is one.
fn circle(edges: &BTreeMap<String, Vec<String>>) -> Option<Vec<String>> {
    let mut left: BTreeSet<&String> = edges.keys().collect();
    loop {
        let free: Vec<&String> = left
            .iter()
            .copied()
            .filter(|name| !edges[*name].iter().any(|next| left.contains(next)))
            .collect();
        if free.is_empty() {
            break;
        }
        for name in free {
            left.remove(name);
        }
    }
    (!left.is_empty()).then(|| left.into_iter().cloned().collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modules_are_gathered_with_what_they_import() {
        let load = |name: &str| match name {
            "one" => Ok("import \"two\" as two; fn f() { two::g() }".to_owned()),
            "two" => Ok("fn g() { 1 }".to_owned()),
            "a" => Ok("import \"b\" as b;".to_owned()),
            "b" => Ok("import \"a\" as a;".to_owned()),
            other => Err(format!("there is no {other}")),
        };
        let gathered = gather("import \"one\" as one;", &load).unwrap();
        assert_eq!(gathered.keys().collect::<Vec<_>>(), ["one", "two"]);
        let refuse = |text: &str| gather(text, &load).unwrap_err().to_string();
        assert!(refuse("import \"../secret\" as s;").contains("no name of a module"));
        assert!(refuse("import \"/etc/passwd\" as s;").contains("no name of a module"));
        assert!(refuse("let n = \"one\"; import n as s;").contains("written as a text"));
        assert!(refuse("import \"a\" as a;").contains("import each other"));
        assert!(refuse("import \"three\" as a;").contains("there is no three"));
    }
}
