//! Mean and standard deviation for the normalisation of the network's input.

/// ImageNet's mean of red, green and blue, for values in 0–1, as the pretrained weights expect.
pub const MEAN: [f32; 3] = [0.485, 0.456, 0.406];

/// ImageNet's standard deviation of red, green and blue, for values in 0–1.
pub const STD: [f32; 3] = [0.229, 0.224, 0.225];
