//! Step 2, the search: from a canonical host to what answers there.
//!
//! A trie over reversed labels, so that every host under one domain shares a path. An exact name wins over a wildcard, and of the
//! wildcards the one with most labels. `*.example.com` covers every depth below `example.com`, and not `example.com`.

use std::collections::HashMap;

/// A map from host patterns to values. Built once, then only read: a change of hosts makes a new one.
#[derive(Debug)]
pub struct HostTrie<T> {
    root: Node<T>,
}

#[derive(Debug)]
struct Node<T> {
    children: HashMap<Box<str>, Node<T>>,
    exact: Option<T>,
    wildcard: Option<T>,
}

impl<T> Default for Node<T> {
    fn default() -> Self {
        Self { children: HashMap::new(), exact: None, wildcard: None }
    }
}

impl<T> Default for HostTrie<T> {
    fn default() -> Self {
        Self { root: Node::default() }
    }
}

impl<T> HostTrie<T> {
    /// Adds `example.com` or `*.example.com`, canonical. Returns the value that had the same pattern before.
    pub fn insert(&mut self, pattern: &str, value: T) -> Option<T> {
        let (name, is_wildcard) = match pattern.strip_prefix("*.") {
            Some(parent) => (parent, true),
            None => (pattern, false),
        };
        let mut node = &mut self.root;
        for label in name.rsplit('.') {
            node = node.children.entry(label.into()).or_default();
        }
        if is_wildcard { node.wildcard.replace(value) } else { node.exact.replace(value) }
    }

    /// The value of the most specific pattern that covers a canonical host.
    #[must_use]
    pub fn find(&self, host: &str) -> Option<&T> {
        let mut node = &self.root;
        let mut best = None;
        for label in host.rsplit('.') {
            // One more label follows, so a wildcard at this node covers the host.
            best = node.wildcard.as_ref().or(best);
            match node.children.get(label) {
                Some(child) => node = child,
                None => return best,
            }
        }
        node.exact.as_ref().or(best)
    }
}

/// Whether one pattern covers a canonical host: the rule of the trie for a single pattern, used for the hosts of routes.
#[must_use]
pub fn covers(pattern: &str, host: &str) -> bool {
    match pattern.strip_prefix('*') {
        Some(suffix) => host.len() > suffix.len() && host.ends_with(suffix),
        None => pattern == host,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn s_4_5_exact_before_the_longest_wildcard() {
        let mut trie = HostTrie::default();
        for pattern in ["example.com", "*.example.com", "*.a.example.com", "b.a.example.com"] {
            trie.insert(pattern, pattern);
        }
        let table = [
            ("example.com", Some("example.com")),
            ("x.example.com", Some("*.example.com")),
            ("x.y.example.com", Some("*.example.com")),
            ("a.example.com", Some("*.example.com")),
            ("b.a.example.com", Some("b.a.example.com")),
            ("c.a.example.com", Some("*.a.example.com")),
            ("c.b.a.example.com", Some("*.a.example.com")),
            ("com", None),
            ("notexample.com", None),
            ("example.org", None),
        ];
        for (host, expected) in table {
            assert_eq!(trie.find(host).copied(), expected, "{host}");
        }
    }

    #[test]
    fn insert_hands_back_what_it_replaced() {
        let mut trie = HostTrie::default();
        assert_eq!(trie.insert("a.com", 1), None);
        assert_eq!(trie.insert("a.com", 2), Some(1));
        assert_eq!(trie.find("a.com"), Some(&2));
    }

    /// The rule in its plainest form: of all patterns that cover the host, the exact one, else the one with most labels.
    fn linear<'p>(patterns: &'p [String], host: &str) -> Option<&'p str> {
        let rank = |pattern: &str| (!pattern.starts_with('*'), pattern.split('.').count());
        patterns.iter().map(String::as_str).filter(|pattern| covers(pattern, host)).max_by_key(|pattern| rank(pattern))
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]
        #[test]
        fn s_4_5_trie_equals_a_linear_search(
            patterns in proptest::collection::vec("(\\*\\.)?([ab]\\.){0,3}[abc]", 0..12),
            host in "([ab]\\.){0,4}[abc]",
        ) {
            let mut trie = HostTrie::default();
            for pattern in &patterns {
                trie.insert(pattern, pattern.clone());
            }
            prop_assert_eq!(trie.find(&host).map(String::as_str), linear(&patterns, &host));
        }
    }
}
