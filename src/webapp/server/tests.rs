//! Slow clients and stopping, with short limits.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::thread::{self, JoinHandle};
use std::time::Instant;

use super::*;
use crate::webapp::model::ModelFile;
use crate::webapp::page::Page;

/// More than the system's buffers hold, so that a response waits for its reader.
const LARGE: usize = 16 << 20;

fn started(limits: Limits) -> (SocketAddr, Stop, JoinHandle<Result<()>>) {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("index.html"), "page").unwrap();
    let page = Page::read(folder.path()).unwrap();
    let large = ModelFile {
        name: "large".to_owned(),
        bytes: vec![0; LARGE],
    };
    let listener = bind("127.0.0.1", 0).unwrap();
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, listener.local_addr().unwrap().port()));
    let server = Server {
        site: Site::new(&page, vec![large]),
        certificate: None,
        hosts: Hosts::default(),
    };
    let stop = Stop::default();
    let stopped = stop.clone();
    let running = thread::spawn(move || server.run_within(limits, listener, &stopped));
    (address, stop, running)
}

fn asked(address: SocketAddr, path: &str) -> TcpStream {
    let mut stream = TcpStream::connect(address).unwrap();
    let request = format!("GET /{path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).unwrap();
    stream
}

fn answer(mut stream: TcpStream) -> Vec<u8> {
    let mut bytes = Vec::new();
    let _ = stream.read_to_end(&mut bytes); // an aborted connection may be reset
    bytes
}

const SHORT: Duration = Duration::from_millis(200);
const LONG: Duration = Duration::from_secs(600);

#[test]
fn clients_that_do_not_read_give_up_their_places_to_those_that_do() {
    let (address, stop, running) = started(Limits {
        most: 4,
        idle: LONG,
        contended: SHORT,
        grace: SHORT,
    });
    let slow: Vec<TcpStream> = (0..7).map(|_| asked(address, "large")).collect();
    let silent: Vec<_> = (0..7).map(|_| TcpStream::connect(address)).collect();
    for _ in 0..3 {
        assert!(answer(asked(address, "")).ends_with(b"page"));
    }
    assert!(answer(asked(address, "large")).len() > LARGE);
    drop((slow, silent));
    stop.stop();
    running.join().unwrap().unwrap();
}

#[test]
fn a_reader_without_progress_is_cut_off_and_one_with_progress_is_not() {
    let (address, stop, running) = started(Limits {
        most: 4,
        idle: SHORT * 2,
        contended: SHORT,
        grace: SHORT,
    });
    let stalled = asked(address, "large");
    let mut slow = asked(address, "large");
    let (mut read, mut part) = (0, vec![0; 1 << 20]);
    for _ in 0..8 {
        thread::sleep(SHORT / 2);
        slow.read_exact(&mut part).unwrap();
        read += part.len();
    }
    assert!(read + answer(slow).len() > LARGE);
    assert!(answer(stalled).len() < LARGE);
    stop.stop();
    running.join().unwrap().unwrap();
}

#[test]
fn stopping_lets_downloads_finish_but_waits_for_none_that_stall() {
    let limits = Limits {
        most: 4,
        idle: LONG,
        contended: SHORT,
        grace: LONG,
    };
    let (address, stop, running) = started(limits);
    let download = asked(address, "large");
    let (stalled, _silent) = (asked(address, "large"), TcpStream::connect(address));
    download.peek(&mut [0]).unwrap();
    stop.stop();
    assert!(answer(download).len() > LARGE);
    running.join().unwrap().unwrap();
    assert!(answer(stalled).len() < LARGE);
    assert!(TcpStream::connect(address).is_err());
}

#[test]
fn a_second_stop_does_not_wait() {
    let (address, stop, running) = started(Limits {
        most: 4,
        idle: LONG,
        contended: LONG,
        grace: LONG,
    });
    let stalled = asked(address, "large");
    stalled.peek(&mut [0]).unwrap();
    stop.stop();
    while TcpStream::connect(address).is_ok() {
        thread::sleep(SHORT / 20); // until it has heard the first
    }
    let begun = Instant::now();
    stop.stop();
    running.join().unwrap().unwrap();
    assert!(begun.elapsed() < LONG / 10);
}
