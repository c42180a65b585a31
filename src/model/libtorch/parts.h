// Loops over the images of a channels-last batch on libtorch's threads, in parts, so that results do not depend on the
// number of threads.

#pragma once

#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include <algorithm>
#include <vector>

namespace skinlesion {

// Parts of a batch. Sums are taken by part, then over the parts.
constexpr int64_t PARTS = 16;

// Two sums per channel: short runs in single precision, the parts in double precision.
struct PartSums {
  int64_t channels;
  std::vector<double> of_parts;

  explicit PartSums(int64_t channels) : channels(channels), of_parts(PARTS * 2 * channels, 0.0) {}

  // `run(sum, other sum)` adds a run's values.
  template <typename Run>
  void add(int64_t part, const Run& run) {
    std::vector<float> sums(2 * channels, 0.0f);
    run(sums.data(), sums.data() + channels);
    double* into = of_parts.data() + part * 2 * channels;
    for (int64_t at = 0; at < 2 * channels; at++) into[at] += sums[at];
  }

  std::vector<double> totals() const {
    std::vector<double> totals(2 * channels, 0.0);
    for (int64_t at = 0; at < PARTS * 2 * channels; at++) totals[at % (2 * channels)] += of_parts[at];
    return totals;
  }
};

// Three rows of an image in turns, with a pixel of zeros at each end.
struct Rows {
  int64_t length;
  std::vector<float> values;

  Rows(int64_t width, int64_t channels) : length((width + 2) * channels), values(3 * length, 0.0f) {}

  float* operator[](int64_t row) { return values.data() + row % 3 * length; }
};

// Sizes of a block's input and output.
struct Sizes {
  int64_t images, height, width, out_height, out_width;
  int64_t inputs, wide, outputs;  // channels: of the input, of the depthwise convolution, of the output

  Sizes(const at::Tensor& x, int64_t wide, int64_t outputs, int64_t stride)
      : images(x.size(0)),
        height(x.size(2)),
        width(x.size(3)),
        out_height((height - 1) / stride + 1),
        out_width((width - 1) / stride + 1),
        inputs(x.size(1)),
        wide(wide),
        outputs(outputs) {}

  int64_t pixels() const { return images * height * width; }
  int64_t out_pixels() const { return images * out_height * out_width; }

  at::Tensor image(int64_t channels, int64_t height, int64_t width) const {
    return at::empty({images, channels, height, width}, at::kFloat, at::MemoryFormat::ChannelsLast);
  }

  // Calls `work(part, image)` for every image.
  template <typename Work>
  void over_images(const Work& work) const {
    at::parallel_for(0, PARTS, 1, [&](int64_t begin, int64_t end) {
      for (int64_t part = begin; part < end; part++) {
        for (int64_t image = images * part / PARTS; image < images * (part + 1) / PARTS; image++) work(part, image);
      }
    });
  }

  // Calls `work(part, first pixel, pixels)` for runs of pixels of the input that fit the cache.
  template <typename Work>
  void over_pixels(const Work& work) const {
    over_runs(pixels(), work);
  }

  // The same for pixels of the output.
  template <typename Work>
  void over_out_pixels(const Work& work) const {
    over_runs(out_pixels(), work);
  }

 private:
  template <typename Work>
  void over_runs(int64_t pixels, const Work& work) const {
    // A run's values take 128 kB, of which the second-level cache holds a few. A multiple of the 6 rows of a product.
    const int64_t run = std::clamp<int64_t>(32768 / wide, 24, 384) / 6 * 6;
    at::parallel_for(0, PARTS, 1, [&](int64_t begin, int64_t end) {
      for (int64_t part = begin; part < end; part++) {
        const int64_t last = pixels * (part + 1) / PARTS;
        for (int64_t at = pixels * part / PARTS; at < last; at += run) work(part, at, std::min(run, last - at));
      }
    });
  }
};

}  // namespace skinlesion
