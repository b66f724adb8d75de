//! Source to image.

use rhai::AST;

use crate::{
    arena,
    bindings::compiler::{Error, ErrorKind, Module as Given, Outcome},
    engine,
    fields::Fields,
    imports::{self, Linker, Unlinked},
};

/// What an image holds.
pub(crate) struct Script {
    pub(crate) name: String,
    pub(crate) ast: AST,
    /// What of `ctx` it and its modules can read.
    pub(crate) fields: Fields,
    /// What it imports, directly or through others.
    pub(crate) modules: Vec<Module>,
}

/// A parsed module.
pub(crate) struct Module {
    pub(crate) name: String,
    pub(crate) ast: AST,
}

/// Parses `source` and the modules it imports; the image's root is a [`Script`].
pub(crate) fn compile(name: &str, source: &str, given: &[Given]) -> Outcome {
    let link = || {
        let ast = parse(name, source)?;
        let mut linker = Linker::new(given);
        linker.link(name, &ast)?;
        let (modules, fields) = linker.finish()?;
        Ok(Script { name: name.to_owned(), ast, fields: fields.with(Fields::named_in(source)), modules })
    };
    // What is left of a failure lies in the region, so that it is copied out of it.
    match arena::build_image(link, |unlinked: Unlinked| unlinked.clone()) {
        Ok(Some(image)) => Outcome::Image(image),
        Ok(None) => Outcome::Failed(Error {
            kind: ErrorKind::TooLarge,
            message: format!("the parsed script with what it imports is larger than {} MiB: split it", arena::REGION_BYTES >> 20),
            script: name.to_owned(),
            line: 0,
            column: 0,
        }),
        Err(Unlinked::Needs(imports)) => Outcome::Needs(imports),
        Err(Unlinked::Failed(error)) => Outcome::Failed(error),
    }
}

/// Parses one source.
pub(crate) fn parse(name: &str, source: &str) -> Result<AST, Unlinked> {
    let mut ast = engine::get()
        .compile(source)
        .map_err(|error| Unlinked::Failed(imports::error_at(ErrorKind::Syntax, error.err_type().to_string(), name, error.position())))?;
    ast.set_source(name);
    Ok(ast)
}
