//! Responses to requests.

use http_body_util::Full;
use hyper::body::Bytes;
use hyper::header::{self, HeaderMap, HeaderName, HeaderValue};
use hyper::{Method, Request, Response, StatusCode};

use crate::webapp::site::{Resource, Site};

/// The headers of every response.
///
/// * The content security policy allows scripts and WebAssembly of the page itself, requests to this server, and local
///   photographs (`blob:`, `data:`). It forbids embedding in other pages.
/// * The `Cross-Origin` policies isolate the page, which browsers require for WebAssembly threads.
/// * `no-cache` makes browsers revalidate cached files.
const COMMON_HEADERS: [(&str, &str); 8] = [
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

/// The response to a request for a host that is not this server's.
const FOREIGN_HOST: &str = "This server does not answer to this host name. \
    To allow it, start `skinlesion serve` with --allow-host and the name.\n";

/// Responds to a request, unless its host is refused with a status. A request body is ignored.
pub fn respond<B>(
    site: &Site,
    request: &Request<B>,
    host: Result<(), StatusCode>,
) -> Response<Full<Bytes>> {
    let resource = site.get(request.uri().path());
    let mut response = match (host, request.method(), resource) {
        (Err(status), _, _) => text(status, FOREIGN_HOST),
        (Ok(()), &Method::GET | &Method::HEAD, Some(resource)) => file(resource, request.headers()),
        (Ok(()), &Method::GET | &Method::HEAD, None) => text(StatusCode::NOT_FOUND, "Not found.\n"),
        _ => {
            let mut response = text(
                StatusCode::METHOD_NOT_ALLOWED,
                "Only GET and HEAD are allowed.\n",
            );
            set(&mut response, header::ALLOW, "GET, HEAD");
            response
        }
    };
    for (name, value) in COMMON_HEADERS {
        set(&mut response, HeaderName::from_static(name), value);
    }
    response
}

/// A file, or 304 if the client's copy is current. hyper omits the body for HEAD.
fn file(resource: &Resource, request: &HeaderMap) -> Response<Full<Bytes>> {
    let gzip = resource.gzip.as_ref().filter(|_| accepts_gzip(request));
    let suffix = if gzip.is_some() { "-gzip" } else { "" };
    let tag = format!("\"{}{suffix}\"", resource.hash);
    let mut response = if has_current(request, &tag) {
        let mut response = Response::new(Full::default());
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        response
    } else {
        let body = gzip.cloned().unwrap_or_else(|| resource.plain());
        let mut response = Response::new(Full::new(body));
        set(&mut response, header::CONTENT_TYPE, resource.mime);
        if gzip.is_some() {
            set(&mut response, header::CONTENT_ENCODING, "gzip");
        }
        response
    };
    set(&mut response, header::ETAG, &tag);
    if resource.gzip.is_some() {
        set(&mut response, header::VARY, "accept-encoding");
    }
    response
}

fn text(status: StatusCode, body: &'static str) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from_static(body.as_bytes())));
    *response.status_mut() = status;
    set(
        &mut response,
        header::CONTENT_TYPE,
        "text/plain; charset=utf-8",
    );
    response
}

fn set(response: &mut Response<Full<Bytes>>, name: HeaderName, value: &str) {
    // All values are ASCII constants or hashes, so this never fails.
    if let Ok(value) = HeaderValue::from_str(value) {
        response.headers_mut().insert(name, value);
    }
}

/// The elements of a list header.
fn list(request: &HeaderMap, name: HeaderName) -> impl Iterator<Item = &str> {
    let lines = request.get_all(name).into_iter();
    lines
        .filter_map(|line| line.to_str().ok())
        .flat_map(|line| line.split(','))
        .map(str::trim)
}

/// Whether the client accepts `gzip` or `*` with a weight other than 0 (RFC 9110, 12.5.3).
fn accepts_gzip(request: &HeaderMap) -> bool {
    list(request, header::ACCEPT_ENCODING).any(|coding| {
        let (name, weight) = coding.split_once(';').unwrap_or((coding, "q=1"));
        let weight = weight.trim().strip_prefix("q=");
        let refused = weight.and_then(|q| q.parse().ok()) == Some(0.0);
        matches!(name.trim(), "gzip" | "*") && !refused
    })
}

/// Whether the client has the file with this tag (RFC 9110, 13.1.2: weak comparison).
fn has_current(request: &HeaderMap, tag: &str) -> bool {
    list(request, header::IF_NONE_MATCH)
        .any(|cached| cached == "*" || cached.strip_prefix("W/").unwrap_or(cached) == tag)
}
