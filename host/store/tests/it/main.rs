//! Integration tests against a real server; a fresh database each.
