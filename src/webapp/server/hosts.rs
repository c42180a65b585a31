//! The hosts under which the page may be requested.
//!
//! A web site can let its own name resolve to an address of this machine or of its network (DNS rebinding). To a
//! browser the page then belongs to that site, whose scripts may read it. The server therefore answers only to names
//! that no other site can have.

use std::net::IpAddr;

use hyper::header::{self, HeaderMap};
use hyper::http::uri::Authority;
use hyper::{Request, StatusCode};

use super::tls::Certificate;

/// The names in addition to those of every server: loopback names, the address that a connection arrived at, and the
/// names in the certificate.
#[derive(Debug, Default)]
pub struct Hosts {
    names: Vec<String>,
}

impl Hosts {
    /// `bound` is the host that the server listens on, `allowed` are names that [`host_name`] accepts.
    pub fn new(bound: &str, allowed: &[String]) -> Self {
        let names = allowed.iter().map(String::as_str).chain([bound]);
        Self {
            names: names.filter_map(|name| host_name(name).ok()).collect(),
        }
    }

    /// Checks the host of a request on a connection to the address `local`. Returns the status to refuse it with: 400
    /// without exactly one valid `Host` (RFC 9112, 3.2), 403 for a name that is not allowed.
    pub(super) fn check<B>(
        &self,
        request: &Request<B>,
        local: IpAddr,
        certificate: Option<&Certificate>,
    ) -> Result<(), StatusCode> {
        let header = single_host(request.headers()).ok_or(StatusCode::BAD_REQUEST)?;
        let target = request.uri().authority().map(Authority::as_str);
        for host in [Some(header), target].into_iter().flatten() {
            let name = name_of(host).ok_or(StatusCode::BAD_REQUEST)?;
            if !self.allows(&name, local, certificate) {
                return Err(StatusCode::FORBIDDEN);
            }
        }
        Ok(())
    }

    fn allows(&self, name: &str, local: IpAddr, certificate: Option<&Certificate>) -> bool {
        if let Ok(ip) = name.parse::<IpAddr>() {
            let ip = ip.to_canonical();
            if ip.is_loopback() || ip == local.to_canonical() {
                return true;
            }
        }
        // RFC 6761, 6.3: these never leave the machine.
        name == "localhost"
            || name.ends_with(".localhost")
            || self.names.iter().any(|allowed| allowed == name)
            || certificate.is_some_and(|certificate| certificate.names(name))
    }
}

/// The name or address of a host, in the form in which hosts are compared: lower case, without brackets.
///
/// # Errors
/// A text with a port, a scheme or a path.
pub fn host_name(text: &str) -> Result<String, String> {
    let wrong = || format!("'{text}' is not a host name, such as page.example.org");
    match text.parse::<IpAddr>() {
        Ok(ip) => Ok(ip.to_string()),
        Err(_) => match text.parse::<Authority>() {
            Ok(authority) if authority.host() == text => name_of(text).ok_or_else(wrong),
            _ => Err(wrong()),
        },
    }
}

/// The host of an authority such as `localhost:8000` or `[::1]:8000`.
fn name_of(authority: &str) -> Option<String> {
    let authority: Authority = authority.parse().ok()?;
    let host = authority.host();
    let host = host.strip_prefix('[').unwrap_or(host);
    let host = host.strip_suffix(']').unwrap_or(host);
    let host = host.strip_suffix('.').unwrap_or(host);
    let plain = !host.is_empty() && !authority.as_str().contains('@');
    plain.then(|| host.to_ascii_lowercase())
}

fn single_host(headers: &HeaderMap) -> Option<&str> {
    let mut hosts = headers.get_all(header::HOST).into_iter();
    match (hosts.next(), hosts.next()) {
        (Some(host), None) => host.to_str().ok(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status(hosts: &Hosts, local: &str, lines: &[&str]) -> Result<(), u16> {
        let mut request = Request::get("/");
        for line in lines {
            request = request.header("host", *line);
        }
        let request = request.body(()).unwrap();
        let checked = hosts.check(&request, local.parse().unwrap(), None);
        checked.map_err(|status| status.as_u16())
    }

    #[test]
    fn a_foreign_name_is_refused_even_if_it_resolves_to_this_machine() {
        let hosts = Hosts::new("127.0.0.1", &[]);
        for name in [
            "localhost",
            "LocalHost:8000",
            "localhost.",
            "page.localhost",
            "127.0.0.1:80",
            "127.8.9.1",
            "[::1]",
            "[::1]:8000",
        ] {
            assert_eq!(status(&hosts, "127.0.0.1", &[name]), Ok(()), "{name}");
        }
        for name in [
            "evil.example",
            "evil.example:80",
            "127.0.0.1.evil.example",
            "localhost.evil.example",
            "169.254.169.254",
            "192.168.1.2",
            "0.0.0.0",
            "[::]",
        ] {
            assert_eq!(status(&hosts, "127.0.0.1", &[name]), Err(403), "{name}");
        }
        for lines in [
            &[][..],
            &["localhost", "localhost"],
            &[""],
            &["a b"],
            &["me@localhost"],
        ] {
            assert_eq!(status(&hosts, "127.0.0.1", lines), Err(400), "{lines:?}");
        }
    }

    #[test]
    fn in_a_network_it_answers_to_its_address_and_to_allowed_names() {
        let allowed = ["Page.Example.org".to_owned(), "2001:db8::1".to_owned()];
        let hosts = Hosts::new("my-machine.local", &allowed);
        for name in [
            "192.168.1.2:8000",
            "my-machine.local:8000",
            "page.example.org",
            "[2001:DB8::1]:8000",
            "localhost",
        ] {
            assert_eq!(status(&hosts, "192.168.1.2", &[name]), Ok(()), "{name}");
            let mapped = "::ffff:192.168.1.2"; // how a socket for IPv6 names an address of IPv4
            assert_eq!(status(&hosts, mapped, &[name]), Ok(()), "{name}");
        }
        for name in ["192.168.1.3", "example.org", "a.page.example.org"] {
            assert_eq!(status(&hosts, "192.168.1.2", &[name]), Err(403), "{name}");
        }
    }

    #[test]
    fn the_host_in_the_request_line_counts_too() {
        let request = Request::get("http://evil.example/").header("host", "localhost");
        let request = request.body(()).unwrap();
        let local = "127.0.0.1".parse().unwrap();
        let checked = Hosts::default().check(&request, local, None);
        assert_eq!(checked, Err(StatusCode::FORBIDDEN));
    }

    #[test]
    fn an_allowed_host_is_a_name_alone() {
        assert_eq!(host_name("::1").as_deref(), Ok("::1"));
        for text in ["", "a b", "http://a/", "a/b", "a:80", "me@a", "[::1]:80"] {
            assert!(host_name(text).is_err(), "{text}");
        }
    }
}
