//! ONNX, the format of browsers, phones and most other runtimes.

mod graph;
mod head;
mod image;
mod network;
mod proto;
mod quantized;
mod reader;
mod without_resize;

use std::path::Path;

use prost::Message;

use self::graph::GraphBuilder;
use super::quantize::QuantizedNetwork;
use crate::artifact::description::FileDescription;
use crate::artifact::format::FloatPrecision;
use crate::model::fuse::{FusedLinear, FusedNetwork};
use crate::model::novelty::Novelty;
use crate::{Result, files};

pub use self::reader::read;
pub use self::without_resize::without_resize;

/// The operator set version: supported by ONNX Runtime 1.12 (2022) and later.
const OPSET: i64 = 17;

/// The operator set version with antialiased Resize: supported by ONNX Runtime 1.14 (2023) and later.
const OPSET_WITH_RESIZE: i64 = 18;

/// The file format version (IR version) of these operator sets.
const IR_VERSION: i64 = 8;

/// Writes a floating-point network, with its description in the metadata.
pub fn write(
    path: &Path,
    network: &FusedNetwork,
    precision: FloatPrecision,
    about: &FileDescription,
) -> Result<()> {
    let novelty = network.novelty.as_ref();
    write_with(path, about, &network.head, novelty, |graph, image| {
        network::features(graph, network, precision, image)
    })
}

/// Writes an int8-quantized network, with its description in the metadata.
pub fn write_int8(path: &Path, network: &QuantizedNetwork, about: &FileDescription) -> Result<()> {
    let novelty = network.novelty.as_ref();
    write_with(path, about, &network.head, novelty, |graph, image| {
        quantized::features(graph, network, image)
    })
}

fn write_with(
    path: &Path,
    about: &FileDescription,
    linear: &FusedLinear,
    novelty: Option<&Novelty>,
    features: impl FnOnce(&mut GraphBuilder, &str) -> String,
) -> Result<()> {
    let (description, interface) = (about.description, &about.interface);
    let size = description.resize.size;
    let mut graph = GraphBuilder::new("skinlesion");
    let image = image::image(&mut graph, interface, size);
    let last = features(&mut graph, &image);
    head::head(
        &mut graph,
        linear,
        &last,
        interface.evidence_side(size).into(),
    );
    if let Some(novelty) = novelty {
        head::novelty(&mut graph, novelty, &last);
    }
    let opset = if interface.resizes {
        OPSET_WITH_RESIZE
    } else {
        OPSET
    };
    let model = proto::Model {
        ir_version: IR_VERSION,
        producer_name: env!("CARGO_PKG_NAME").to_owned(),
        producer_version: env!("CARGO_PKG_VERSION").to_owned(),
        doc_string: description.intended_use.clone(),
        graph: Some(graph.finish()),
        opset_import: vec![proto::OperatorSet {
            domain: String::new(),
            version: opset,
        }],
        metadata_props: about
            .fields()
            .into_iter()
            .map(|(key, value)| proto::Entry { key, value })
            .collect(),
    };
    files::write_atomically(path, &model.encode_to_vec())
}
