//! MobileNetV2 in libtorch.
