//! What the server answers.

use std::io::Read;

use flate2::read::GzDecoder;

use super::client::{Served, export, page, served};

fn inflated(gzip: &[u8]) -> String {
    let mut text = String::new();
    GzDecoder::new(gzip).read_to_string(&mut text).unwrap();
    text
}

#[test]
fn every_answer_shuts_the_page_off_from_the_rest_of_the_web() {
    let (_home, served) = served();
    for (request, status) in [("GET /", 200), ("GET /nothing", 404), ("POST /", 405)] {
        let answer = served.ask(request, &[]);
        assert_eq!(answer.status, status, "{request}");
        let policy = answer.header("content-security-policy");
        for part in [
            "default-src 'self';",
            "script-src 'self' 'wasm-unsafe-eval';",
            "connect-src 'self';",
            "frame-ancestors 'none';",
        ] {
            assert!(policy.contains(part), "{request}: {policy}");
        }
        for (name, value) in [
            ("cross-origin-opener-policy", "same-origin"),
            ("cross-origin-embedder-policy", "require-corp"),
            ("x-content-type-options", "nosniff"),
            ("referrer-policy", "no-referrer"),
            ("cache-control", "no-cache"),
        ] {
            assert_eq!(answer.header(name), value, "{request}: {name}");
        }
        assert!(
            answer
                .header("permissions-policy")
                .contains("camera=(self)")
        );
    }
}

#[test]
fn files_go_out_as_what_they_are() {
    let (_home, served) = served();
    for (path, mime, contents) in [
        (
            "/",
            "text/html; charset=utf-8",
            "<!doctype html><title>A page</title>",
        ),
        ("/app.webmanifest", "application/manifest+json", "{}"),
        (
            "/assets/index.js",
            "text/javascript; charset=utf-8",
            "export {}",
        ),
        ("/assets/run.wasm?v=1", "application/wasm", "\0asm"),
        ("/model/model.onnx", "application/octet-stream", "network"),
    ] {
        let answer = served.ask(&format!("GET {path}"), &[]);
        assert_eq!(answer.status, 200, "{path}");
        assert_eq!(answer.header("content-type"), mime, "{path}");
        assert_eq!(answer.header("content-encoding"), "", "{path}");
        assert_eq!(answer.body, contents.as_bytes(), "{path}");
    }
    let model = served.ask("GET /model/model.json", &[]);
    assert!(model.header("content-type").starts_with("application/json"));
    serde_json::from_slice::<serde_json::Value>(&model.body).unwrap();
}

#[test]
fn gzip_goes_to_those_who_take_it() {
    let (_home, served) = served();
    for takes in ["gzip", "br, gzip;q=0.5", "*"] {
        let answer = served.ask("GET /", &[&format!("Accept-Encoding: {takes}")]);
        assert_eq!(answer.header("content-encoding"), "gzip", "{takes}");
        assert_eq!(answer.header("vary"), "accept-encoding");
        assert!(inflated(&answer.body).contains("A page"));
    }
    for takes in ["br", "gzip;q=0", "identity"] {
        let answer = served.ask("GET /", &[&format!("Accept-Encoding: {takes}")]);
        assert_eq!(answer.header("content-encoding"), "", "{takes}");
    }
}

#[test]
fn a_copy_that_is_still_right_is_not_sent_again() {
    let (_home, served) = served();
    for path in ["/", "/model/model.onnx"] {
        let get = format!("GET {path}");
        let first = served.ask(&get, &[]);
        let tag = first.header("etag");
        assert!(tag.len() > 10, "{tag}");
        for known in [tag, &format!("\"other\", W/{tag}"), "*"] {
            let again = served.ask(&get, &[&format!("If-None-Match: {known}")]);
            assert_eq!(again.status, 304, "{known}");
            assert_eq!(again.header("etag"), tag);
            assert!(again.body.is_empty());
        }
        let stale = served.ask(&get, &["If-None-Match: \"other\""]);
        assert_eq!(stale.status, 200);
    }
    let plain = served.ask("GET /", &[]);
    let gzip = served.ask("GET /", &["Accept-Encoding: gzip"]);
    assert_ne!(plain.header("etag"), gzip.header("etag"));
}

#[test]
fn head_says_the_same_without_the_file() {
    let (_home, served) = served();
    let get = served.ask("GET /model/model.onnx", &[]);
    let head = served.ask("HEAD /model/model.onnx", &[]);
    assert_eq!(head.status, 200);
    assert!(head.body.is_empty());
    for name in ["content-length", "content-type", "etag"] {
        assert_eq!(head.header(name), get.header(name), "{name}");
    }
    assert_eq!(get.header("content-length"), "7");
}

#[test]
fn nothing_can_be_changed() {
    let (_home, served) = served();
    for method in ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"] {
        let answer = served.ask(&format!("{method} /model/model.json"), &[]);
        assert_eq!(answer.status, 405, "{method}");
        assert_eq!(answer.header("allow"), "GET, HEAD");
    }
}

#[test]
fn only_names_of_this_machine_and_allowed_ones_are_answered() {
    let home = tempfile::tempdir().unwrap();
    let (export, page) = (export(home.path()), page(home.path()));
    let allowed = ["--page", &page, "--allow-host", "tunnel.example"];
    let served = Served::start(&export, &allowed);
    let status = |host: &str| {
        let request = format!("GET / HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
        served.say(&request).status
    };
    assert_eq!(status("127.0.0.1:8000"), 200);
    assert_eq!(status("tunnel.example"), 200);
    assert_eq!(status("evil.example"), 403);
    let refused = served.say("GET / HTTP/1.1\r\nConnection: close\r\n\r\n");
    assert_eq!(refused.status, 400);
    let foreign = served.say("GET / HTTP/1.1\r\nHost: a.example\r\nConnection: close\r\n\r\n");
    assert!(String::from_utf8_lossy(&foreign.body).contains("--allow-host"));
    assert_eq!(foreign.header("x-content-type-options"), "nosniff");
}

#[test]
fn nothing_outside_its_list_can_be_reached() {
    let (home, served) = served();
    std::fs::write(home.path().join("secret"), "secret").unwrap();
    for path in [
        "/../secret",
        "/%2e%2e/secret",
        "/..%2fsecret",
        "/%2e%2e%2fsecret",
        "/model/../../secret",
        "/model/..%2f..%2fsecret",
        "/assets/..%5c..%5csecret",
        "/assets/../index.html",
        "//index.html",
        "/./index.html",
        "/index.html%00",
        "/model",
        "/model/",
        "/assets/",
        "/model/checkpoint.json",
        "/etc/passwd",
        "//etc/passwd",
        "/.git/config",
    ] {
        let answer = served.ask(&format!("GET {path}"), &[]);
        assert_eq!(answer.status, 404, "{path}");
        assert_eq!(answer.body, b"Not found.\n");
    }
}
