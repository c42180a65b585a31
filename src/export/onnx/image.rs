//! Preprocessing inside the ONNX graph: from the app's pixels to RGB in 0–1 at the network's input size.

use super::graph::{GraphBuilder, int, ints, kind, text};
use super::proto::{DataType, DimValue};
use crate::artifact::interface::{BATCH, HEIGHT, INPUT, InputKind, Interface, WIDTH};

/// Names of the nodes and constants that resize begin so.
pub const RESIZE: &str = "resize.";

/// Declares the input and converts it to float32, N × 3 × S × S, in 0–1.
pub fn image(graph: &mut GraphBuilder, interface: &Interface, size: u32) -> String {
    let doc = &interface.preparation;
    let batch = DimValue::Free(BATCH.to_owned());
    let [height, width] = if interface.resizes {
        [HEIGHT, WIDTH].map(|name| DimValue::Free(name.to_owned()))
    } else {
        [DimValue::Fixed(size.into()), DimValue::Fixed(size.into())]
    };
    let channels = DimValue::Fixed(3);
    match interface.kind {
        InputKind::Unit => {
            let shape = [batch, channels, height, width];
            let image = graph.input(INPUT, DataType::Float, &shape, doc);
            if !interface.resizes {
                return image;
            }
            let white = graph.constant("image.most", &[], &[255.0]);
            let bytes = graph.operation("Mul", &[&image, &white], vec![], "image.bytes");
            let resized = resized(graph, &bytes, size);
            unit(graph, &resized)
        }
        InputKind::Bytes => {
            let shape = [batch, height, width, channels];
            let image = graph.input(INPUT, DataType::Uint8, &shape, doc);
            let to = vec![kind("to", DataType::Float)];
            let bytes = graph.operation("Cast", &[&image], to, "image.single");
            let order = vec![ints("perm", &[0, 3, 1, 2])];
            let mut bytes = graph.operation("Transpose", &[&bytes], order, "image.planes");
            if interface.resizes {
                bytes = resized(graph, &bytes, size);
            }
            unit(graph, &bytes)
        }
    }
}

fn unit(graph: &mut GraphBuilder, bytes: &str) -> String {
    let white = graph.constant("image.white", &[], &[255.0]);
    graph.operation("Div", &[bytes, &white], vec![], "image.unit")
}

/// Resizes like [`crate::imaging::resize::resize`]: vertical pass first, each pass rounded to integers (halves up).
fn resized(graph: &mut GraphBuilder, bytes: &str, size: u32) -> String {
    let side = graph.int64_constant(&format!("{RESIZE}side"), &[1], &[size.into()]);
    let half = graph.constant(&format!("{RESIZE}half"), &[], &[0.5]);
    let mut x = bytes.to_owned();
    for (name, axis) in [("height", 2), ("width", 3)] {
        let named = |part: &str| format!("{RESIZE}{name}.{part}");
        let settings = vec![
            int("antialias", 1),
            ints("axes", &[axis]),
            text("coordinate_transformation_mode", "half_pixel"),
            int("exclude_outside", 1), // otherwise edge pixels are repeated beyond the border
            text("mode", "linear"),
        ];
        let inputs = [&x[..], "", "", &side];
        let scaled = graph.operation("Resize", &inputs, settings, &named("scaled"));
        let raised = graph.operation("Add", &[&scaled, &half], vec![], &named("raised"));
        x = graph.operation("Floor", &[&raised], vec![], &named("rounded"));
    }
    x
}
