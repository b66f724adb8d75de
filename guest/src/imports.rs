//! `import "name"`: found when a script is compiled, evaluated when it runs.

use std::cell::RefCell;

use rhai::{AST, ASTNode, Engine, EvalAltResult, Expr, ModuleResolver, Position, Scope, Shared, Stmt};

use crate::{
    arena,
    bindings::compiler::{Error, ErrorKind, Import, Module as Given},
    compile::{self, Module, Script},
    fields::Fields,
};

/// Modules of one script, directly or through others.
const MODULES_MAX: usize = 64;
/// Modules that import each other in a row. Each is evaluated on the stack of the one before.
const DEPTH_MAX: usize = 16;

/// Why there is no image yet, or none at all.
#[derive(Clone)]
pub(crate) enum Unlinked {
    /// Modules that were not given.
    Needs(Vec<Import>),
    Failed(Error),
}

/// Follows the imports of a script through the modules that were given.
pub(crate) struct Linker<'a> {
    given: &'a [Given],
    linked: Vec<Module>,
    missing: Vec<Import>,
    fields: Fields,
    /// The script, and the modules that led to the one looked at.
    path: Vec<String>,
}

impl<'a> Linker<'a> {
    pub(crate) fn new(given: &'a [Given]) -> Self {
        Self { given, linked: Vec::new(), missing: Vec::new(), fields: Fields::NONE, path: Vec::new() }
    }

    /// Parses everything that `script` imports, depth first.
    pub(crate) fn link(&mut self, script: &str, ast: &AST) -> Result<(), Unlinked> {
        self.path.push(script.to_owned());
        for (import, position) in imports_of(script, ast)? {
            let refuse = |message: String| Err(Unlinked::Failed(error_at(ErrorKind::Import, message, script, position)));
            if let Some(start) = self.path.iter().position(|above| *above == import.module) {
                let circle = [&self.path[start..], &[import.module]].concat().join("` imports `");
                return refuse(format!("modules can't import each other in a circle: `{circle}`"));
            }
            if self.linked.iter().any(|module| module.name == import.module) {
                continue;
            }
            if self.path.len() > DEPTH_MAX {
                return refuse(format!("imports are nested deeper than {DEPTH_MAX}"));
            }
            if self.linked.len() == MODULES_MAX {
                return refuse(format!("a script imports at most {MODULES_MAX} modules, counting those of its modules"));
            }
            match self.given.iter().find(|given| given.name == import.module) {
                None => self.missing.push(import),
                Some(given) => {
                    let ast = compile::parse(&given.name, &given.source)?;
                    self.link(&given.name, &ast)?;
                    self.fields = self.fields.with(Fields::named_in(&given.source));
                    self.linked.push(Module { name: given.name.clone(), ast });
                }
            }
        }
        self.path.pop();
        Ok(())
    }

    /// The modules, and what of `ctx` they can read.
    pub(crate) fn finish(self) -> Result<(Vec<Module>, Fields), Unlinked> {
        if self.missing.is_empty() { Ok((self.linked, self.fields)) } else { Err(Unlinked::Needs(self.missing)) }
    }
}

fn imports_of(script: &str, ast: &AST) -> Result<Vec<(Import, Position)>, Unlinked> {
    let mut imports = Vec::new();
    let mut computed = None;
    ast.walk(&mut |nodes: &[ASTNode]| {
        if let Some(ASTNode::Stmt(Stmt::Import(import, position))) = nodes.last() {
            match &import.0 {
                Expr::StringConstant(module, position) => {
                    let (line, column) = place(*position);
                    imports.push((Import { module: module.to_string(), script: script.to_owned(), line, column }, *position));
                }
                _ => computed = Some(*position),
            }
        }
        computed.is_none()
    });
    match computed {
        None => Ok(imports),
        Some(position) => {
            let message = "`import` takes the name of a module in quotes: it is found when the script is deployed".to_owned();
            Err(Unlinked::Failed(error_at(ErrorKind::Import, message, script, position)))
        }
    }
}

/// An error with its place.
pub(crate) fn error_at(kind: ErrorKind, message: String, script: &str, position: Position) -> Error {
    let (line, column) = place(position);
    Error { kind, message, script: script.to_owned(), line, column }
}

fn place(position: Position) -> (u32, u32) {
    (position.line().unwrap_or(0) as u32, position.position().unwrap_or(0) as u32)
}

thread_local! {
    /// Modules of this run, by their place in the image: a module's top level runs once.
    static EVALUATED: RefCell<Vec<(usize, Shared<rhai::Module>)>> = const { RefCell::new(Vec::new()) };
}

/// Finds a module in the image of this run.
pub(crate) struct FromImage;

impl ModuleResolver for FromImage {
    fn resolve(
        &self,
        engine: &Engine,
        _source: Option<&str>,
        name: &str,
        position: Position,
    ) -> Result<Shared<rhai::Module>, Box<EvalAltResult>> {
        // SAFETY: scripts run only after `handle` has kept their image.
        #[expect(unsafe_code, reason = "the image is laid out by this same build of the guest")]
        let script = unsafe { arena::root::<Script>() };
        let Some(index) = script.modules.iter().position(|module| module.name == name) else {
            return Err(Box::new(EvalAltResult::ErrorModuleNotFound(name.to_owned(), position)));
        };
        if let Some(module) = EVALUATED.with_borrow(|done| done.iter().find(|(known, _)| *known == index).map(|(_, module)| module.clone()))
        {
            return Ok(module);
        }
        let module = rhai::Module::eval_ast_as_new(Scope::new(), &script.modules[index].ast, engine)
            .map_err(|error| Box::new(EvalAltResult::ErrorInModule(name.to_owned(), error, position)))?;
        let module = Shared::new(module);
        EVALUATED.with_borrow_mut(|done| done.push((index, module.clone())));
        Ok(module)
    }
}
