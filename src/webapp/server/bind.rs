//! The address that is listened at, and the addresses that people type.

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener, ToSocketAddrs, UdpSocket};

use crate::{Error, Result};

/// Listens at a host name or address; port 0 means any that is free.
pub fn bind(host: &str, port: u16) -> Result<TcpListener> {
    let addresses: Vec<SocketAddr> = (host, port)
        .to_socket_addrs()
        .map(Iterator::collect)
        .unwrap_or_default();
    if addresses.is_empty() {
        return Err(Error::input(
            format!("--host {host}"),
            "there is no machine of this name",
            "Give 127.0.0.1 for this machine alone, or 0.0.0.0 for all that reach it.",
        ));
    }
    TcpListener::bind(&addresses[..]).map_err(|reason| refused(host, port, &reason))
}

fn refused(host: &str, port: u16, reason: &io::Error) -> Error {
    let at_port = format!("--port {port}");
    match reason.kind() {
        io::ErrorKind::AddrInUse => Error::input(
            at_port,
            "another program listens there already",
            "End it, or give another port; --port 0 takes one that is free.",
        ),
        io::ErrorKind::PermissionDenied => Error::input(
            at_port,
            "the system keeps this port for privileged programs",
            "Give one from 1024 on, such as 8000.",
        ),
        io::ErrorKind::AddrNotAvailable => Error::input(
            format!("--host {host}"),
            "this is no address of this machine",
            "Give one of its own, or 0.0.0.0 for all of them.",
        ),
        _ => Error::input(
            format!("--host {host} --port {port}"),
            format!("cannot listen there ({reason})"),
            "Give another address or port.",
        ),
    }
}

/// The addresses to open, nearest first: for a listener on all addresses this machine's own, then the one by which
/// its network knows it, if it is in one.
pub fn urls(listener: &TcpListener, secure: bool) -> Result<Vec<String>> {
    let address = listener
        .local_addr()
        .map_err(Error::io("listen", "the network".as_ref()))?;
    let mut hosts = vec![address.ip()];
    if address.ip().is_unspecified() {
        hosts = vec![IpAddr::V4(Ipv4Addr::LOCALHOST)];
        hosts.extend(address_in_network());
    }
    let scheme = if secure { "https" } else { "http" };
    let url = |ip| format!("{scheme}://{}/", SocketAddr::new(ip, address.port()));
    Ok(hosts.into_iter().map(url).collect())
}

/// The address from which this machine would speak to others. Nothing is sent: for UDP, connecting only chooses
/// the way. (192.0.2.1 is kept for documentation, RFC 5737.)
fn address_in_network() -> Option<IpAddr> {
    let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)).ok()?;
    socket.connect((Ipv4Addr::new(192, 0, 2, 1), 9)).ok()?;
    let ip = socket.local_addr().ok()?.ip();
    (!ip.is_unspecified() && !ip.is_loopback()).then_some(ip)
}
