//! For which names a certificate may be had: those at which something here answers (S-7.1). From the table, without the database.

use crate::{Orchestrator, host_name, host_name::Host};

/// Whose certificate it would be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CertificateFor {
    /// The instance's host, an app's host below the base domain, or a proved exact claim.
    Name,
    /// One of arbitrarily many: under this proved wildcard, or a preview of the app at this host. The asker bounds how many.
    NameUnder(String),
    /// Nothing answers there.
    Nobody,
    /// An address, or no host name at all.
    NoHost,
}

impl Orchestrator {
    /// For whom a certificate of this name would be. No query, no lock.
    #[must_use]
    pub fn certificate_for(&self, domain: &str) -> CertificateFor {
        // A port or brackets have no place in a certificate.
        let host = match host_name::canonical(domain.as_bytes()) {
            Ok(Host::Name(host)) if !domain.contains(':') => host,
            _ => return CertificateFor::NoHost,
        };
        if self.instance_hosts.contain(&Host::Name(host.clone())) {
            return CertificateFor::Name;
        }
        if let Some(app_host) = self.preview_of(&host) {
            return CertificateFor::NameUnder(format!("previews of {app_host}"));
        }
        let Some(app) = self.table.app(&host) else { return CertificateFor::Nobody };
        if app.hosts.iter().any(|pattern| **pattern == *host) {
            return CertificateFor::Name;
        }
        let covering = app.hosts.iter().filter(|pattern| crate::trie::covers(pattern, &host)).max_by_key(|pattern| pattern.len());
        covering.map_or(CertificateFor::Nobody, |pattern| CertificateFor::NameUnder(pattern.to_string()))
    }

    /// The host of the app that `<number>--<slug>.<base domain>` is a preview of.
    fn preview_of(&self, host: &str) -> Option<String> {
        let label = host.strip_suffix(self.config.base_domain.as_str())?.strip_suffix('.')?;
        let (number, slug) = label.split_once("--")?;
        let is_number = !number.starts_with('0') && number.parse::<u32>().is_ok() && number.bytes().all(|byte| byte.is_ascii_digit());
        let app_host = format!("{slug}.{}", self.config.base_domain);
        let app = self.table.app(&app_host).filter(|app| is_number && *app.slug == *slug)?;
        Some(app.hosts.first()?.to_string())
    }
}
