//! The work that everybody in the benchmark does: the cart of `cart.rhai`, asked with the same JSON, checked for the same answer.

/// The script. Callers that need many different ones append a comment.
pub(crate) const SCRIPT: &str = include_str!("cart.rhai");

/// Body of the request.
pub(crate) const ORDER: &str = r#"{"customer":"ada","items":[{"name":"tea","price":4,"quantity":2},{"name":"cup","price":12,"quantity":1},{"name":"pot","price":31,"quantity":1}]}"#;

/// Body of the answer. Keys come in the order of their names.
pub(crate) const ANSWER: &str = r#"{"currency":"EUR","customer":"ada","greeting":"Thank you, ada!","lines":[{"name":"tea","price":8},{"name":"cup","price":12},{"name":"pot","price":31}],"total":56}"#;

/// Whether this is the right answer.
pub(crate) fn is_right(status: u16, body: &[u8]) -> bool {
    status == 201 && body == ANSWER.as_bytes()
}
