//! A file that resizes its input, without the resize.

use prost::Message;

use super::image::RESIZE;
use super::proto::Model;

/// The bytes of a file that resizes its input, with the nodes of the resize left out: the same network for images that
/// have its size. The engine of this program has no antialiased Resize, so the rest of such a file is verified so;
/// tests compare the resize itself with ONNX Runtime's.
///
/// # Errors
/// Bytes that are not such a file.
pub fn without_resize(file: &[u8]) -> Result<Vec<u8>, String> {
    let mut model = Model::decode(file).map_err(|error| error.to_string())?;
    let graph = model.graph.as_mut().ok_or("it has no graph")?;
    let (resize, mut rest): (Vec<_>, Vec<_>) = std::mem::take(&mut graph.node)
        .into_iter()
        .partition(|node| node.name.starts_with(RESIZE));
    let input = resize.first().and_then(|node| node.input.first());
    let output = resize.last().and_then(|node| node.output.first());
    let (Some(input), Some(output)) = (input, output) else {
        return Err("it does not resize its input".to_owned());
    };
    let inputs = rest.iter_mut().flat_map(|node| &mut node.input);
    for name in inputs.filter(|name| *name == output) {
        name.clone_from(input);
    }
    graph.node = rest;
    Ok(model.encode_to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::artifact::format::Format;
    use crate::artifact::interface::{InputKind, Interface};
    use crate::export::onnx::graph::GraphBuilder;
    use crate::export::onnx::image::image;
    use crate::imaging::resize::ResizeRule;

    fn operators(kind: InputKind, resizes: bool) -> (Vec<u8>, Vec<String>) {
        let mut graph = GraphBuilder::new("image");
        let interface = Interface::new(Format::Onnx, ResizeRule::square(32), kind, resizes, 7);
        image(&mut graph, &interface, 32);
        let model = Model {
            graph: Some(graph.finish()),
            ..Model::default()
        };
        let bytes = model.encode_to_vec();
        (bytes.clone(), chain(&bytes))
    }

    /// The operators, each of which must take what the one before it gives.
    fn chain(file: &[u8]) -> Vec<String> {
        let nodes = Model::decode(file).unwrap().graph.unwrap().node;
        for pair in nodes.windows(2) {
            assert_eq!(pair[0].output[0], pair[1].input[0]);
        }
        nodes.into_iter().map(|node| node.op_type).collect()
    }

    #[test]
    fn only_the_resize_is_left_out() {
        let (resizing, with) = operators(InputKind::Bytes, true);
        let (plain, without) = operators(InputKind::Bytes, false);
        assert!(with.contains(&"Resize".to_owned()));
        assert_eq!(chain(&without_resize(&resizing).unwrap()), without);
        assert!(without_resize(&plain).is_err());
        let (resizing, _) = operators(InputKind::Unit, true);
        assert_eq!(chain(&without_resize(&resizing).unwrap()), ["Mul", "Div"]);
        assert!(without_resize(b"no file").is_err());
    }
}
