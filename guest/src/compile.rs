//! Source to image.

use rhai::AST;

use crate::{
    arena,
    bindings::compiler::{Error, ErrorKind},
    engine,
    fields::Fields,
};

/// What an image holds.
pub(crate) struct Script {
    pub(crate) name: String,
    pub(crate) ast: AST,
    /// What of `ctx` it can read.
    pub(crate) fields: Fields,
}

/// Parses `source`; the image's root is a [`Script`].
pub(crate) fn compile(name: &str, source: &str) -> Result<Vec<u8>, Error> {
    let parse = || {
        let mut ast = engine::get().compile(source)?;
        ast.set_source(name);
        Ok(Script { name: name.to_owned(), ast, fields: Fields::named_in(source) })
    };
    match arena::build_image(parse, |error: rhai::ParseError| syntax_error(&error)) {
        Ok(Some(image)) => Ok(image),
        Ok(None) => Err(Error {
            kind: ErrorKind::TooLarge,
            message: format!("the parsed script is larger than {} MiB: split it", arena::REGION_BYTES >> 20),
            line: 0,
            column: 0,
        }),
        Err(error) => Err(error),
    }
}

fn syntax_error(error: &rhai::ParseError) -> Error {
    Error {
        kind: ErrorKind::Syntax,
        message: error.err_type().to_string(),
        line: error.position().line().unwrap_or(0) as u32,
        column: error.position().position().unwrap_or(0) as u32,
    }
}
