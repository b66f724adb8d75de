//! Looks for what keeps an instance from working well: `picloud doctor`, for the operator on the machine.
//!
//! It changes nothing and starts nothing, so it can be run beside a server and before one. Each finding says what was found, why that matters and what
//! to do about it.

mod database;
mod machine;
mod server;

use serde::Serialize;

use crate::config::Config;

/// How things stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum State {
    Ok,
    /// It works, but not as well or as safely as it could; or it could not be looked at.
    Warning,
    /// It does not work.
    Error,
}

/// What came of one look.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Finding {
    /// What was looked at: the same word each time.
    pub(crate) check: &'static str,
    pub(crate) state: State,
    pub(crate) what: String,
    /// Why it matters; nothing where all is well.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) why: String,
    /// What to do.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) todo: String,
}

impl Finding {
    pub(crate) fn ok(check: &'static str, what: impl Into<String>) -> Self {
        Self { check, state: State::Ok, what: what.into(), why: String::new(), todo: String::new() }
    }

    pub(crate) fn warning(check: &'static str, what: impl Into<String>, why: impl Into<String>, todo: impl Into<String>) -> Self {
        Self { check, state: State::Warning, what: what.into(), why: why.into(), todo: todo.into() }
    }

    pub(crate) fn error(check: &'static str, what: impl Into<String>, why: impl Into<String>, todo: impl Into<String>) -> Self {
        Self { state: State::Error, ..Self::warning(check, what, why, todo) }
    }
}

/// All looks, in the order in which things depend on each other.
pub(crate) async fn examine(config: &Config) -> Vec<Finding> {
    let mut findings = vec![variables(config), names(config)];
    findings.extend(machine::data_directory(config));
    findings.extend([machine::descriptors(), machine::page_scan(), machine::path_lookups(config)]);
    findings.extend(database::examine(config).await);
    findings.extend(server::resolvers(config).await);
    findings.push(server::readiness(config).await);
    findings
}

fn variables(config: &Config) -> Finding {
    const CHECK: &str = "configuration";
    if config.unknown_variables.is_empty() {
        return Finding::ok(CHECK, "the configuration is read without a remark");
    }
    let names = config.unknown_variables.join(", ");
    Finding::warning(
        CHECK,
        format!("nothing reads {names}"),
        "a misspelt variable sets nothing",
        "correct the name, or remove the variable",
    )
}

/// What a start says of the names, if there is anything to say: nobody asked, and the instance works.
pub(crate) fn remark_on_names(config: &Config) -> Option<String> {
    let Finding { what, why, todo, .. } = Some(names(config)).filter(|finding| finding.state != State::Ok)?;
    Some(format!("warning: {what}: {why}; {todo}"))
}

/// Whether a browser takes the apps for parts of the instance (DESIGN section 6).
fn names(config: &Config) -> Finding {
    const CHECK: &str = "names";
    let (host, base) = (config.host.as_str(), config.base_domain.as_str());
    let is_local = |name: &str| name == "localhost" || name.ends_with(".localhost");
    match (psl::domain_str(host), psl::domain_str(base)) {
        // On one's own machine there is no other name to be had.
        _ if is_local(host) && is_local(base) => Finding::ok(CHECK, "instance and apps are on this machine's own names"),
        (Some(one), Some(other)) if one == other => Finding::warning(
            CHECK,
            format!("the instance ({host}) and the apps (*.{base}) share the registrable domain {one}"),
            "a script can set cookies for the whole domain, and browsers treat a request from an app's page to the instance as one of the same site",
            format!("give the apps a domain of their own (base_domain), or have {base} put on the public suffix list"),
        ),
        _ => Finding::ok(CHECK, format!("the instance ({host}) and the apps (*.{base}) are different sites")),
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

    use super::*;
    use crate::config::Arguments;

    #[test]
    fn names_of_one_site_are_told() {
        let state = |host: &str, base_domain: &str| {
            let arguments = Arguments { host: Some(host.to_owned()), base_domain: Some(base_domain.to_owned()), ..Arguments::default() };
            let config = Config::read(arguments).unwrap();
            let state = names(&config).state;
            assert_eq!(remark_on_names(&config).is_some(), state == State::Warning, "a start says the same");
            state
        };
        assert_eq!(state("localhost", "localhost"), State::Ok);
        assert_eq!(state("cloud.example.com", "apps.example.com"), State::Warning);
        assert_eq!(state("example.co.uk", "apps.example.co.uk"), State::Warning);
        assert_eq!(state("cloud.example.com", "example.net"), State::Ok);
        assert_eq!(state("one.co.uk", "other.co.uk"), State::Ok);
        assert_eq!(state("one.github.io", "two.github.io"), State::Ok);
    }
}
