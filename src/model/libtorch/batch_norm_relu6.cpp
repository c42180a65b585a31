// BatchNorm followed by optional ReLU6, as one operator of libtorch's autograd, for training on CPUs.
//
// For a convolution with BatchNorm and ReLU6, libtorch saves the outputs of all three for the backward pass. This
// operator saves only its input, and recomputes the output of BatchNorm from it. That saves a third of a step's memory,
// and the backward pass reads memory four times instead of the seven times of libtorch's two operators.

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <torch/csrc/autograd/custom_function.h>

#include <algorithm>
#include <vector>

#include "batch_norm.h"

namespace {

using at::Tensor;
using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

// Pixels per block. A block is summed in single precision, the blocks in double precision. The size is fixed, so that
// the result does not depend on the number of threads.
constexpr int64_t BLOCK = 512;

// Dimensions of a channels-last batch: channels, pixels, and blocks of pixels.
struct Dimensions {
  int64_t channels, pixels, blocks;

  explicit Dimensions(const Tensor& x)
      : channels(x.size(1)), pixels(x.numel() / x.size(1)), blocks((pixels + BLOCK - 1) / BLOCK) {}

  // Calls `work(first pixel, number of pixels)` for parts of the batch, on libtorch's threads.
  template <typename Work>
  void over_parts(const Work& work) const {
    at::parallel_for(0, blocks, 1, [&](int64_t begin, int64_t end) {
      work(begin * BLOCK, std::min(end * BLOCK, pixels) - begin * BLOCK);
    });
  }

  // Two sums per channel over all pixels. `add(first pixel, number of pixels, sum, other sum)` adds a block's values.
  template <typename Add>
  std::vector<double> sums(const Add& add) const {
    std::vector<float> block_sums(blocks * 2 * channels, 0.0f);
    at::parallel_for(0, blocks, 1, [&](int64_t begin, int64_t end) {
      for (int64_t block = begin; block < end; block++) {
        float* sums = block_sums.data() + block * 2 * channels;
        add(block * BLOCK, std::min(BLOCK, pixels - block * BLOCK), sums, sums + channels);
      }
    });
    std::vector<double> totals(2 * channels, 0.0);
    for (int64_t block = 0; block < blocks; block++) {
      const float* sums = block_sums.data() + block * 2 * channels;
      for (int64_t at = 0; at < 2 * channels; at++) totals[at] += sums[at];
    }
    return totals;
  }
};

struct BatchNormRelu6 : torch::autograd::Function<BatchNormRelu6> {
  static Tensor forward(AutogradContext* context, const Tensor& x, const Tensor& gamma, const Tensor& beta,
                        Tensor running_mean, Tensor running_variance, double momentum, double epsilon, bool relu6) {
    const Dimensions dimensions(x);
    const auto channels = dimensions.channels;
    const float* values = x.const_data_ptr<float>();
    const float* running = running_mean.const_data_ptr<float>();

    // Relative to the running mean, which is near the batch's mean: this avoids differences of large squares.
    const std::vector<float> origin(running, running + channels);
    const auto sums = dimensions.sums([&](int64_t first, int64_t pixels, float* sum, float* squares) {
      add_moments(values + first * channels, origin.data(), pixels, channels, sum, squares);
    });

    // Allocate before anything is changed, so that the caller can fall back to libtorch's operators if this fails.
    const Tensor y = at::empty_like(x);
    const auto per_channel = at::empty({4, channels}, x.options().requires_grad(false));
    Statistics statistics(per_channel);
    statistics.set(sums, origin, double(dimensions.pixels), epsilon, momentum, gamma, beta, running_mean,
                   running_variance);

    float* result = y.data_ptr<float>();
    const Affine by = statistics.affine(relu6);
    dimensions.over_parts([&](int64_t first, int64_t pixels) {
      normalise(values + first * channels, by, pixels, channels, result + first * channels);
    });
    context->save_for_backward({x, per_channel});
    context->saved_data["relu6"] = relu6;
    return y;
  }

  static variable_list backward(AutogradContext* context, variable_list gradients) {
    const auto saved = context->get_saved_variables();
    const Tensor &x = saved[0], &per_channel = saved[1];
    const bool relu6 = context->saved_data["relu6"].toBool();
    const Dimensions dimensions(x);
    const auto channels = dimensions.channels;
    const Statistics statistics(per_channel);
    const Affine by = statistics.affine(relu6);
    const float* values = x.const_data_ptr<float>();
    const Tensor gradient = gradients[0].contiguous(at::MemoryFormat::ChannelsLast);
    gradients.clear();
    const float* incoming = gradient.const_data_ptr<float>();

    const auto sums = dimensions.sums([&](int64_t first, int64_t pixels, float* sum, float* products) {
      add_gradients(values + first * channels, incoming + first * channels, by, pixels, channels, sum, products);
    });
    const NormGradients norm(statistics, sums, double(dimensions.pixels));

    // The gradient may be overwritten if only this function and autograd's call of it hold the tensor, and no view
    // shares its memory. After a ReLU6 this is so, because one convolution follows. A sum passes the same tensor to
    // both of its terms.
    const bool is_unshared = gradient.use_count() <= 2 && gradient.storage().use_count() == 1;
    const Tensor grad_x = relu6 && is_unshared ? gradient : at::empty_like(gradient);
    float* result = grad_x.data_ptr<float>();
    dimensions.over_parts([&](int64_t first, int64_t pixels) {
      differentiate(values + first * channels, incoming + first * channels, by, norm.slope.data(), norm.offset.data(),
                    pixels, channels, result + first * channels);
    });
    return {grad_x, norm.gamma, norm.beta, Tensor(), Tensor(), Tensor(), Tensor(), Tensor()};
  }
};

}  // namespace

// See batch_norm_relu6.rs. Returns null on any error: exceptions must not cross into Rust.
extern "C" Tensor* skinlesion_batch_norm_relu6(const Tensor* x, const Tensor* gamma, const Tensor* beta,
                                               const Tensor* running_mean, const Tensor* running_variance,
                                               double momentum, double epsilon, bool relu6) {
  try {
    return new Tensor(
        BatchNormRelu6::apply(*x, *gamma, *beta, *running_mean, *running_variance, momentum, epsilon, relu6));
  } catch (...) {
    return nullptr;
  }
}
