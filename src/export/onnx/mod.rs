//! ONNX: the format that phones, browsers and most other runtimes read.

mod graph;
mod network;
mod proto;

use std::path::Path;

use prost::Message;

use super::description::Description;
use crate::model::fold::FoldedNetwork;
use crate::{Result, files};

/// The version of the operators: understood by every ONNX Runtime since 1.12 (2022).
const OPSET: i64 = 17;

/// The version of the file format that came with that set of operators.
const IR_VERSION: i64 = 8;

/// Writes a network as an ONNX file, with its description in the metadata.
pub fn write(path: &Path, network: &FoldedNetwork, description: &Description) -> Result<()> {
    let model = proto::Model {
        ir_version: IR_VERSION,
        producer_name: env!("CARGO_PKG_NAME").to_owned(),
        producer_version: env!("CARGO_PKG_VERSION").to_owned(),
        doc_string: description.intended_use.clone(),
        graph: Some(network::graph(network, description.resize.size)),
        opset_import: vec![proto::OperatorSet {
            domain: String::new(),
            version: OPSET,
        }],
        metadata_props: description
            .fields()
            .into_iter()
            .map(|(key, value)| proto::Entry { key, value })
            .collect(),
    };
    files::write_whole(path, &model.encode_to_vec())
}
