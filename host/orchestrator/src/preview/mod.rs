//! Previews: any deployment of an app at `<number>--<slug>.<base domain>`, for who has a link (DESIGN section 6).
//!
//! Only hosts that are nobody's come here, so nothing of it costs an ordinary request anything. A link is signed for one app, one deployment
//! and some time; following it leaves a cookie on the preview's own host. Without either nothing is looked up: whether a deployment exists
//! shows only to who may see it. What is shown runs like the active deployment, with the app's limits, places and data.

mod cache;
mod cookie;
mod key;

use std::net::SocketAddr;

use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, header};
use hyper::body::Incoming;

pub use key::PreviewKey;
pub(crate) use key::unhex;

pub(crate) use cache::Previews;

pub(crate) use self::cache::Lookup;
use self::key::Purpose;
use crate::{Orchestrator, body::Body, error::Refusal, served::Served, stream::Beginning};

/// Nothing below it is an app's.
const RESERVED: &str = "/.well-known/picloud/";
/// Where links lead.
const ENTRANCE: &str = "/.well-known/picloud/preview";

impl Orchestrator {
    /// A request to a host that no app has: the preview of a deployment, or nothing.
    pub(crate) async fn preview_response(
        &self,
        mut request: Request<Incoming>,
        host: String,
        peer: SocketAddr,
        beginning: Beginning,
    ) -> Response<Body> {
        let Some((number, slug)) = previewed(&host, &self.config.base_domain) else { return self.refuse(Refusal::UnknownHost, None) };
        let Some(app) = self.table.app(&format!("{slug}.{}", self.config.base_domain)) else {
            return self.refuse(Refusal::UnknownHost, None);
        };
        let now = (self.config.clock)() / 1_000;
        let scheme = self.config.trusted_proxies.client(peer.ip(), request.headers()).scheme;
        let key = &self.config.preview_key;
        if request.uri().path().starts_with(RESERVED) {
            let entered = token_of_link(&request).and_then(|token| {
                let expires = key.check(Purpose::Link, token, app.id, number, now).ok_or(Refusal::PreviewLink)?;
                Ok(cookie::set(&key.sign(Purpose::Cookie, app.id, number, expires), expires - now, scheme))
            });
            return entered.map_or_else(|refusal| unstored(self.refuse(refusal, None)), |cookie| entrance(&cookie));
        }
        let is_let_in =
            cookie::values(request.headers(), scheme).any(|value| key.check(Purpose::Cookie, value, app.id, number, now).is_some());
        if !is_let_in {
            return unstored(self.refuse(Refusal::PreviewPrivate, None));
        }
        // The cookie is between the browser and PiCloud.
        cookie::withhold(request.headers_mut());
        match self.previews.version(self.loader(), app.id, number).await {
            Lookup::Found(version) => {
                let mut response = self.app_response(request, host, Served::preview(&app, &version), peer, beginning).await;
                response.headers_mut().insert("x-robots-tag", HeaderValue::from_static("noindex"));
                response
            }
            Lookup::Missing => self.refuse(Refusal::PreviewGone, None),
            Lookup::NotYet => self.refuse(Refusal::PreviewLoading, None),
        }
    }

    /// Path and query of a link to the preview of a deployment, on the host `<number>--<slug>.<base domain>`. `expires`: seconds since 1970.
    #[must_use]
    pub fn preview_link(&self, app: store::AppId, number: u32, expires: u64) -> String {
        format!("{ENTRANCE}?token={}", self.config.preview_key.sign(Purpose::Link, app, number, expires))
    }
}

/// Number and slug of a host like `7--shop.apps.example`.
fn previewed<'h>(host: &'h str, base_domain: &str) -> Option<(u32, &'h str)> {
    let label = host.strip_suffix(base_domain)?.strip_suffix('.')?;
    let (number, slug) = label.split_once("--")?;
    let is_plain =
        !number.starts_with('0') && number.bytes().all(|byte| byte.is_ascii_digit()) && !slug.contains(['.']) && !slug.is_empty();
    number.parse().ok().filter(|_| is_plain).map(|number| (number, slug))
}

fn token_of_link<B>(request: &Request<B>) -> Result<&str, Refusal> {
    if request.uri().path() != ENTRANCE {
        return Err(Refusal::NoRoute);
    }
    if request.method() != Method::GET {
        return Err(Refusal::Method { allow: "GET".to_owned() });
    }
    let pairs = request.uri().query().unwrap_or_default().split('&');
    pairs.filter_map(|pair| pair.strip_prefix("token=")).next().ok_or(Refusal::PreviewLink)
}

/// On to the app, with the cookie, and without the link in anybody's memory.
fn entrance(cookie: &str) -> Response<Body> {
    let mut response = Response::new(Body::from(bytes::Bytes::new()));
    *response.status_mut() = StatusCode::SEE_OTHER;
    let headers: &mut HeaderMap = response.headers_mut();
    headers.insert(header::LOCATION, HeaderValue::from_static("/"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    if let Ok(cookie) = HeaderValue::from_str(cookie) {
        headers.insert(header::SET_COOKIE, cookie);
    }
    unstored(response)
}

fn unstored(mut response: Response<Body>) -> Response<Body> {
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_of_previews() {
        let of = |host: &'static str| previewed(host, "apps.test");
        assert_eq!(of("7--shop.apps.test"), Some((7, "shop")));
        assert_eq!(of("12--my-shop.apps.test"), Some((12, "my-shop")));
        for host in [
            "shop.apps.test",
            "7-shop.apps.test",
            "07--shop.apps.test",
            "0--shop.apps.test",
            "+7--shop.apps.test",
            "--shop.apps.test",
            "7--.apps.test",
            "4294967296--shop.apps.test",
            "x.7--shop.apps.test",
            "7--shop.x.apps.test",
            "7--shop.apps.test.org",
            "7--shopapps.test",
            "apps.test",
        ] {
            assert_eq!(of(host), None, "{host}");
        }
    }
}
