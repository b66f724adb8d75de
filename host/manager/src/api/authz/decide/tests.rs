//! Every combination of role, scope, action and app, against the oracle.

#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use super::*;

const INSTANCE_ROLES: [(&str, InstanceRole); 3] =
    [("owner", InstanceRole::Owner), ("admin", InstanceRole::Admin), ("member", InstanceRole::Member)];
const APP_ROLES: [(&str, Option<AppRole>); 4] =
    [("none", None), ("app_admin", Some(AppRole::AppAdmin)), ("editor", Some(AppRole::Editor)), ("viewer", Some(AppRole::Viewer))];
const BINDINGS: [Binding; 3] = [Binding::Free, Binding::ThisApp, Binding::Elsewhere];

fn oracle() -> toml::Table {
    toml::from_str(include_str!("../../../../../../docs/permissions.toml")).unwrap()
}

fn words<'a>(entry: &'a toml::Value, key: &str) -> Vec<&'a str> {
    entry[key].as_array().unwrap().iter().map(|word| word.as_str().unwrap()).collect()
}

/// The oracle's reading of the same question: no code is shared with `can`.
fn expected(oracle: &toml::Table, role: (&str, &str), key: Option<(&[&str], Binding)>, action: &str) -> Decision {
    let entry = &oracle["actions"][action];
    let (instance_role, app_role) = role;
    let on_app = entry["target"].as_str().unwrap() == "app";
    let elsewhere = key.is_some_and(|(_, binding)| binding == Binding::Elsewhere);
    let has_role = words(entry, "roles").contains(&instance_role) || (on_app && words(entry, "roles").contains(&app_role));
    if on_app && (elsewhere || (instance_role == "member" && app_role == "none")) {
        return Decision::Hidden;
    }
    let by_role = |scope: &&str| {
        let holders = words(&oracle["scopes"][*scope], "roles");
        holders.contains(&instance_role) || (on_app && holders.contains(&app_role))
    };
    let by_key = |scope: &&str| key.is_none_or(|(scopes, binding)| binding != Binding::Elsewhere && scopes.contains(scope));
    match words(entry, "scopes").into_iter().find(|scope| !(by_role(scope) && by_key(scope))) {
        None => {
            assert!(has_role, "{action}: the oracle's roles and scopes disagree for {instance_role}/{app_role}");
            Decision::Allowed
        }
        Some(scope) => Decision::Missing(Scope::parse(scope).unwrap()),
    }
}

fn target(oracle: &toml::Table, action: Action) -> Target {
    match oracle["actions"][action.word()]["target"].as_str().unwrap() {
        "app" => Target::App,
        "instance" => Target::Instance,
        other => panic!("unknown target {other}"),
    }
}

#[test]
fn s_8_6_every_combination_agrees_with_the_oracle() {
    let oracle = oracle();
    let all: Vec<&str> = Scope::ALL.iter().map(|scope| scope.word()).collect();
    // Each set of scopes of up to two members, each of all but one, and all.
    let mut sets: Vec<Vec<&str>> = vec![vec![], all.clone()];
    for (at, scope) in all.iter().enumerate() {
        sets.push(vec![scope]);
        sets.push(all.iter().filter(|other| *other != scope).copied().collect());
        sets.extend(all[at + 1..].iter().map(|other| vec![*scope, *other]));
    }
    let mut compared = 0;
    for action in Action::ALL {
        for (instance_word, instance_role) in INSTANCE_ROLES {
            for (app_word, app_role) in APP_ROLES {
                let target = target(&oracle, *action);
                let role = (instance_word, app_word);
                let facts = |credential| Facts { instance_role, app_role, credential };
                let decided = can(&facts(Credential::Session), *action, target);
                assert_eq!(decided, expected(&oracle, role, None, action.word()), "{action:?} {role:?} session");
                for binding in BINDINGS {
                    for set in &sets {
                        let scopes = Scopes::of_words(set.iter().copied());
                        let decided = can(&facts(Credential::Key { scopes, bound: binding }), *action, target);
                        let expected = expected(&oracle, role, Some((set, binding)), action.word());
                        assert_eq!(decided, expected, "{action:?} {role:?} {binding:?} {set:?}");
                        compared += 1;
                    }
                }
            }
        }
    }
    assert!(compared > 10_000, "{compared}");
}

#[test]
fn s_8_6_oracle_lists_exactly_the_actions_and_scopes_there_are() {
    let oracle = oracle();
    let mut actions: Vec<&str> = Action::ALL.iter().map(|action| action.word()).collect();
    actions.sort_unstable();
    let mut listed: Vec<&str> = oracle["actions"].as_table().unwrap().keys().map(String::as_str).collect();
    listed.sort_unstable();
    assert_eq!(listed, actions);
    let mut scopes: Vec<&str> = Scope::ALL.iter().map(|scope| scope.word()).collect();
    scopes.sort_unstable();
    let mut listed: Vec<&str> = oracle["scopes"].as_table().unwrap().keys().map(String::as_str).collect();
    listed.sort_unstable();
    assert_eq!(listed, scopes);
}

#[test]
fn s_8_6_a_key_never_grants_more_than_its_maker_has() {
    for action in Action::ALL {
        for (_, instance_role) in INSTANCE_ROLES {
            for (_, app_role) in APP_ROLES {
                for target in [Target::App, Target::Instance] {
                    let session = can(&Facts { instance_role, app_role, credential: Credential::Session }, *action, target);
                    let scopes = Scopes::of(Scope::ALL);
                    let credential = Credential::Key { scopes, bound: Binding::Free };
                    let key = can(&Facts { instance_role, app_role, credential }, *action, target);
                    assert_eq!(key, session, "a key with all scopes is as good as its maker, and no better");
                }
            }
        }
    }
}
