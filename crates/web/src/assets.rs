//! The style sheet, the scripts and the mark: our own, served with the program.

use std::sync::LazyLock;

use axum::response::{IntoResponse, Response};
use entente_app::people::action_digest;
use http::header::{CACHE_CONTROL, CONTENT_TYPE};

const STYLE: &str = include_str!("../assets/entente.css");
const SCRIPT: &str = include_str!("../assets/live.js");
const PASSKEY: &str = include_str!("../assets/passkey.js");
const PREVIEW: &str = include_str!("../assets/preview.js");
const MARK: &str = include_str!("../assets/mark.svg");

/// Changes with the assets; pages name them with it, so that browsers can keep them for good.
pub(crate) static VERSION: LazyLock<String> = LazyLock::new(|| {
    action_digest("assets", [STYLE, SCRIPT, PASSKEY, PREVIEW, MARK].concat().as_bytes()).short()
});

fn asset(media_type: &'static str, body: &'static str) -> Response {
    let kept = "private, max-age=31536000, immutable";
    ([(CONTENT_TYPE, media_type), (CACHE_CONTROL, kept)], body).into_response()
}

pub(crate) async fn style() -> Response {
    asset("text/css; charset=utf-8", STYLE)
}

pub(crate) async fn script() -> Response {
    asset("text/javascript; charset=utf-8", SCRIPT)
}

pub(crate) async fn passkey() -> Response {
    asset("text/javascript; charset=utf-8", PASSKEY)
}

pub(crate) async fn preview() -> Response {
    asset("text/javascript; charset=utf-8", PREVIEW)
}

pub(crate) async fn mark() -> Response {
    asset("image/svg+xml", MARK)
}
