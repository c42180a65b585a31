//! `skinlesion serve`.

mod messages;

use std::net::TcpListener;
use std::path::PathBuf;

use serde_json::json;
use skinlesion::webapp::model::{self, ModelFile};
use skinlesion::webapp::page::Page;
use skinlesion::webapp::server::{self, Certificate, Hosts, Server, Stop};
use skinlesion::webapp::site::Site;

use crate::terminal::{Outcome, Session, Summary, signals};

#[derive(clap::Args)]
#[command(after_help = skinlesion::DISCLAIMER)]
pub struct Args {
    /// The export folder whose ONNX networks the page runs, as `skinlesion export` wrote it; or released, for the
    /// network that the program contains
    #[arg(value_name = "DIR")]
    export: PathBuf,

    /// The address to listen on: 127.0.0.1 for this machine only, 0.0.0.0 (or an address of this machine) for phones in
    /// its network too
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1")]
    host: String,

    /// The port to listen on; 0 means any free one
    #[arg(long, value_name = "N", default_value_t = 8000)]
    port: u16,

    /// A further host name under which the page may be requested, such as that of a tunnel. Without it these are
    /// localhost, this machine's addresses, and the names in the certificate: other names could be those of a web site
    /// that tries to read this server through a browser (DNS rebinding). Repeatable
    #[arg(long = "allow-host", value_name = "NAME", value_parser = server::host_name)]
    allowed_hosts: Vec<String>,

    /// A certificate (PEM), to serve https. On another machine, browsers allow the camera, offline use and threads for
    /// https only
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    tls_cert: Option<PathBuf>,

    /// The certificate's private key (PEM)
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    tls_key: Option<PathBuf>,

    /// A built page to serve instead of the one in the program, for work on the page
    #[arg(long, value_name = "DIR")]
    page: Option<PathBuf>,
}

pub fn run(args: &Args, session: &Session) -> Outcome {
    let beside = model::read(&args.export)?;
    let page = match &args.page {
        Some(folder) => Page::read(folder)?,
        None => Page::embedded()?,
    };
    let certificate = match (&args.tls_cert, &args.tls_key) {
        (Some(chain), Some(key)) => Some(Certificate::read(chain, key)?),
        _ => None,
    };
    let listener = server::bind(&args.host, args.port)?;
    let stop = Stop::default();
    let heard = stop.clone();
    let _listening = signals::on_first(move || heard.stop());
    announce(args, session, &listener, &beside)?;
    let server = Server {
        site: Site::new(&page, beside),
        certificate,
        hosts: Hosts::new(&args.host, &args.allowed_hosts),
    };
    server.run(listener, &stop)?;
    Ok(Summary {
        text: "\nStopped.".to_owned(),
        ..Summary::default()
    })
}

/// Prints the address before serving; scripts wait for this line.
fn announce(
    args: &Args,
    session: &Session,
    listener: &TcpListener,
    beside: &[ModelFile],
) -> skinlesion::Result<()> {
    let urls = server::urls(listener, args.tls_cert.is_some())?;
    let files: Vec<&str> = beside.iter().map(|file| file.name.as_str()).collect();
    if session.global.json {
        let object = json!({"url": urls[0], "urls": urls, "model_files": files});
        session.print_result(&format!("{object}\n"));
    } else if !session.global.quiet {
        let reach = self::messages::Reach {
            secure: args.tls_cert.is_some(),
            near: listener.local_addr().is_ok_and(|at| at.ip().is_loopback()),
        };
        session.print_result(&self::messages::announcement(
            &args.export,
            &urls,
            beside,
            reach,
        ));
    }
    Ok(())
}
