//! What every request must pass and every answer must carry.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use http::{Method, StatusCode};

use crate::Site;
use crate::door::Door;
use crate::refusal::Refusal;

/// Nothing from elsewhere, nothing inline, nobody around us.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
     connect-src 'self'; img-src 'self'; form-action 'self'; frame-ancestors 'none'; \
     base-uri 'none'";

const PERMISSIONS_POLICY: &str = "accelerometer=(), autoplay=(), camera=(), display-capture=(), \
     encrypted-media=(), fullscreen=(), geolocation=(), gyroscope=(), magnetometer=(), \
     microphone=(), midi=(), payment=(), picture-in-picture=(), publickey-credentials-create=(self), \
     publickey-credentials-get=(self), \
     screen-wake-lock=(), usb=(), xr-spatial-tracking=()";

/// The headers of every answer, refusals included.
pub(crate) const HEADERS: [(HeaderName, &str); 8] = [
    (header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::X_FRAME_OPTIONS, "DENY"),
    (header::REFERRER_POLICY, "no-referrer"),
    (HeaderName::from_static("permissions-policy"), PERMISSIONS_POLICY),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    (HeaderName::from_static("cross-origin-embedder-policy"), "require-corp"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
];

/// Adds the headers of every answer. What does not say otherwise is not kept anywhere.
pub(crate) async fn headers(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    for (name, value) in HEADERS {
        headers.insert(name, HeaderValue::from_static(value));
    }
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
}

/// Answers only to its own name, so that no other site's name can be pointed at this node.
pub(crate) async fn host(State(door): State<Arc<Door>>, request: Request, next: Next) -> Response {
    let asked = request
        .uri()
        .authority()
        .map(|a| a.as_str().to_owned())
        .or_else(|| text(request.headers(), &header::HOST).map(str::to_owned));
    match asked {
        Some(asked) if is_ours(&door.site, &asked) => next.run(request).await,
        _ => Refusal::wrong_host(&door.site.origin).into_response(),
    }
}

/// Whether `asked` is a name of this site: its host or `localhost`, at its port or at its
/// origin's.
fn is_ours(site: &Site, asked: &str) -> bool {
    let asked = asked.to_ascii_lowercase();
    let authority = site.origin.split_once("://").map_or("", |(_, rest)| rest);
    if asked == authority.to_ascii_lowercase() {
        return true;
    }
    let port = site.port.to_string();
    let Some((host, asked_port)) = asked.rsplit_once(':') else { return false };
    asked_port == port && (host == site.host.to_ascii_lowercase() || host == "localhost")
}

/// Lets through only what changes nothing or was sent by one of our own pages.
///
/// Browsers say so in `Sec-Fetch-Site`. Those that do not must show our origin; since pages ask
/// for no referrer, they may have hidden it, and then they are refused.
pub(crate) async fn same_origin(request: Request, next: Next) -> Response {
    let safe = matches!(*request.method(), Method::GET | Method::HEAD);
    if safe || is_same_origin(request.headers()) {
        return next.run(request).await;
    }
    Refusal::foreign_form().into_response()
}

fn is_same_origin(headers: &HeaderMap) -> bool {
    let host = text(headers, &header::HOST);
    let from_us = text(headers, &header::ORIGIN)
        .filter(|origin| *origin != "null")
        .map(|origin| origin.split_once("://").map(|(_, authority)| authority) == host);
    match (text(headers, &HeaderName::from_static("sec-fetch-site")), from_us) {
        (Some("same-origin"), from_us) => from_us != Some(false),
        (Some(_), _) => false,
        (None, from_us) => from_us == Some(true),
    }
}

fn text<'h>(headers: &'h HeaderMap, name: &HeaderName) -> Option<&'h str> {
    headers.get(name)?.to_str().ok()
}

/// The status that tells a client that it speaks to the wrong name.
pub(crate) const WRONG_HOST: StatusCode = StatusCode::MISDIRECTED_REQUEST;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_its_own_names_are_ours() {
        let site = Site {
            host: "xar.localhost".to_owned(),
            port: 8080,
            origin: "https://node.xar.example".to_owned(),
        };
        for ours in
            ["xar.localhost:8080", "XAR.localhost:8080", "localhost:8080", "node.xar.example"]
        {
            assert!(is_ours(&site, ours), "{ours}");
        }
        for other in [
            "",
            "xar.localhost",
            "xar.localhost:8081",
            "xbr.localhost:8080",
            "127.0.0.1:8080",
            "xar.localhost:8080.evil.example",
            "evil.example",
        ] {
            assert!(!is_ours(&site, other), "{other}");
        }
    }

    #[test]
    fn a_form_must_come_from_our_own_page() {
        let check = |origin: Option<&'static str>, site: Option<&'static str>| {
            let mut headers = HeaderMap::new();
            headers.insert(header::HOST, HeaderValue::from_static("xar.localhost:8080"));
            for (name, value) in [(header::ORIGIN, origin)]
                .into_iter()
                .chain([(HeaderName::from_static("sec-fetch-site"), site)])
            {
                if let Some(value) = value {
                    headers.insert(name, HeaderValue::from_static(value));
                }
            }
            is_same_origin(&headers)
        };
        assert!(check(Some("null"), Some("same-origin")));
        assert!(check(Some("http://xar.localhost:8080"), Some("same-origin")));
        assert!(check(Some("http://xar.localhost:8080"), None));
        assert!(!check(None, None));
        assert!(!check(Some("null"), None));
        assert!(!check(Some("http://xar.localhost:8080"), Some("cross-site")));
        assert!(!check(Some("http://xbr.localhost:8081"), Some("same-site")));
        assert!(!check(Some("http://xbr.localhost:8081"), Some("same-origin")));
        assert!(!check(Some("http://evil.example"), None));
    }
}
