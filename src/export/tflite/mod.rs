//! TFLite, the format of Android, LiteRT and most microcontrollers.
//!
//! A file is a FlatBuffer ([`crate::artifact::tflite::schema`]) with the graph, followed by a ZIP archive with
//! `labels.txt` and `model.json`, as TFLite Metadata specifies. Images are N × H × W × 3 (NHWC); the batch size is 1
//! and resizable.

mod flatbuffer;
mod layers;
mod metadata;
mod model;
mod network;
mod quantized;

#[cfg(test)]
pub(crate) mod samples;
#[cfg(test)]
mod tests;

use std::io::{Cursor, Write};
use std::path::Path;

use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

use super::quantize::QuantizedNetwork;
use crate::artifact::description::FileDescription;
use crate::artifact::format::FloatPrecision;
use crate::artifact::package::{LABELS_FILE, MODEL_FILE, labels};
use crate::artifact::tflite::graph::Graph;
use crate::model::fuse::FusedNetwork;
use crate::{Error, Result, files};

/// The metadata entry that TFLite Metadata's readers look for.
const METADATA: &str = "TFLITE_METADATA";

/// Writes a floating-point network: `image` → (`probabilities`, `logits`).
pub fn write(
    path: &Path,
    network: &FusedNetwork,
    about: &FileDescription,
    precision: FloatPrecision,
) -> Result<()> {
    let (size, input) = (about.description.resize.size, about.interface.kind);
    let graph = network::graph(network, size, precision, input);
    write_graph(path, &graph, about)
}

/// Writes an int8-quantized network with floating-point outputs: `image` → (`probabilities`, `logits`).
pub fn write_int8(path: &Path, network: &QuantizedNetwork, about: &FileDescription) -> Result<()> {
    let (size, input) = (about.description.resize.size, about.interface.kind);
    let graph = quantized::graph(network, size, input);
    write_graph(path, &graph, about)
}

fn write_graph(path: &Path, graph: &Graph, described: &FileDescription) -> Result<()> {
    let description = described.description;
    let json = serde_json::to_vec_pretty(described)
        .map_err(|error| Error::io("write", path)(error.into()))?;
    let labels = labels(description.classes);
    let about = format!("{} {}", description.written_by, description.disclaimer);
    let entries = [
        (METADATA, metadata::encode(described)),
        (
            crate::artifact::tflite::schema::DESCRIPTION_ENTRY,
            json.clone(),
        ),
    ];
    let model = model::encode(graph, &about, &entries);
    let files = [(LABELS_FILE, labels.as_bytes()), (MODEL_FILE, &json)];
    let whole = with_files(model, &files)
        .map_err(|error| Error::io("write", path)(std::io::Error::other(error)))?;
    files::write_atomically(path, &whole)
}

/// Appends a ZIP archive to a file. Its entries are stored, because Android's Task Library rejects compressed ones.
fn with_files(model: Vec<u8>, files: &[(&str, &[u8])]) -> zip::result::ZipResult<Vec<u8>> {
    let end = model.len() as u64;
    let mut whole = Cursor::new(model);
    whole.set_position(end);
    let mut archive = ZipWriter::new(whole);
    let options = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
    for (name, contents) in files {
        archive.start_file(*name, options)?;
        archive.write_all(contents)?;
    }
    Ok(archive.finish()?.into_inner())
}
