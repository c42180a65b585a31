//! The listening socket and the URLs of the server.

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener, ToSocketAddrs, UdpSocket};

use crate::{Error, Result};

/// Listens on a host name or address; port 0 selects a free port.
pub fn bind(host: &str, port: u16) -> Result<TcpListener> {
    let addresses: Vec<SocketAddr> = (host, port)
        .to_socket_addrs()
        .map(Iterator::collect)
        .unwrap_or_default();
    if addresses.is_empty() {
        return Err(Error::input(
            format!("--host {host}"),
            "this host name does not resolve",
            "Give 127.0.0.1 for this machine only, or 0.0.0.0 for all machines in its network.",
        ));
    }
    TcpListener::bind(&addresses[..]).map_err(|reason| refused(host, port, &reason))
}

fn refused(host: &str, port: u16, reason: &io::Error) -> Error {
    let port_flag = format!("--port {port}");
    match reason.kind() {
        io::ErrorKind::AddrInUse => Error::input(
            port_flag,
            "another program already listens on this port",
            "Stop it, or give another port; --port 0 selects a free one.",
        ),
        io::ErrorKind::PermissionDenied => Error::input(
            port_flag,
            "the system reserves this port for privileged programs",
            "Give a port of 1024 or above, such as 8000.",
        ),
        io::ErrorKind::AddrNotAvailable => Error::input(
            format!("--host {host}"),
            "this machine does not have this address",
            "Give an address of this machine, or 0.0.0.0 for all of them.",
        ),
        _ => Error::input(
            format!("--host {host} --port {port}"),
            format!("cannot listen on this address ({reason})"),
            "Give another address or port.",
        ),
    }
}

/// The URLs of the server. For a listener on all addresses, these are the loopback address and, if there is a network,
/// the address of this machine in it.
pub fn urls(listener: &TcpListener, secure: bool) -> Result<Vec<String>> {
    let address = listener
        .local_addr()
        .map_err(Error::io("listen", "the network".as_ref()))?;
    let mut hosts = vec![address.ip()];
    if address.ip().is_unspecified() {
        hosts = vec![IpAddr::V4(Ipv4Addr::LOCALHOST)];
        hosts.extend(network_address());
    }
    let scheme = if secure { "https" } else { "http" };
    let url = |ip| format!("{scheme}://{}/", SocketAddr::new(ip, address.port()));
    Ok(hosts.into_iter().map(url).collect())
}

/// The source address for connections to other machines. Nothing is sent: connecting a UDP socket only selects a route.
/// 192.0.2.1 is reserved for documentation (RFC 5737).
fn network_address() -> Option<IpAddr> {
    let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)).ok()?;
    socket.connect((Ipv4Addr::new(192, 0, 2, 1), 9)).ok()?;
    let ip = socket.local_addr().ok()?.ip();
    (!ip.is_unspecified() && !ip.is_loopback()).then_some(ip)
}
