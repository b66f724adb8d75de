//! A script before and after it was parsed.

use std::{collections::BTreeMap, sync::Arc};

use serde::{Deserialize, Serialize};

use crate::Image;

/// A script's name and text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Source {
    pub name: String,
    pub text: String,
}

/// The modules of one app, by name: what its scripts can import. Cheap to clone.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Modules(Arc<BTreeMap<String, String>>);

impl Modules {
    /// The source of a module.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }
}

impl FromIterator<(String, String)> for Modules {
    /// From names and sources.
    fn from_iter<I: IntoIterator<Item = (String, String)>>(modules: I) -> Self {
        Self(Arc::new(modules.into_iter().collect()))
    }
}

/// What a source became.
#[derive(Debug, Clone)]
pub struct Compiled {
    pub image: Image,
    /// Names of the modules that are in the image, each once: when one of them changes, the image is out of date.
    pub uses: Vec<String>,
}

/// Why a source has no image.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
#[error("{message}")]
pub struct CompileError {
    pub kind: CompileErrorKind,
    /// One sentence without the position.
    pub message: String,
    /// Name of the script or module that the place is in.
    pub script: String,
    /// 1-based; 0 if the whole script is meant.
    pub line: u32,
    /// 1-based, in characters; 0 if the whole line is meant.
    pub column: u32,
}

/// Kinds of [`CompileError`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CompileErrorKind {
    /// 422 `script.invalid`.
    Syntax,
    /// 422 `script.too_large`: the source or its image.
    TooLarge,
    /// 422 `script.import`: no such module, a circle of them, too many, or a name that is computed.
    Import,
    /// The executor itself failed: 503.
    Unavailable,
}
