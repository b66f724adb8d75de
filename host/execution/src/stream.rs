//! An answer that leaves in pieces, while its script runs.

use serde::{Deserialize, Serialize};

/// Its beginning: what goes before the first piece. Not yet held against the rules of HTTP.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Head {
    pub status: u16,
    /// In the script's order; a name may repeat.
    pub headers: Vec<(String, String)>,
}

/// Bytes of the body, in the order of their writing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Piece(#[serde(with = "crate::bytes")] pub Vec<u8>);

/// What becomes of a head or of a piece. The texts are for the script.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Taken {
    Yes,
    /// The head breaks the rules of HTTP.
    Invalid(String),
    /// Pieces are gathered here, and there is no room for this one.
    TooLarge(String),
    /// Too many answers are being sent in pieces.
    Busy(String),
}
