//! What a route of kind `static` says of assets, in bodies and answers of routes, deployments and comparisons.

use execution::assets::{MAX_AGE_SECONDS_MAX, check_asset_path, content_type};
use serde::{Deserialize, Serialize};
use store::{RouteTarget, ScriptId, StaticTerms};
use utoipa::ToSchema;
use uuid::Uuid;

use super::problem::{Problem, sentence};
use crate::{AssetMatch, State};

/// The method of every static route; it answers HEAD as well.
const METHOD: &str = "GET";

/// How the assets of the deployment answer. The path of the URL is the path of the asset; a path that ends with `/` is that of its `index.html`, and a
/// directory that has one redirects to itself with `/`.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct StaticBody {
    /// The asset that answers with 200 where there is no other: the page of a single-page app.
    #[serde(default)]
    #[schema(example = "/index.html")]
    pub(super) fallback: Option<String>,
    /// The asset that answers with 404 where there is no other, and no fallback.
    #[serde(default)]
    #[schema(example = "/404.html")]
    pub(super) not_found: Option<String>,
    /// For how many seconds browsers need not ask again, 0 to 31,536,000; they ask each time if it is absent or null.
    #[serde(default)]
    #[schema(minimum = 0)]
    pub(super) max_age: Option<u32>,
}

/// What a request would be served of the assets.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct AssetMatchBody {
    #[schema(example = 200)]
    status: u16,
    /// The asset that would be sent; null: none (a redirect, or 404).
    #[schema(example = "/index.html")]
    path: Option<String>,
    #[schema(example = "text/html; charset=utf-8")]
    content_type: Option<&'static str>,
    /// Where a redirect leads.
    #[schema(example = json!(null))]
    location: Option<String>,
    /// Why this asset and not another.
    why: &'static str,
}

/// A field of a body, and what is wrong with it.
pub(super) type Fault = (&'static str, String);

impl StaticBody {
    pub(super) fn of(terms: StaticTerms) -> Self {
        let StaticTerms { fallback, not_found, max_age_seconds } = terms;
        Self { fallback, not_found, max_age: max_age_seconds }
    }

    /// Whether the assets that it names are there is known where the deployment is.
    pub(super) fn checked(self) -> Result<StaticTerms, Fault> {
        let Self { fallback, not_found, max_age } = self;
        for (field, path) in [("/static/fallback", &fallback), ("/static/not_found", &not_found)] {
            if let Some(path) = path {
                check_asset_path(path).map_err(|rule| (field, sentence(&rule)))?;
            }
        }
        if max_age.is_some_and(|seconds| seconds > MAX_AGE_SECONDS_MAX) {
            return Err(("/static/max_age", format!("It goes from 0 to {MAX_AGE_SECONDS_MAX} seconds (a year).")));
        }
        Ok(StaticTerms { fallback, not_found, max_age_seconds: max_age })
    }
}

/// The kind of a route, and its two fields of which one is null.
pub(super) fn shown(target: RouteTarget) -> (&'static str, Option<Uuid>, Option<StaticBody>) {
    match target {
        RouteTarget::Script(script) => ("script", Some(script.uuid()), None),
        RouteTarget::Static(terms) => ("static", None, Some(StaticBody::of(terms))),
    }
}

/// What answers, of the two fields of a body of which one is there; and the route's method.
pub(super) fn target<S>(
    script: Option<S>,
    assets: Option<StaticBody>,
    method: Option<String>,
) -> Result<(Result<S, StaticTerms>, Option<String>), Fault> {
    match (script, assets) {
        (Some(script), None) => Ok((Ok(script), method)),
        (None, Some(assets)) => match method {
            Some(method) if !method.eq_ignore_ascii_case(METHOD) => {
                Err(("/method", "A static route answers GET and HEAD: leave the method out, or write GET.".to_owned()))
            }
            _ => Ok((Err(assets.checked()?), Some(METHOD.to_owned()))),
        },
        (Some(_), Some(_)) => {
            Err(("/static", "Either a script answers a route, or assets do: leave one of `script` and `static` out.".to_owned()))
        }
        (None, None) => Err(("/script", "Name what answers: `script`, or `static` for the assets of the deployment.".to_owned())),
    }
}

/// The same for a route of the active deployment, whose script is named by its id.
pub(super) fn target_by_id(
    script: Option<Uuid>,
    assets: Option<StaticBody>,
    method: Option<String>,
) -> Result<(RouteTarget, Option<String>), Problem> {
    let (target, method) = target(script, assets, method).map_err(|(pointer, message)| Problem::invalid(pointer, message))?;
    Ok((target.map_or_else(RouteTarget::Static, |script| RouteTarget::Script(ScriptId::from(script))), method))
}

/// What a static route of the active deployment would serve.
///
/// # Errors
/// The database failed; the path has more than one reading.
pub(super) async fn served(state: &State, app: &store::AppStore, terms: &StaticTerms, path: &str) -> Result<AssetMatchBody, Problem> {
    let assets = app.active_assets().await?;
    let found = state.data_plane.match_asset(&assets, terms, path).map_err(|message| Problem::invalid("/path", message))?;
    Ok(match found {
        AssetMatch::Asset { path, status, why } => {
            AssetMatchBody { status, content_type: Some(content_type(&path)), path: Some(path), location: None, why }
        }
        AssetMatch::Redirect { location } => AssetMatchBody {
            status: 308,
            path: None,
            content_type: None,
            location: Some(location),
            why: "It is a directory that has an index.html, and its path has to end with `/`.",
        },
        AssetMatch::Nothing => AssetMatchBody {
            status: 404,
            path: None,
            content_type: None,
            location: None,
            why: "No asset has this path, and the route names none in its place.",
        },
    })
}
