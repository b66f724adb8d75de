//! Between steps 2 and 4: which deployment of the app answers a request, and why that one.

use std::net::IpAddr;

use http::{HeaderMap, HeaderValue};

use crate::{
    response::{DEPLOYMENT, HostOwner},
    split::Split,
    table::{App, Version},
};

/// What runs for a request.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Served<'a> {
    pub(crate) app: &'a App,
    pub(crate) version: &'a Version,
    pub(crate) why: Why<'a>,
}

/// Why this deployment.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Why<'a> {
    /// It is the active one.
    Active,
    /// It is the active one, and not all visitors get it.
    Kept,
    /// It is the other one, which has a share of the visitors.
    Tried(&'a Split),
    /// Somebody looks at it.
    Preview,
}

impl<'a> Served<'a> {
    pub(crate) fn active(app: &'a App) -> Self {
        Self { app, version: &app.version, why: Why::Active }
    }

    pub(crate) fn preview(app: &'a App, version: &'a Version) -> Self {
        Self { app, version, why: Why::Preview }
    }

    /// The side that a visitor of the active deployment gets, if the app has a split.
    pub(crate) fn divided(self, headers: &HeaderMap, client: IpAddr) -> Self {
        match (self.why, &self.app.split) {
            (Why::Active, Some(split)) if !split.watch.is_stopped() => match split.takes(headers, client) {
                true => Self { version: &split.version, why: Why::Tried(split), ..self },
                false => Self { why: Why::Kept, ..self },
            },
            _ => self,
        }
    }

    /// The host that routes are found by: a preview answers like the app's own host.
    pub(crate) fn routed_host<'h>(&self, host: &'h str) -> &'h str
    where
        'a: 'h,
    {
        match self.why {
            Why::Active | Why::Kept | Why::Tried(_) => host,
            Why::Preview => self.app.own_host(),
        }
    }

    /// Whose the host of the request is.
    pub(crate) fn owner_of(&self, host: &str) -> HostOwner {
        match self.why {
            Why::Active | Why::Kept | Why::Tried(_) => self.app.owner_of(host),
            Why::Preview => HostOwner::Shared,
        }
    }

    /// What the answer tells of the deployment: its number, where it is not simply that of the active one; and that previews are for no index.
    pub(crate) fn marks(&self) -> HeaderMap {
        let mut marks = HeaderMap::new();
        if !matches!(self.why, Why::Active) {
            marks.insert(DEPLOYMENT, self.version.deployment.into());
        }
        if matches!(self.why, Why::Preview) {
            marks.insert("x-robots-tag", HeaderValue::from_static("noindex"));
        }
        marks
    }
}
