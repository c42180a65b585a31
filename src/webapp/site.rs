//! The fixed list of files that the server can serve. Requests never reach the file system.

use std::borrow::Cow;
use std::collections::HashMap;
use std::path::Path;
use std::sync::OnceLock;

use hyper::body::Bytes;

use super::gzip::{deflate, inflate};
use super::model::ModelFile;
use super::page::{INDEX, Page};
use crate::files;

/// Resources by name, such as `index.html` or `model/model.onnx`.
pub struct Site {
    resources: HashMap<String, Resource>,
}

/// A file, plain and compressed.
pub struct Resource {
    /// MIME type, for `Content-Type`.
    pub mime: &'static str,
    /// Content hash, for `ETag`.
    pub hash: String,
    /// The compressed file, if that is much smaller.
    pub gzip: Option<Bytes>,
    plain: OnceLock<Bytes>,
}

impl Site {
    /// The files of a page and of an export.
    pub fn new(page: &Page, model_files: Vec<ModelFile>) -> Self {
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
        for file in model_files {
            let mime = mime(&file.name);
            // Weights and PNG files are hardly compressible.
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

    /// The resource at the path of a request, which starts with `/`. The path must match a name exactly: nothing is
    /// decoded, joined or looked up in the file system.
    pub fn get(&self, path: &str) -> Option<&Resource> {
        let name = path.strip_prefix('/')?;
        self.resources
            .get(if name.is_empty() { INDEX } else { name })
    }
}

impl Resource {
    /// The uncompressed file. Nearly all clients accept gzip, so it is decompressed on first use.
    pub fn plain(&self) -> Bytes {
        let inflated = || inflate(self.gzip.as_deref().unwrap_or_default()).unwrap_or_default();
        self.plain.get_or_init(|| Bytes::from(inflated())).clone()
    }
}

const JSON: &str = "application/json; charset=utf-8";

/// The MIME type by file extension. Browsers need the correct type to compile WebAssembly while streaming, and refuse
/// scripts and manifests of other types.
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
