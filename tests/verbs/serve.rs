//! `skinlesion serve`.

mod answers;
pub mod client;

use std::io::Write;
use std::path::Path;
use std::process::Output;

use crate::common::{skinlesion, stderr};
use crate::networks::random_checkpoint;
use client::{Served, export, page, served};

fn refused(arguments: &[&str], export: &Path) -> Output {
    let output = skinlesion()
        .arg("serve")
        .arg(export)
        .args(arguments)
        .timeout(std::time::Duration::from_secs(60))
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
    output
}

#[test]
fn silent_and_broken_clients_keep_nobody_waiting() {
    let (_home, mut served) = served();
    let silent: Vec<_> = (0..20).map(|_| served.connect()).collect();
    let mut halfway = served.connect();
    halfway.write_all(b"GET / HTTP/1.1\r\nHost: local").unwrap();
    let mut garbage = served.connect();
    garbage
        .write_all(&[0x16, 3, 1, 0, 200, 255, 0, 13, 10, 13, 10])
        .unwrap();
    let mut greedy = served.connect();
    let flood = vec![b'a'; 100_000];
    let _ = greedy
        .write_all(b"GET / HTTP/1.1\r\nX: ")
        .and_then(|()| greedy.write_all(&flood));
    drop(served.connect());
    assert_eq!(served.ask("GET /", &[]).status, 200);
    assert!(served.process.try_wait().unwrap().is_none());
    drop((silent, halfway));
}

#[cfg(unix)]
#[test]
fn ctrl_c_ends_it_well_while_a_client_is_connected() {
    let (_home, mut served) = served();
    let _silent = served.connect();
    assert_eq!(served.ask("GET /", &[]).status, 200);
    // SAFETY: sends a signal to a child of ours that has not been waited for.
    unsafe { libc::kill(served.process.id() as i32, libc::SIGINT) };
    assert_eq!(served.process.wait().unwrap().code(), Some(0));
}

#[test]
fn an_address_that_cannot_be_had_is_refused_with_the_remedy() {
    let (home, served) = served();
    let port = served
        .url()
        .trim_end_matches('/')
        .rsplit(':')
        .next()
        .unwrap();
    let page = home.path().join("page");
    let (export, page) = (home.path().join("export"), page.to_str().unwrap());
    for (arguments, problem) in [
        (
            ["--port", port],
            "another program already listens on this port",
        ),
        (
            ["--host", "no.such.host.invalid"],
            "this host name does not resolve",
        ),
        (["--host", "192.0.2.1"], "does not have this address"),
    ] {
        let output = refused(&[&["--page", page][..], &arguments].concat(), &export);
        let error = stderr(&output);
        assert!(error.contains(problem), "{error}");
        assert_eq!(error.trim_end().lines().count(), 2, "{error}");
    }
}

