//! The cost of a network: parameters and multiply-adds, as publications count them.

use super::architecture::{Architecture, Network};

impl Network {
    /// The number of trainable parameters: weights and biases of convolutions, BatchNorm and the head.
    pub fn parameters(&self) -> u64 {
        let shapes = self.tensor_shapes();
        let trainable = shapes.iter().filter(|(name, _)| !name.contains("running"));
        trainable
            .map(|(_, shape)| shape.iter().product::<i64>() as u64)
            .sum()
    }

    /// Multiply-adds of one image of `side` × `side` pixels: those of the convolutions and of the head (Sandler et al.,
    /// CVPR 2018, table 4, which calls them MAdds). BatchNorm is fused for inference and costs none.
    pub fn multiply_adds(&self, side: u32) -> u64 {
        let mut side = side as usize;
        let mut total = 0;
        for convolution in self.blocks.iter().flat_map(|block| &block.convolutions) {
            side = side.div_ceil(convolution.stride);
            let per_pixel: i64 = convolution.weight_shape().iter().product();
            total += (side * side) as u64 * per_pixel as u64;
        }
        total + (self.head.inputs * self.head.outputs) as u64
    }
}

impl Architecture {
    /// The network's name, with its width multiplier unless that is 1.
    pub fn name(&self) -> String {
        match self.width {
            1.0 => "MobileNetV2".to_owned(),
            width => format!("MobileNetV2, width {width}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn network(width: f64) -> Network {
        let classes = 1000;
        Architecture { width, classes }.network()
    }

    #[test]
    fn the_number_of_parameters_equals_torchvisions() {
        assert_eq!(network(1.0).parameters(), 3_504_872);
        assert_eq!(network(1.4).parameters(), 6_108_776);
        assert_eq!(network(0.5).parameters(), 1_968_680);
    }

    #[test]
    fn multiply_adds_at_224_pixels_are_those_that_the_papers_authors_publish() {
        // In millions, from TensorFlow's table of MobileNetV2 (research/slim/nets/mobilenet/README.md).
        for (width, published) in [(1.4, 582), (1.0, 300), (0.5, 97)] {
            assert_eq!(network(width).multiply_adds(224) / 1_000_000, published);
        }
    }

    #[test]
    fn four_times_the_pixels_cost_four_times_the_convolutions() {
        let convolutions = |side| network(1.0).multiply_adds(side) - 1280 * 1000;
        assert_eq!(convolutions(448), 4 * convolutions(224));
    }
}
