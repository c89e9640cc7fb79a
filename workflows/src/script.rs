//! A script that was read: its texts, its syntax tree and what it says of itself.

mod check;
mod graph;
mod imports;
mod told;

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use medley_orchestrator::{Capability, GraphPicture, Program};
use rhai::{AST, Engine, EvalAltResult, Module, ModuleResolver, Position, Scope, Shared};

pub use self::imports::{ModuleError, gather};
pub(crate) use self::told::describe;
use crate::{
    engine,
    error::{ScriptError, ScriptErrors},
    limits::ScriptLimits,
    manifest::Manifest,
    source::Source,
};

/// The names that every script knows besides functions.
pub(crate) const NAMES: [&str; 3] = ["inputs", "args", "request"];

/// A script that can be run: it parses, and calls what there is.
#[derive(Clone)]
pub struct Script {
    /// What it says of itself, with the tools that it calls.
    pub manifest: Manifest,
    pub(crate) tree: AST,
    pub(crate) texts: Arc<Texts>,
    modules: HashMap<String, AST>,
}

/// The texts of a script and of the modules that it imports.
#[derive(Debug)]
pub(crate) struct Texts {
    main: Source,
    modules: BTreeMap<String, Source>,
}

impl Script {
    /// Reads a program and checks it: that it parses, that the functions that it calls are there, with as many
    /// arguments, and that what it passes to tools fits, as far as that is known before it runs.
    ///
    /// # Errors
    /// Everything that is wrong, each with its place.
    pub fn read(
        program: &Program,
        capabilities: &BTreeMap<String, Arc<Capability>>,
        limits: &ScriptLimits,
    ) -> Result<Self, ScriptErrors> {
        let texts = Arc::new(Texts::of(program));
        let name = program.name.rsplit('/').next().unwrap_or_default();
        let name = name.strip_suffix(".rhai").unwrap_or(name);
        let mut manifest = Manifest::read(name, &program.text).map_err(|(line, error)| {
            let line = u16::try_from(line).unwrap_or(u16::MAX);
            let place = texts.main.place(Position::new(line, 1));
            ScriptErrors(vec![error.at(place)])
        })?;
        let reader = engine::reader(limits, capabilities);
        let tree = texts.parse(&reader, "")?;
        let mut modules = BTreeMap::new();
        for name in texts.modules.keys() {
            modules.insert(name.as_str(), texts.parse(&reader, name)?);
        }
        let needs = manifest.calls.clone();
        let checker = check::Checker::new(&reader, capabilities, &texts, &needs, &modules);
        let checked = checker.check(&tree);
        manifest.calls = checked.calls;
        if !checked.errors.is_empty() {
            return Err(ScriptErrors(checked.errors));
        }
        let modules = modules.into_iter();
        let modules = modules
            .map(|(name, tree)| (name.to_owned(), tree))
            .collect();
        Ok(Self {
            manifest,
            tree,
            texts,
            modules,
        })
    }

    /// Whether it says and does nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.tree.statements().is_empty()
    }

    /// The calls of tools in the script, each drawn once, with what may flow from one to another.
    #[must_use]
    pub fn graph(&self) -> GraphPicture {
        let is_tool = |name: &str| self.manifest.calls.iter().any(|call| call == name);
        graph::draw(&self.tree, &self.modules, &self.texts, &is_tool)
    }
}

impl Texts {
    fn of(program: &Program) -> Self {
        let modules = program.modules.iter();
        Self {
            main: Source::new(program.name.clone(), program.text.clone()),
            modules: modules
                .map(|(name, text)| (name.clone(), Source::new(format!("{name}.rhai"), text)))
                .collect(),
        }
    }

    /// The text of a module, or of the script itself for the empty name.
    pub(crate) fn source(&self, module: &str) -> &Source {
        self.modules.get(module).unwrap_or(&self.main)
    }

    /// The module that calls a function, as the engine names it; empty for the script itself.
    pub(crate) fn module(&self, source: Option<&str>) -> String {
        let known = source.filter(|name| self.modules.contains_key(*name));
        known.unwrap_or_default().to_owned()
    }

    /// Which of the modules it is; none for the script itself.
    pub(crate) fn number(&self, module: &str) -> Option<usize> {
        self.modules.keys().position(|name| name == module)
    }

    /// Line and column in the text as it was written.
    pub(crate) fn locate(&self, module: &str, position: Position) -> (usize, usize) {
        self.source(module).locate(position).unwrap_or((0, 0))
    }

    fn parse(&self, engine: &Engine, module: &str) -> Result<AST, ScriptErrors> {
        let source = self.source(module);
        let mut tree = engine
            .compile_with_scope(&known_names(), &source.prepared)
            .map_err(|error| {
                let message = error.err_type().to_string();
                let mut wrong =
                    ScriptError::new("syntax", message).at(source.place(error.position()));
                wrong.message = wrong.message.trim_end_matches('.').to_owned();
                ScriptErrors(vec![wrong])
            })?;
        if !module.is_empty() {
            tree.set_source(module);
        }
        Ok(tree)
    }

    pub(crate) fn resolver(self: Arc<Self>) -> impl ModuleResolver + 'static {
        Resolver { texts: self }
    }
}

/// Gives the modules that were read with the script, and no others.
struct Resolver {
    texts: Arc<Texts>,
}

impl ModuleResolver for Resolver {
    fn resolve(
        &self,
        engine: &Engine,
        _source: Option<&str>,
        path: &str,
        position: Position,
    ) -> Result<Shared<Module>, Box<EvalAltResult>> {
        let missing = || EvalAltResult::ErrorModuleNotFound(path.to_owned(), position);
        if !self.texts.modules.contains_key(path) {
            return Err(missing().into());
        }
        let tree = self.texts.parse(engine, path).map_err(|_| missing())?;
        Module::eval_ast_as_new(Scope::new(), &tree, engine).map(Into::into)
    }
}

/// A scope with the names that every script knows.
fn known_names() -> Scope<'static> {
    let mut scope = Scope::new();
    for name in NAMES {
        scope.push_constant(name, ());
    }
    scope
}
