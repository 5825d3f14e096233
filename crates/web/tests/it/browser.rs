//! What a browser would send and see.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use entente_web::{Site, router};
use http::header::{CONTENT_TYPE, COOKIE, HOST, SET_COOKIE};
use http::{HeaderMap, Method, Request, StatusCode};
use http_body_util::BodyExt as _;
use tower::ServiceExt as _;

use crate::world::World;

pub(crate) const AUTHORITY: &str = "xar.localhost:8080";

/// Where Arvenia's pages are.
pub(crate) fn site() -> Site {
    Site { host: "xar.localhost".to_owned(), port: 8080, origin: format!("http://{AUTHORITY}") }
}

/// An answer.
pub(crate) struct Seen {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl Seen {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// The session's secret that it sets.
    pub(crate) fn session(&self) -> Option<String> {
        let cookie = self.headers.get(SET_COOKIE)?.to_str().unwrap();
        let (name, rest) = cookie.split_once('=').unwrap();
        assert_eq!(name, "__Host-entente");
        Some(rest.split(';').next().unwrap().to_owned())
    }

    /// The value of a hidden input.
    pub(crate) fn hidden(&self, name: &str) -> String {
        let start = format!("name=\"{name}\" value=\"");
        let (_, rest) = self.text.split_once(&start).unwrap();
        rest.split('"').next().unwrap().to_owned()
    }
}

/// A browser at Arvenia's pages.
#[derive(Clone)]
pub(crate) struct Browser {
    pub(crate) router: Router,
    pub(crate) session: Option<String>,
    pub(crate) host: String,
}

impl Browser {
    pub(crate) fn at(world: &World) -> Self {
        let router = router(Arc::clone(&world.node), Arc::clone(&world.events), site());
        Self { router, session: None, host: AUTHORITY.to_owned() }
    }

    pub(crate) fn signed_in(world: &World, person: &str) -> Self {
        Self { session: Some(world.session(person)), ..Self::at(world) }
    }

    pub(crate) fn request(&self, method: Method, path: &str) -> http::request::Builder {
        let mut request =
            Request::builder().method(method).uri(path).header(HOST, self.host.as_str());
        if let Some(session) = &self.session {
            request = request.header(COOKIE, format!("other=1; __Host-entente={session}"));
        }
        request
    }

    pub(crate) async fn send(&self, request: Request<Body>) -> Seen {
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let bytes = body.collect().await.unwrap().to_bytes();
        Seen {
            status: parts.status,
            headers: parts.headers,
            text: String::from_utf8(bytes.to_vec()).unwrap(),
        }
    }

    /// The body of an answer that goes on.
    pub(crate) async fn open(&self, request: Request<Body>) -> (StatusCode, Body) {
        let response = self.router.clone().oneshot(request).await.unwrap();
        (response.status(), response.into_body())
    }

    pub(crate) async fn get(&self, path: &str) -> Seen {
        self.send(self.request(Method::GET, path).body(Body::empty()).unwrap()).await
    }

    /// Posts a form as one of our own pages does.
    pub(crate) async fn post(&self, path: &str, form: &str) -> Seen {
        let request = self
            .request(Method::POST, path)
            .header("sec-fetch-site", "same-origin")
            .header("origin", "null")
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded");
        self.send(request.body(Body::from(form.to_owned())).unwrap()).await
    }
}
