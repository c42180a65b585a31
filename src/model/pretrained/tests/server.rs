//! A web server on loopback that can simulate failures.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

/// The server's response to one request.
#[derive(Clone, Copy)]
pub enum Answer {
    /// The whole file.
    Whole,
    /// The file, but the connection is closed after this many bytes.
    Break(usize),
    /// This status, without a file.
    Status(u16),
}

/// A server that sends the given responses one after the other, and then shuts down.
pub struct Server {
    pub url: String,
    running: Receiver<()>,
}

impl Server {
    pub fn start(file: &'static [u8], answers: &'static [Answer]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/weights.pth", listener.local_addr().unwrap());
        let (sender, running) = channel();
        std::thread::spawn(move || {
            for answer in answers {
                serve(listener.accept().unwrap().0, file, *answer);
            }
            drop((listener, sender)); // in this order, so that the port is closed when the wait is over
        });
        Self { url, running }
    }

    /// Waits until all responses are sent and the port is closed.
    pub fn wait(&self) {
        self.running.recv().unwrap_err();
    }
}

fn serve(mut stream: TcpStream, file: &[u8], answer: Answer) {
    stream
        .set_read_timeout(Some(Duration::from_secs(10)))
        .unwrap();
    let mut lines = BufReader::new(&stream).lines();
    while !lines.next().unwrap().unwrap().is_empty() {}
    let (status, body, sent) = match answer {
        Answer::Whole => (200, file, file),
        Answer::Break(count) => (200, file, &file[..count]),
        Answer::Status(status) => (status, &[][..], &[][..]),
    };
    let head = format!(
        "HTTP/1.1 {status} Answer\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        body.len()
    );
    // The client may close the connection early.
    let _ = stream.write_all(head.as_bytes());
    let _ = stream.write_all(sent);
}
