//! Who may do what: roles, scopes and the one function that decides. Pure; the facts come from the store.

mod decide;
mod scope;

pub use decide::{Action, Binding, Credential, Decision, Facts, Target, can};
pub use scope::{Scope, Scopes};