#[test]
fn an_export_that_is_not_what_it_says_is_not_served() {
    let home = tempfile::tempdir().unwrap();
    let (folder, page) = (export(home.path()), page(home.path()));
    let problem = |problem: &str| {
        let output = refused(&["--port", "0", "--page", &page], &folder);
        assert!(stderr(&output).contains(problem), "{}", stderr(&output));
    };
    std::fs::write(folder.join("model.onnx"), "changed").unwrap();
    problem("model.onnx: its SHA-256 is not the one in model.json");
    std::fs::write(folder.join("model.json"), r#"{"files": []}"#).unwrap();
    problem("it has no ONNX file");
    std::fs::remove_file(folder.join("model.json")).unwrap();
    problem("has no model.json");
}

#[test]
fn people_are_told_where_it_is_and_what_a_phone_needs() {
    use std::io::{BufRead, BufReader};
    use std::process::{Command, Stdio};
    let home = tempfile::tempdir().unwrap();
    let (folder, page) = (export(home.path()), page(home.path()));
    let told = |host: &str| {
        let mut process = Command::new(env!("CARGO_BIN_EXE_skinlesion"))
            .args(["serve", "--port", "0", "--host", host, "--page", &page])
            .arg(&folder)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let lines: Vec<String> = lines
            .map(Result::unwrap)
            .take_while(|line| !line.starts_with("Ctrl-C"))
            .collect();
        process.kill().unwrap();
        process.wait().unwrap();
        lines.join("\n")
    };
    let near = told("127.0.0.1");
    assert!(near.contains("http://127.0.0.1:"), "{near}");
    assert!(near.contains("adb reverse tcp:"), "{near}");
    assert!(near.contains(skinlesion::DISCLAIMER), "{near}");
    let far = told("0.0.0.0");
    assert!(far.contains("browsers demand"), "{far}");
}

#[test]
fn a_certificate_makes_it_https() {
    let home = tempfile::tempdir().unwrap();
    let tls = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/reference/tls");
    let [certificate, key] = ["certificate.pem", "key.pem"].map(|name| tls.join(name));
    let (folder, page) = (export(home.path()), page(home.path()));
    let flags = |certificate: &Path, key: &Path| {
        let path = |path: &Path| path.to_str().unwrap().to_owned();
        let [certificate, key] = [path(certificate), path(key)];
        [
            "--page",
            &page,
            "--tls-cert",
            &certificate,
            "--tls-key",
            &key,
        ]
        .map(str::to_owned)
    };
    let right = flags(&certificate, &key);
    let served = Served::start(&folder, &right.each_ref().map(String::as_str));
    assert!(served.url().starts_with("https://127.0.0.1:"));
    let pem = std::fs::read(&certificate).unwrap();
    let roots = [ureq::tls::Certificate::from_pem(&pem).unwrap()];
    let agent: ureq::Agent = ureq::Agent::config_builder()
        .tls_config(
            ureq::tls::TlsConfig::builder()
                .root_certs(ureq::tls::RootCerts::new_with_certs(&roots))
                .build(),
        )
        .build()
        .into();
    let mut answer = agent
        .get(format!("{}model/model.onnx", served.url()))
        .call()
        .unwrap();
    assert_eq!(answer.body_mut().read_to_string().unwrap(), "network");

    let wrong = flags(&key, &key);
    let output = refused(&wrong.each_ref().map(String::as_str), &folder);
    assert!(
        stderr(&output).contains("it has no readable certificate"),
        "{}",
        stderr(&output)
    );
}

#[test]
fn what_export_wrote_is_served_with_the_page_of_the_program() {
    let home = tempfile::tempdir().unwrap();
    random_checkpoint(home.path());
    let mut export = skinlesion();
    export
        .current_dir(home.path())
        .args(["--threads", "1", "export"]);
    export.args([
        "--checkpoint",
        "checkpoint",
        "--format",
        "onnx",
        "--out",
        "small",
    ]);
    let output = export.output().unwrap();
    assert!(output.status.success(), "{}", stderr(&output));
    let folder = home.path().join("small");
    let served = match skinlesion::webapp::page::Page::embedded() {
        Ok(page) => {
            let served = Served::start(&folder, &[]);
            for file in page.files() {
                let get = format!("GET /{}", file.name());
                assert_eq!(served.ask(&get, &[]).body, file.bytes().unwrap(), "{get}");
            }
            served
        }
        Err(_) => {
            let output = refused(&["--port", "0"], &folder);
            assert!(
                stderr(&output).contains("scripts/web"),
                "{}",
                stderr(&output)
            );
            eprintln!(
                "\n*** SKIPPED: the program was built without the phone page; run scripts/web ***\n"
            );
            Served::start(&folder, &["--page", &page(home.path())])
        }
    };
    let network = served.ask("GET /model/model.onnx", &[]);
    assert_eq!(
        network.body,
        std::fs::read(folder.join("model.onnx")).unwrap()
    );
    let names = served.told["model_files"].as_array().unwrap();
    assert!(names.contains(&"model/model.onnx".into()), "{names:?}");
}
