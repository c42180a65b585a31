//! A served page, and a client that says exactly what it is told to.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};

/// The program while it serves; ends it when dropped.
pub struct Served {
    pub process: Child,
    /// The object that it printed.
    pub told: Value,
}

impl Served {
    /// Serves a folder on a free port, with the given arguments, until it is dropped.
    pub fn start(export: &Path, arguments: &[&str]) -> Self {
        let mut process = Command::new(env!("CARGO_BIN_EXE_skinlesion"))
            .args(["--json", "serve", "--port", "0"])
            .arg(export)
            .args(arguments)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        let mut out = BufReader::new(process.stdout.take().unwrap());
        out.read_line(&mut line).unwrap();
        let told = serde_json::from_str(&line).unwrap_or_else(|_| panic!("told: {line:?}"));
        Self { process, told }
    }

    pub fn url(&self) -> &str {
        self.told["url"].as_str().unwrap()
    }

    pub fn connect(&self) -> TcpStream {
        let port = self.url().trim_end_matches('/').rsplit(':').next();
        TcpStream::connect(("127.0.0.1", port.unwrap().parse().unwrap())).unwrap()
    }

    /// Sends a request line and further headers, and reads the answer to its end.
    pub fn ask(&self, request: &str, headers: &[&str]) -> Answer {
        let mut lines = vec![
            format!("{request} HTTP/1.1"),
            "Host: localhost".to_owned(),
            "Connection: close".to_owned(),
        ];
        lines.extend(headers.iter().map(|header| (*header).to_owned()));
        self.say(&(lines.join("\r\n") + "\r\n\r\n"))
    }

    /// Sends a whole request, and reads the answer to its end.
    pub fn say(&self, request: &str) -> Answer {
        let mut stream = self.connect();
        stream.write_all(request.as_bytes()).unwrap();
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes).unwrap();
        Answer::read(&bytes)
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// What the server answered.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub body: Vec<u8>,
    head: String,
}

impl Answer {
    fn read(bytes: &[u8]) -> Self {
        let end = bytes.windows(4).position(|four| four == b"\r\n\r\n");
        let end =
            end.unwrap_or_else(|| panic!("no answer in {:?}", String::from_utf8_lossy(bytes)));
        let head = String::from_utf8(bytes[..end].to_vec()).unwrap();
        Self {
            status: head.split(' ').nth(1).unwrap().parse().unwrap(),
            body: bytes[end + 4..].to_vec(),
            head,
        }
    }

    /// A header's value, or nothing.
    pub fn header(&self, name: &str) -> &str {
        let lines = self
            .head
            .lines()
            .skip(1)
            .filter_map(|line| line.split_once(": "));
        let mut values = lines.filter(|(known, _)| known.eq_ignore_ascii_case(name));
        values.next().map_or("", |(_, value)| value)
    }
}

/// The server with a small page, and the folder that it lies in.
pub fn served() -> (tempfile::TempDir, Served) {
    let home = tempfile::tempdir().unwrap();
    let served = Served::start(&export(home.path()), &["--page", &page(home.path())]);
    (home, served)
}

/// A folder that looks like an export with one small "network".
pub fn export(home: &Path) -> PathBuf {
    let folder = home.join("export");
    std::fs::create_dir(&folder).unwrap();
    std::fs::write(folder.join("model.onnx"), "network").unwrap();
    std::fs::write(folder.join("checkpoint.json"), "{}").unwrap();
    let sha256 = skinlesion::files::sha256(b"network");
    let listed = json!([{"file": "model.onnx", "format": "onnx", "sha256": sha256}]);
    let model = json!({ "files": listed }).to_string();
    std::fs::write(folder.join("model.json"), model).unwrap();
    folder
}

/// A small built page.
pub fn page(home: &Path) -> String {
    let folder = home.join("page");
    std::fs::create_dir_all(folder.join("assets")).unwrap();
    for (name, contents) in [
        ("index.html", "<!doctype html><title>A page</title>"),
        ("app.webmanifest", "{}"),
        ("assets/index.js", "export {}"),
        ("assets/run.wasm", "\0asm"),
    ] {
        std::fs::write(folder.join(name), contents).unwrap();
    }
    folder.to_str().unwrap().to_owned()
}
