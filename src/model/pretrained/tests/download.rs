use std::fs;
use std::path::Path;

use super::server::{Answer, Server};
use crate::files::sha256;
use crate::model::pretrained::{Remote, fetch};
use crate::progress::Silent;

static FILE: [u8; 300_000] = {
    let mut file = [0; 300_000];
    let mut at = 0;
    while at < file.len() {
        file[at] = (at % 251) as u8;
        at += 1;
    }
    file
};

fn remote(server: &Server) -> Remote {
    Remote::new(server.url.clone(), &sha256(&FILE)).unwrap()
}

/// Checks that a download fails and leaves no file. Returns the message.
fn refused(remote: &Remote) -> String {
    let cache = tempfile::tempdir().unwrap();
    let error = fetch(remote, cache.path(), &Silent).unwrap_err();
    let kept = remote.path_in(cache.path());
    assert_eq!(fs::read_dir(kept.parent().unwrap()).unwrap().count(), 0);
    let error = error.to_string();
    for words in [&remote.url, kept.to_str().unwrap(), "--weights FILE"] {
        assert!(error.contains(words), "{error}");
    }
    error
}

#[test]
fn a_file_is_downloaded_once_and_then_read_from_the_cache() {
    let cache = tempfile::tempdir().unwrap();
    let server = Server::start(&FILE, &[Answer::Whole]);
    let path = fetch(&remote(&server), cache.path(), &Silent).unwrap();
    assert!(path.starts_with(cache.path()));
    assert_eq!(fs::read(&path).unwrap(), FILE);
    server.wait();
    let again = fetch(&remote(&server), cache.path(), &Silent); // the server is gone
    assert_eq!(again.unwrap(), path);
    assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1);
}

#[test]
fn a_damaged_file_in_the_cache_is_downloaded_again() {
    let cache = tempfile::tempdir().unwrap();
    let server = Server::start(&FILE, &[Answer::Whole]);
    let path = remote(&server).path_in(cache.path());
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(&path, "damaged").unwrap();
    fetch(&remote(&server), cache.path(), &Silent).unwrap();
    assert_eq!(fs::read(path).unwrap(), FILE);
}

#[test]
fn a_failed_download_leaves_no_file_and_the_message_has_a_remedy() {
    let broken = Server::start(&FILE, &[Answer::Break(100_000)]);
    let missing = Server::start(&FILE, &[Answer::Status(404)]);
    let gone = Server::start(&FILE, &[]);
    gone.wait();
    for (server, words) in [
        (broken, "the connection was interrupted"),
        (missing, "answered 404"),
        (gone, "no answer"),
    ] {
        let error = refused(&remote(&server));
        assert!(error.contains(words), "{error}");
    }
    let server = Server::start(&FILE, &[Answer::Whole]);
    let wrong = "0".repeat(64);
    let error = refused(&Remote::new(server.url.clone(), &wrong).unwrap());
    assert!(
        error.contains(&wrong) && error.contains(&sha256(&FILE)),
        "{error}"
    );
}

#[test]
fn a_hash_must_be_complete_and_the_cached_file_is_named_as_in_the_url() {
    let url = "https://example.org/models/mobilenet_v2-7ebf99e0.pth?a=/b-c.d";
    let remote = Remote::new(url.into(), &"A0".repeat(32)).unwrap();
    assert_eq!(remote.sha256, "a0".repeat(32));
    let kept = remote.path_in(Path::new("cache"));
    assert_eq!(kept, Path::new("cache/weights/mobilenet_v2-7ebf99e0.pth"));
    for hash in ["7ebf99e0", &"g0".repeat(32)] {
        let error = Remote::new(url.into(), hash).unwrap_err().to_string();
        assert!(error.contains("SKINLESION_WEIGHTS_SHA256"), "{error}");
    }
}
