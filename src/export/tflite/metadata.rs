//! TFLite Metadata, from which Android and iOS libraries read preprocessing and labels.
//!
//! A separate FlatBuffer within the file. Slots and numbers are those of `metadata_schema.fbs`, version 1.0.0
//! (<https://github.com/tensorflow/tflite-support/blob/master/tensorflow_lite_support/metadata/metadata_schema.fbs>).

use super::flatbuffer::{Builder, Table, Tables, table};
use crate::artifact::description::FileDescription;
use crate::artifact::interface::{INPUT, Interface, LOGITS, NOVELTY, PROBABILITIES};
use crate::artifact::package::{LABELS_FILE, MODEL_FILE};
use crate::artifact::tflite::schema::{Slot, slot};

/// The identifier of the metadata, at bytes 4 to 7.
const IDENTIFIER: &str = "M001";

/// The oldest schema version that has all fields written here.
const PARSER: &str = "1.0.0";

/// `ModelMetadata`.
mod model {
    use super::{Slot, slot};
    pub const NAME: Slot = slot(0);
    pub const DESCRIPTION: Slot = slot(1);
    pub const SUBGRAPHS: Slot = slot(3);
    pub const AUTHOR: Slot = slot(4);
    pub const LICENCE: Slot = slot(5);
    pub const FILES: Slot = slot(6);
    pub const PARSER: Slot = slot(7);
}

/// `SubGraphMetadata`.
mod subgraph {
    use super::{Slot, slot};
    pub const INPUTS: Slot = slot(2);
    pub const OUTPUTS: Slot = slot(3);
}

/// `TensorMetadata`.
mod tensor {
    use super::{Slot, slot};
    pub const NAME: Slot = slot(0);
    pub const DESCRIPTION: Slot = slot(1);
    pub const CONTENT: Slot = slot(3);
    pub const PROCESS: Slot = slot(4);
    pub const STATS: Slot = slot(5);
    pub const FILES: Slot = slot(6);
}

/// `Content`, a union, and its kinds `FeatureProperties` and `ImageProperties`.
mod content {
    use super::{Slot, slot};
    pub const KIND: Slot = slot(0);
    pub const PROPERTIES: Slot = slot(1);
    pub const FEATURE: u8 = 1;
    pub const IMAGE: u8 = 2;
    pub const COLOURS: Slot = slot(0);
    pub const RGB: i8 = 1;
    pub const SIZE: Slot = slot(1);
    pub const WIDTH: Slot = slot(0);
    pub const HEIGHT: Slot = slot(1);
}

/// `ProcessUnit`, a union, and its kind `NormalizationOptions`.
mod process {
    use super::{Slot, slot};
    pub const KIND: Slot = slot(0);
    pub const OPTIONS: Slot = slot(1);
    pub const NORMALIZATION: u8 = 1;
    pub const MEAN: Slot = slot(0);
    pub const STD: Slot = slot(1);
}

/// `Stats`.
mod stats {
    use super::{Slot, slot};
    pub const MAX: Slot = slot(0);
    pub const MIN: Slot = slot(1);
}

/// `AssociatedFile` and its types.
mod file {
    use super::{Slot, slot};
    pub const NAME: Slot = slot(0);
    pub const DESCRIPTION: Slot = slot(1);
    pub const TYPE: Slot = slot(2);
    pub const DESCRIPTIONS: i8 = 1;
    pub const AXIS_LABELS: i8 = 2;
}

/// Encodes the metadata of a file.
pub fn encode(described: &FileDescription) -> Vec<u8> {
    let builder = &mut Builder::new();
    let (description, interface) = (described.description, &described.interface);
    let (image, outputs) = (
        write_image(builder, description.resize.size, interface),
        write_outputs(builder, description.novelty.is_some()),
    );
    let inputs = builder.create_vector(&[image]);
    let subgraph = table(builder, |b| {
        b.push_slot_always(subgraph::INPUTS, inputs);
        b.push_slot_always(subgraph::OUTPUTS, outputs);
    });
    let subgraphs = builder.create_vector(&[subgraph]);
    let files = write_file(
        builder,
        MODEL_FILE,
        "all that is known of the network, as JSON",
        file::DESCRIPTIONS,
    );
    let about = format!("{} {}", description.intended_use, description.disclaimer);
    let texts = [
        (model::NAME, "skinlesion"),
        (model::DESCRIPTION, &about),
        (model::AUTHOR, &description.written_by),
        (model::LICENCE, &description.licence),
        (model::PARSER, PARSER),
    ]
    .map(|(slot, text)| (slot, builder.create_string(text)));
    let root = table(builder, |b| {
        for (slot, text) in texts {
            b.push_slot_always(slot, text);
        }
        b.push_slot_always(model::SUBGRAPHS, subgraphs);
        b.push_slot_always(model::FILES, files);
    });
    builder.finish(root, Some(IDENTIFIER));
    builder.finished_data().to_vec()
}

