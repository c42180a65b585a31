//! A web server on loopback that can misbehave.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

/// How the server answers one request.
#[derive(Clone, Copy)]
pub enum Answer {
    /// With the whole file, whatever range was asked for.
    Whole,
    /// With what was asked for.
    Range,
    /// With what was asked for, but the connection breaks after this many bytes.
    Break(usize),
    /// With this status and no file.
    Status(u16),
}

/// Answers one request after the other, as told, and then is gone.
pub struct Server {
    pub url: String,
    ranges: Receiver<Option<usize>>,
}

impl Server {
    pub fn start(file: &'static [u8], answers: &'static [Answer]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/weights.pth", listener.local_addr().unwrap());
        let (sender, ranges) = channel();
        std::thread::spawn(move || {
            for answer in answers {
                let (stream, _) = listener.accept().unwrap();
                let _ = sender.send(serve(stream, file, *answer));
            }
        });
        Self { url, ranges }
    }

    /// The first byte that each request asked for, if it asked for a part, once all are answered.
    pub fn requests(&self) -> Vec<Option<usize>> {
        self.ranges.iter().collect()
    }
}

fn serve(mut stream: TcpStream, file: &[u8], answer: Answer) -> Option<usize> {
    stream
        .set_read_timeout(Some(Duration::from_secs(10)))
        .unwrap();
    let mut range = None;
    for line in BufReader::new(&stream).lines() {
        let line = line.unwrap().to_lowercase();
        if let Some(bytes) = line.strip_prefix("range: bytes=") {
            range = bytes.trim_end_matches('-').parse().ok();
        }
        if line.is_empty() {
            break;
        }
    }
    let start = match answer {
        Answer::Whole => 0,
        _ => range.unwrap_or(0),
    };
    let status = match answer {
        Answer::Status(status) => status,
        _ if start > 0 => 206,
        _ => 200,
    };
    let body = match answer {
        Answer::Status(_) => &[][..],
        _ => &file[start..],
    };
    let sent = match answer {
        Answer::Break(count) => &body[..count],
        _ => body,
    };
    let head = format!(
        "HTTP/1.1 {status} Answer\r\nContent-Length: {}\r\nContent-Range: bytes {start}-{}/{}\r\n\
         Connection: close\r\n\r\n",
        body.len(),
        file.len() - 1,
        file.len()
    );
    // The client may hang up first when it does not want the rest.
    let _ = stream.write_all(head.as_bytes());
    let _ = stream.write_all(sent);
    range
}
