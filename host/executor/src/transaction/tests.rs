#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use execution::kv::PAGE_ENTRIES_MAX;

/// One step of a script.
#[derive(Debug, Clone)]
enum Step {
    Get(u8),
    Set(u8, i64),
    Delete(u8),
    Add(u8, i64),
    List(u8, u32),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        any::<u8>().prop_map(|key| Step::Get(key % 8)),
        (any::<u8>(), -9..9i64).prop_map(|(key, value)| Step::Set(key % 8, value)),
        any::<u8>().prop_map(|key| Step::Delete(key % 8)),
        (any::<u8>(), -9..9i64).prop_map(|(key, by)| Step::Add(key % 8, by)),
        (any::<u8>(), 1..9u32).prop_map(|(after, limit)| Step::List(after % 8, limit)),
    ];
    proptest::collection::vec(step, 0..40)
}

fn key(number: u8) -> String {
    format!("k{number}")
}

/// What is stored, and the page of it that a store would give.
fn page(stored: &BTreeMap<String, Stored>, range: &Range) -> Page {
    let after = range.after.clone().unwrap_or_default();
    let mut entries = stored.iter().filter(|(key, _)| key.starts_with(&range.prefix) && **key > after);
    let page = entries.by_ref().take(range.limit as usize).map(|(key, stored)| (key.clone(), stored.clone())).collect();
    Page { entries: page, more: entries.next().is_some() }
}

proptest! {
    /// Seen from inside, buffered writes over a store are the same as a map that is written at once; and applied at the end, they make that map.
    #[test]
    fn an_execution_sees_what_it_would_see_alone(stored in proptest::collection::btree_map(0..8u8, -9..9i64, 0..8), steps in steps()) {
        let stored: BTreeMap<String, Stored> =
            stored.into_iter().map(|(number, value)| (key(number), Stored { value: value.to_string(), version: i64::from(number) })).collect();
        let mut model: BTreeMap<String, i64> = stored.iter().map(|(key, stored)| (key.clone(), stored.value.parse().unwrap())).collect();
        let mut transaction = Transaction::new(1 << 20);
        for step in steps {
            match step {
                Step::Get(number) => {
                    let key = key(number);
                    if transaction.get(&key, 0).unwrap() == Known::Ask {
                        transaction.saw(key.clone(), stored.get(&key).cloned()).unwrap();
                    }
                    let expected = Known::Value(model.get(&key).map(ToString::to_string));
                    prop_assert_eq!(transaction.get(&key, 0).unwrap(), expected);
                }
                Step::Set(number, value) => {
                    transaction.set(key(number), value.to_string(), None).unwrap();
                    model.insert(key(number), value);
                }
                Step::Delete(number) => {
                    transaction.delete(key(number)).unwrap();
                    model.remove(&key(number));
                }
                Step::Add(number, by) => {
                    transaction.add(key(number), by, 0).unwrap();
                    *model.entry(key(number)).or_default() += by;
                }
                Step::List(after, limit) => {
                    let mut listed = Vec::new();
                    let mut next = Some(key(after));
                    while let Some(after) = next {
                        let range = Range { prefix: "k".into(), after: Some(after), limit };
                        let page = page(&stored, &range);
                        let (entries, further) = transaction.list(range, page, 0).unwrap();
                        prop_assert!(entries.len() <= limit as usize);
                        listed.extend(entries);
                        next = further;
                    }
                    let expected: Vec<_> = model.range(key(after)..).filter(|(k, _)| **k != key(after)).map(|(k, v)| (k.clone(), v.to_string())).collect();
                    prop_assert_eq!(listed, expected);
                }
            }
        }
        let mut written: BTreeMap<String, i64> = stored.iter().map(|(key, stored)| (key.clone(), stored.value.parse().unwrap())).collect();
        for (key, write) in transaction.into_effects().writes {
            match write {
                Write::Set { value, .. } => _ = written.insert(key, value.parse().unwrap()),
                Write::Delete => _ = written.remove(&key),
                Write::Add(by) => *written.entry(key).or_default() += by,
            }
        }
        prop_assert_eq!(written, model);
    }
}

#[test]
fn each_key_and_page_is_noted_once() {
    let mut transaction = Transaction::new(100);
    transaction.saw("a".into(), None).unwrap();
    let range = Range { prefix: String::new(), after: None, limit: PAGE_ENTRIES_MAX };
    for _ in 0..2 {
        transaction.list(range.clone(), Page::default(), 0).unwrap();
    }
    let page = Read::Page { range, entries: Vec::new(), more: false };
    assert_eq!(transaction.into_effects().reads, [Read::Key { key: "a".into(), version: None }, page]);
}

#[test]
fn what_is_read_and_written_is_bounded() {
    let mut transaction = Transaction::new(10);
    transaction.set("a".into(), "123456".into(), None).unwrap();
    assert!(matches!(transaction.set("b".into(), "123".into(), None), Err(Refused::TooLarge(_))));
    transaction.set("b".into(), "12".into(), None).unwrap();
    assert!(matches!(transaction.saw("c".into(), None), Err(Refused::TooLarge(_))));
}