fn write_image(builder: &mut Builder, side: u32, interface: &Interface) -> Table {
    let range = interface.input.range;
    let size = table(builder, |b| {
        b.push_slot_always(content::WIDTH, side);
        b.push_slot_always(content::HEIGHT, side);
    });
    let properties = table(builder, |b| {
        b.push_slot_always(content::SIZE, size);
        b.push_slot_always(content::COLOURS, content::RGB);
    });
    // Apps compute the input from bytes: (byte − mean) / std.
    let [black, white] = range;
    let (mean, std) = (black, 255.0 / (white - black));
    let [mean, std] = [mean, std].map(|value| builder.create_vector(&[value]));
    let normalization = table(builder, |b| {
        b.push_slot_always(process::MEAN, mean);
        b.push_slot_always(process::STD, std);
    });
    let unit = table(builder, |b| {
        b.push_slot_always(process::OPTIONS, normalization);
        b.push_slot_always(process::KIND, process::NORMALIZATION);
    });
    let units = builder.create_vector(&[unit]);
    let content = write_content(builder, content::IMAGE, properties);
    let stats = write_stats(builder, range);
    let name = builder.create_string(INPUT);
    let about = builder.create_string(&interface.preparation);
    table(builder, |b| {
        b.push_slot_always(tensor::NAME, name);
        b.push_slot_always(tensor::DESCRIPTION, about);
        b.push_slot_always(tensor::CONTENT, content);
        b.push_slot_always(tensor::PROCESS, units);
        b.push_slot_always(tensor::STATS, stats);
    })
}

fn write_outputs(builder: &mut Builder, has_novelty: bool) -> Tables {
    let labels = write_file(
        builder,
        LABELS_FILE,
        "the classes in the order of the output, one a line",
        file::AXIS_LABELS,
    );
    let stats = write_stats(builder, [0.0, 1.0]);
    let mut output = |name, about, of_probabilities: bool| {
        let properties = table(builder, |_| ());
        let content = write_content(builder, content::FEATURE, properties);
        let [name, about] = [name, about].map(|text| builder.create_string(text));
        table(builder, |b| {
            b.push_slot_always(tensor::NAME, name);
            b.push_slot_always(tensor::DESCRIPTION, about);
            b.push_slot_always(tensor::CONTENT, content);
            if of_probabilities {
                b.push_slot_always(tensor::STATS, stats);
                b.push_slot_always(tensor::FILES, labels);
            }
        })
    };
    let mut outputs = vec![
        output(PROBABILITIES, "of the classes, summing to 1", true),
        output(LOGITS, "what the probabilities are the softmax of", false),
    ];
    if has_novelty {
        outputs.push(output(NOVELTY, "distance from the training images", false));
    }
    builder.create_vector(&outputs)
}

fn write_content(builder: &mut Builder, kind: u8, properties: Table) -> Table {
    table(builder, |b| {
        b.push_slot_always(content::PROPERTIES, properties);
        b.push_slot_always(content::KIND, kind);
    })
}

fn write_stats(builder: &mut Builder, [min, max]: [f32; 2]) -> Table {
    let [min, max] = [min, max].map(|value| builder.create_vector(&[value]));
    table(builder, |b| {
        b.push_slot_always(stats::MAX, max);
        b.push_slot_always(stats::MIN, min);
    })
}

/// A vector of one associated file.
fn write_file(builder: &mut Builder, name: &str, about: &str, kind: i8) -> Tables {
    let [name, about] = [name, about].map(|text| builder.create_string(text));
    let one = table(builder, |b| {
        b.push_slot_always(file::NAME, name);
        b.push_slot_always(file::DESCRIPTION, about);
        b.push_slot_always(file::TYPE, kind);
    });
    builder.create_vector(&[one])
}
