//! What `skinlesion serve` prints when it starts.

use std::path::Path;

use skinlesion::DISCLAIMER;
use skinlesion::webapp::model::ModelFile;

/// Who can open the page, and how.
#[derive(Clone, Copy)]
pub struct Reach {
    /// Over https.
    pub secure: bool,
    /// From this machine alone.
    pub near: bool,
}

pub fn announcement(export: &Path, urls: &[String], beside: &[ModelFile], reach: Reach) -> String {
    let networks: Vec<String> = beside.iter().filter_map(network).collect();
    format!(
        "The page with {} of {}:\n\n  {}\n\n\
         It runs in the browser; no photograph leaves the device.\n{}\n\
         {DISCLAIMER}\nCtrl-C ends it.\n",
        networks.join(", "),
        export.display(),
        urls.join("\n  "),
        advice(urls, reach)
    )
}

fn network(file: &ModelFile) -> Option<String> {
    let name = file.name.rsplit('/').next()?;
    let size = file.bytes.len() as f64 / 1e6;
    name.ends_with(".onnx")
        .then(|| format!("{name} ({size:.1} MB)"))
}

/// How to get the page onto a phone. Browsers give the live camera, service workers, shared memory and WebGPU to
/// secure contexts only: https, or localhost whatever the scheme (W3C, Secure Contexts, 3.1).
fn advice(urls: &[String], reach: Reach) -> String {
    let port = urls
        .first()
        .and_then(|url| url.trim_end_matches('/').rsplit(':').next());
    let port = port.unwrap_or_default();
    let ways = format!(
        "  Android, by cable   adb reverse tcp:{port} tcp:{port}, then http://localhost:{port}/ on the phone\n  \
         in this network     --host 0.0.0.0 with --tls-cert and --tls-key\n  \
         through a tunnel    --allow-host with the tunnel's host name\n  \
         anywhere            the web folder of `skinlesion export --format web` on a static https host\n"
    );
    match reach {
        Reach { secure: true, .. } => String::new(),
        Reach { near: true, .. } => format!("\nOn a phone:\n{ways}"),
        Reach { near: false, .. } => format!(
            "\nOver plain http other devices can only choose or take a photograph by its file button: browsers demand\n\
             https or localhost for the live camera, offline use, threads and WebGPU. With all of these:\n{ways}"
        ),
    }
}
