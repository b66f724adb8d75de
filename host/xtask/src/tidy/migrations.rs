//! Migrations only add: the version before runs on the new schema too, while a cluster is updated (S-9.1). One that takes away says so, and what
//! for.

use super::source::Source;

/// The newest that was written before there was this rule.
const BASELINE: u32 = 24;
/// Begins the line of a file that takes away: which release stopped using it.
const CONTRACT: &str = "-- contract:";
/// What such a file has to do beside that.
const RAISES: &str = "update compatibility set schema_min =";

/// What a program of the version before would miss.
pub(crate) fn additive(sources: &[Source]) -> Vec<String> {
    let younger = sources.iter().filter(|source| number(source).is_some_and(|number| number > BASELINE));
    younger.flat_map(breaches).collect()
}

/// Of `migrations/0025_what.sql`.
fn number(source: &Source) -> Option<u32> {
    let name = source.path.strip_prefix("migrations/")?.strip_suffix(".sql")?;
    name.split('_').next()?.parse().ok()
}

fn breaches(source: &Source) -> Vec<String> {
    let statements: Vec<(usize, String)> = statements(&source.text);
    let takes_away = statements.iter().filter_map(|(line, statement)| missed(statement).map(|what| (line, what)));
    let contract = source.lines().find_map(|(line, text)| Some((line, text.strip_prefix(CONTRACT)?.trim())));
    match contract {
        None => takes_away
            .map(|(line, what)| format!("{}:{line}: {what}: the version before still uses it; read migrations/README.md", source.path))
            .collect(),
        Some((line, "")) => vec![format!("{}:{line}: `{CONTRACT}` without the release that stopped using it", source.path)],
        Some((line, _)) if !statements.iter().any(|(_, statement)| statement.starts_with(RAISES)) => {
            vec![format!("{}:{line}: a contract that does not `{RAISES} ...`: older programs would not know", source.path)]
        }
        Some(_) => Vec::new(),
    }
}

/// Each with the line of its first word, without comments, its words one space apart.
fn statements(text: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    let (mut first, mut words) = (0, Vec::new());
    for (index, line) in text.lines().enumerate() {
        let line = line.split("--").next().unwrap_or_default().to_lowercase().replace(';', " ; ").replace(',', " , ");
        for word in line.split_whitespace() {
            if word == ";" {
                found.push((first, std::mem::take(&mut words).join(" ")));
                continue;
            }
            if words.is_empty() {
                first = index + 1;
            }
            words.push(word.to_owned());
        }
    }
    found.push((first, words.join(" ")));
    found
}

/// What a statement takes away, if it does.
fn missed(statement: &str) -> Option<&'static str> {
    let has = |what: &str| format!(" {statement} ").contains(&format!(" {what} "));
    let alters = has("alter table");
    if statement.starts_with("drop ") || alters && has("drop") {
        Some("`drop`")
    } else if has("rename") {
        Some("`rename`")
    } else if alters && has("type") && has("alter column") {
        Some("another type")
    } else if has("set not null") {
        Some("`set not null`")
    } else if alters && statement.split(" , ").any(|action| requires(&format!(" {action} "))) {
        Some("a column that is required and has no default")
    } else {
        None
    }
}

fn requires(action: &str) -> bool {
    // `add <name>` means a column too, unless it says something else.
    let adds = action.split(" add ").nth(1).is_some_and(|rest| {
        !["constraint ", "check ", "unique ", "primary ", "foreign ", "exclude "].iter().any(|other| rest.starts_with(other))
    });
    adds && action.contains(" not null ") && !action.contains(" default ") && !action.contains(" generated ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(name: &str, text: &str) -> Vec<String> {
        additive(&[Source::new(&format!("migrations/{name}.sql"), text)])
    }

    #[test]
    fn what_only_adds_is_fine() {
        let text = "
            -- What was dropped; renamed: nothing.
            create table t (a text not null, constraint t_pkey primary key (a));
            alter table apps
                add column a text,
                add column b integer not null default 0,
                add constraint apps_b_check check (b is not null and b >= 0);
            create index t_idx on t (a);
            create table u (a uuid not null, constraint u_fkey foreign key (a) references t (a) on delete cascade)";
        assert_eq!(of("0025_more", text), Vec::<String>::new());
    }

    #[test]
    fn what_takes_away_is_found_with_its_line() {
        for (statement, what) in [
            ("drop table t", "`drop`"),
            ("drop index t_idx", "`drop`"),
            ("ALTER TABLE t\n DROP COLUMN a", "`drop`"),
            ("alter table t add column b text, drop constraint c", "`drop`"),
            ("alter table t alter column a drop not null", "`drop`"),
            ("alter table t rename column a to b", "`rename`"),
            ("alter index i rename to j", "`rename`"),
            ("alter table t alter column a type bigint", "another type"),
            ("alter table t alter column a set data type bigint", "another type"),
            ("alter table t alter column a set not null", "`set not null`"),
            ("alter table t add column b text, add column a text not null", "a column that is required"),
            ("alter table t add a text not null", "a column that is required"),
        ] {
            let found = of("0030_less", &format!("create table t (a text);\n\n{statement};"));
            assert!(
                matches!(&found[..], [one] if one.starts_with(&format!("migrations/0030_less.sql:3: {what}"))),
                "{statement}: {found:?}"
            );
            assert!(of("0024_less", statement).is_empty(), "what was there before stays");
        }
    }

    #[test]
    fn a_contract_says_what_it_is_for_and_raises_the_minimum() {
        let drop = "alter table t drop column a;";
        let raise = "update compatibility set schema_min = 28;";
        assert!(of("0030_less", &format!("-- contract: 0.7 stopped reading it\n{drop}\n{raise}")).is_empty());
        assert!(of("0030_less", &format!("-- contract: 0.7 stopped reading it\n{drop}"))[0].contains("older programs would not know"));
        assert!(of("0030_less", &format!("-- contract:\n{drop}\n{raise}"))[0].contains(":1: "));
        assert_eq!(of("0030_less", &format!("{drop}\n{raise}")).len(), 1);
    }
}
