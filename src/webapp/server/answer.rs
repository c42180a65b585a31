//! One request → one answer.

use http_body_util::Full;
use hyper::body::Bytes;
use hyper::header::{self, HeaderMap, HeaderName, HeaderValue};
use hyper::{Method, Request, Response, StatusCode};

use crate::webapp::site::{Resource, Site};

/// What every answer says, whatever it is about.
///
/// * The page runs its own scripts and WebAssembly and nothing else, talks to this server alone, shows photographs
///   that it was given (`blob:`, `data:`), and cannot be put into another page.
/// * The two `Cross-Origin` policies isolate it, without which browsers give WebAssembly no threads.
/// * `no-cache` has a browser ask whether a file has changed before it uses its copy.
const ALWAYS: [(&str, &str); 8] = [
    (
        "content-security-policy",
        "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'; connect-src 'self'; \
         img-src 'self' blob: data:; media-src 'self' blob:; frame-ancestors 'none'; base-uri 'none'; \
         form-action 'none'",
    ),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-embedder-policy", "require-corp"),
    ("cross-origin-resource-policy", "same-origin"),
    ("x-content-type-options", "nosniff"),
    ("referrer-policy", "no-referrer"),
    (
        "permissions-policy",
        "camera=(self), microphone=(), geolocation=()",
    ),
    ("cache-control", "no-cache"),
];

/// Answers a request whose body, if it has one, nobody reads.
pub fn answer<B>(site: &Site, request: &Request<B>) -> Response<Full<Bytes>> {
    let mut answer = match (request.method(), site.at(request.uri().path())) {
        (&Method::GET | &Method::HEAD, Some(resource)) => file(resource, request.headers()),
        (&Method::GET | &Method::HEAD, None) => {
            text(StatusCode::NOT_FOUND, "There is no such file.\n")
        }
        _ => {
            let mut answer = text(StatusCode::METHOD_NOT_ALLOWED, "This can only be read.\n");
            set(&mut answer, header::ALLOW, "GET, HEAD");
            answer
        }
    };
    for (name, value) in ALWAYS {
        set(&mut answer, HeaderName::from_static(name), value);
    }
    answer
}

/// A file, or the word that the client's copy is still right. The server leaves the body of a HEAD's answer out.
fn file(resource: &Resource, asked: &HeaderMap) -> Response<Full<Bytes>> {
    let gzip = resource.gzip.as_ref().filter(|_| takes_gzip(asked));
    let form = if gzip.is_some() { "-gzip" } else { "" };
    let tag = format!("\"{}{form}\"", resource.hash);
    let mut answer = if has(asked, &tag) {
        let mut answer = Response::new(Full::default());
        *answer.status_mut() = StatusCode::NOT_MODIFIED;
        answer
    } else {
        let body = gzip.cloned().unwrap_or_else(|| resource.plain());
        let mut answer = Response::new(Full::new(body));
        set(&mut answer, header::CONTENT_TYPE, resource.mime);
        if gzip.is_some() {
            set(&mut answer, header::CONTENT_ENCODING, "gzip");
        }
        answer
    };
    set(&mut answer, header::ETAG, &tag);
    if resource.gzip.is_some() {
        set(&mut answer, header::VARY, "accept-encoding");
    }
    answer
}

fn text(status: StatusCode, words: &'static str) -> Response<Full<Bytes>> {
    let mut answer = Response::new(Full::new(Bytes::from_static(words.as_bytes())));
    *answer.status_mut() = status;
    set(
        &mut answer,
        header::CONTENT_TYPE,
        "text/plain; charset=utf-8",
    );
    answer
}

fn set(answer: &mut Response<Full<Bytes>>, name: HeaderName, value: &str) {
    // All values are plain ASCII of ours, which a header may hold.
    if let Ok(value) = HeaderValue::from_str(value) {
        answer.headers_mut().insert(name, value);
    }
}

/// The parts of a header that is a list.
fn list(asked: &HeaderMap, name: HeaderName) -> impl Iterator<Item = &str> {
    let lines = asked.get_all(name).into_iter();
    lines
        .filter_map(|line| line.to_str().ok())
        .flat_map(|line| line.split(','))
        .map(str::trim)
}

/// Whether the client takes gzip: it is named, or `*` is, and not with a weight of 0 (RFC 9110, 12.5.3).
fn takes_gzip(asked: &HeaderMap) -> bool {
    list(asked, header::ACCEPT_ENCODING).any(|coding| {
        let (name, weight) = coding.split_once(';').unwrap_or((coding, "q=1"));
        let weight = weight.trim().strip_prefix("q=");
        let refused = weight.and_then(|q| q.parse().ok()) == Some(0.0);
        matches!(name.trim(), "gzip" | "*") && !refused
    })
}

/// Whether the client has the file with this tag already (RFC 9110, 13.1.2: compared weakly).
fn has(asked: &HeaderMap, tag: &str) -> bool {
    list(asked, header::IF_NONE_MATCH)
        .any(|known| known == "*" || known.strip_prefix("W/").unwrap_or(known) == tag)
}
