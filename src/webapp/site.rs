//! The fixed list of what a server may hand out: nothing that is not in it can be reached, whatever a path says.

use std::borrow::Cow;
use std::collections::HashMap;
use std::path::Path;
use std::sync::OnceLock;

use hyper::body::Bytes;

use super::gzip::{deflate, inflate};
use super::model::ModelFile;
use super::page::{INDEX, Page};
use crate::files;

/// Resources by their name, such as `index.html` or `model/model.onnx`.
pub struct Site {
    resources: HashMap<String, Resource>,
}

/// One file in the forms in which a client may want it.
pub struct Resource {
    /// The kind of file, for `Content-Type`.
    pub mime: &'static str,
    /// What tells this content from any other.
    pub hash: String,
    /// In gzip's form, where that is much smaller.
    pub gzip: Option<Bytes>,
    plain: OnceLock<Bytes>,
}

impl Site {
    /// A page with what it reads of an export.
    pub fn new(page: &Page, beside: Vec<ModelFile>) -> Self {
        let mut resources = HashMap::new();
        for file in page.files() {
            let gzip = match file.gzip() {
                Cow::Borrowed(bytes) => Bytes::from_static(bytes),
                Cow::Owned(bytes) => Bytes::from(bytes.clone()),
            };
            let resource = Resource {
                mime: mime(file.name()),
                hash: files::sha256(&gzip),
                gzip: Some(gzip),
                plain: OnceLock::new(),
            };
            resources.insert(file.name().to_owned(), resource);
        }
        for file in beside {
            let mime = mime(&file.name);
            // Weights and pictures hardly shrink.
            let gzip = (mime == JSON).then(|| deflate(&file.bytes).ok()).flatten();
            let resource = Resource {
                mime,
                hash: files::sha256(&file.bytes),
                gzip: gzip.map(Bytes::from),
                plain: OnceLock::from(Bytes::from(file.bytes)),
            };
            resources.insert(file.name, resource);
        }
        Self { resources }
    }

    /// What lies under the path of a request, which begins with `/`. The name must be spelled as in the list:
    /// nothing is decoded, joined or looked up in the file system.
    pub fn at(&self, path: &str) -> Option<&Resource> {
        let name = path.strip_prefix('/')?;
        self.resources
            .get(if name.is_empty() { INDEX } else { name })
    }
}

impl Resource {
    /// The file itself. Nearly every client takes gzip, so it is inflated when first asked for.
    pub fn plain(&self) -> Bytes {
        let inflated = || inflate(self.gzip.as_deref().unwrap_or_default()).unwrap_or_default();
        self.plain.get_or_init(|| Bytes::from(inflated())).clone()
    }
}

const JSON: &str = "application/json; charset=utf-8";

/// The kind of a file by its name. WebAssembly is compiled while it arrives only under its own; scripts and
/// manifests are refused by browsers under another's.
fn mime(name: &str) -> &'static str {
    let extension = Path::new(name).extension().and_then(|e| e.to_str());
    match extension.unwrap_or_default() {
        "html" => "text/html; charset=utf-8",
        "js" | "mjs" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "txt" => "text/plain; charset=utf-8",
        "json" => JSON,
        "webmanifest" => "application/manifest+json",
        "wasm" => "application/wasm",
        "png" => "image/png",
        "jpg" | "jpeg" => "image/jpeg",
        "webp" => "image/webp",
        "svg" => "image/svg+xml",
        "ico" => "image/x-icon",
        "woff2" => "font/woff2",
        _ => "application/octet-stream",
    }
}
