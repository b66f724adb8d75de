//! Claimed host names.

use jiff::Timestamp;

use super::AppStore;
use crate::{DomainId, Listed, Page, Result};

/// What a claim covers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize, sqlx::Type)]
#[serde(rename_all = "snake_case")]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub enum DomainKind {
    /// The host itself.
    Exact,
    /// Every host below it, not the host itself.
    Wildcard,
}

/// Whether the claim was proved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize, sqlx::Type)]
#[serde(rename_all = "snake_case")]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub enum DomainStatus {
    /// Serves nothing and blocks nobody.
    Pending,
    Verified,
}

/// A claimed host name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Domain {
    pub id: DomainId,
    /// Canonical; for a wildcard without the leading `*.`.
    pub host: String,
    pub kind: DomainKind,
    pub status: DomainStatus,
    /// The text that the DNS TXT record must hold.
    pub challenge: String,
    pub created_at: Timestamp,
    pub verified_at: Option<Timestamp>,
}

/// A claim to be made.
#[derive(Debug, Clone)]
pub struct NewDomain {
    /// Canonical; for a wildcard without the leading `*.`.
    pub host: String,
    pub kind: DomainKind,
    /// `Verified` only where claims need no proof (everything on loopback).
    pub status: DomainStatus,
    pub challenge: String,
    pub now: Timestamp,
}

impl AppStore {
    /// The app's claims, oldest first.
    ///
    /// # Errors
    /// The database failed.
    pub async fn domains(&self, page: Page) -> Result<Listed<Domain>> {
        todo!()
    }

    /// One claim.
    ///
    /// # Errors
    /// The database failed.
    pub async fn domain(&self, id: DomainId) -> Result<Option<Domain>> {
        todo!()
    }

    /// Claims a host name. Every node hears of it.
    ///
    /// # Errors
    /// [`crate::Error::Duplicate`]: this app claimed it already, or it is to be verified and another app has proved it.
    pub async fn create_domain(&self, domain: &NewDomain) -> Result<Domain> {
        todo!()
    }

    /// Marks a claim as proved. Every node hears of it. `None`: there is no such claim.
    ///
    /// # Errors
    /// [`crate::Error::Duplicate`]: another app has proved it.
    pub async fn verify_domain(&self, id: DomainId, now: Timestamp) -> Result<Option<Domain>> {
        todo!()
    }

    /// Gives a claim up. Every node hears of it. Returns whether it was there.
    ///
    /// # Errors
    /// The database failed.
    pub async fn delete_domain(&self, id: DomainId) -> Result<bool> {
        todo!()
    }
}
