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
    Remote::new(server.url.clone(), Some(sha256(&FILE))).unwrap()
}

fn part(remote: &Remote, cache: &Path) -> std::path::PathBuf {
    remote.path_in(cache).with_added_extension("part")
}

/// Fetches the file and returns what the server was asked for.
fn fetched(answers: &'static [Answer]) -> Vec<Option<usize>> {
    let cache = tempfile::tempdir().unwrap();
    let server = Server::start(&FILE, answers);
    let path = fetch(&remote(&server), cache.path(), &Silent).unwrap();
    assert!(path.starts_with(cache.path()));
    assert_eq!(fs::read(&path).unwrap(), FILE);
    assert!(!part(&remote(&server), cache.path()).exists());
    server.requests()
}

#[test]
fn a_file_is_fetched_once_and_then_taken_from_the_cache() {
    let cache = tempfile::tempdir().unwrap();
    let server = Server::start(&FILE, &[Answer::Range]);
    let path = fetch(&remote(&server), cache.path(), &Silent).unwrap();
    assert_eq!(fs::read(&path).unwrap(), FILE);
    assert_eq!(server.requests(), [None]);
    let again = fetch(&remote(&server), cache.path(), &Silent); // the server is gone
    assert_eq!(again.unwrap(), path);
}

#[test]
fn a_broken_connection_is_taken_up_where_it_broke() {
    let requests = fetched(&[Answer::Break(100_000), Answer::Break(50_000), Answer::Range]);
    assert_eq!(requests, [None, Some(100_000), Some(150_000)]);
}

#[test]
fn a_server_that_ignores_ranges_is_heard_from_the_beginning() {
    let requests = fetched(&[Answer::Break(100_000), Answer::Whole]);
    assert_eq!(requests, [None, Some(100_000)]);
}

#[test]
fn a_later_run_goes_on_with_what_an_earlier_one_left() {
    let cache = tempfile::tempdir().unwrap();
    let broken = [Answer::Break(1000), Answer::Break(0), Answer::Break(0)];
    let server = Server::start(&FILE, Box::leak(Box::new(broken)));
    let error = fetch(&remote(&server), cache.path(), &Silent).unwrap_err();
    assert!(error.to_string().contains("broke 3 times"), "{error}");
    let left = part(&remote(&server), cache.path());
    assert_eq!(fs::read(left).unwrap(), FILE[..1000]);

    let server = Server::start(&FILE, &[Answer::Range]);
    let path = fetch(&remote(&server), cache.path(), &Silent).unwrap();
    assert_eq!(fs::read(path).unwrap(), FILE);
    assert_eq!(server.requests(), [Some(1000)]);
}

#[test]
fn a_part_that_is_already_whole_is_only_checked() {
    let cache = tempfile::tempdir().unwrap();
    let server = Server::start(&FILE, &[Answer::Status(416)]);
    let left = part(&remote(&server), cache.path());
    fs::create_dir_all(left.parent().unwrap()).unwrap();
    fs::write(&left, FILE).unwrap();
    let path = fetch(&remote(&server), cache.path(), &Silent).unwrap();
    assert_eq!(fs::read(path).unwrap(), FILE);
}

#[test]
fn a_wrong_file_is_deleted_and_said() {
    let cache = tempfile::tempdir().unwrap();
    let server = Server::start(&FILE, &[Answer::Range]);
    let remote = Remote::new(server.url.clone(), Some("0123456789ab".into())).unwrap();
    let error = fetch(&remote, cache.path(), &Silent)
        .unwrap_err()
        .to_string();
    for words in [
        "should begin with 0123456789ab",
        &sha256(&FILE),
        "was deleted",
    ] {
        assert!(error.contains(words), "{error}");
    }
    assert!(!remote.path_in(cache.path()).exists());
    assert!(!part(&remote, cache.path()).exists());
}

#[test]
fn a_damaged_file_in_the_cache_is_fetched_again() {
    let cache = tempfile::tempdir().unwrap();
    let server = Server::start(&FILE, &[Answer::Range]);
    let path = remote(&server).path_in(cache.path());
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(&path, "damaged").unwrap();
    fetch(&remote(&server), cache.path(), &Silent).unwrap();
    assert_eq!(fs::read(path).unwrap(), FILE);
}

#[test]
fn without_the_file_the_message_says_what_to_do_by_hand() {
    let cache = tempfile::tempdir().unwrap();
    let missing = Server::start(&FILE, &[Answer::Status(404)]);
    let gone = Server::start(&FILE, &[]);
    assert!(gone.requests().is_empty()); // waits until nobody listens any more
    for (server, words) in [(missing, "answered 404"), (gone, "no answer")] {
        let remote = remote(&server);
        let error = fetch(&remote, cache.path(), &Silent)
            .unwrap_err()
            .to_string();
        let place = remote.path_in(cache.path()).display().to_string();
        for words in [words, &server.url, &place, "--weights FILE"] {
            assert!(error.contains(words), "{error}");
        }
        assert!(!part(&remote, cache.path()).exists());
    }
}

#[test]
fn the_hash_stands_in_the_name_or_has_to_be_given() {
    let url = "https://example.org/models/mobilenet_v2-7ebf99e0.pth?a=/b-c.d";
    let remote = Remote::new(url.into(), None).unwrap();
    assert_eq!(remote.sha256, "7ebf99e0");
    let kept = remote.path_in(Path::new("cache"));
    assert_eq!(kept, Path::new("cache/weights/mobilenet_v2-7ebf99e0.pth"));

    let unnamed = "https://example.org/mobilenet-weights.pth".to_owned();
    for hash in [None, Some("1234567"), Some("no hash at all")] {
        let error = Remote::new(unnamed.clone(), hash.map(str::to_owned)).unwrap_err();
        let error = error.to_string();
        assert!(error.contains("SKINLESION_WEIGHTS_SHA256"), "{error}");
    }
    assert_eq!(
        Remote::new(unnamed, Some("ABCDEF0123".into()))
            .unwrap()
            .sha256,
        "abcdef0123"
    );
}
