// Products of small matrices whose operands are in the cache, in single precision.

#pragma once

#include "vectors.h"

namespace skinlesion {

// `rows` × `columns` values: c = a b, or c += a b if `add`. `a` has any strides, `b` and `c` have contiguous rows.
// `columns` must be a multiple of 8.
struct Product {
  const float* a;
  int64_t a_row, a_depth;
  const float* b;
  int64_t b_depth;
  float* c;
  int64_t c_row, rows, columns, depth;
  bool add;
};

struct MultiplyKernel {
  // R rows and C vectors of columns, in registers.
  template <typename V, int R, int C>
  static INLINE void block(const Product& by, int64_t row, int64_t column) {
    const float* a = by.a + row * by.a_row;
    const float* b = by.b + column;
    float* c = by.c + row * by.c_row + column;
    V sums[R][C];
#pragma GCC unroll 8
    for (int r = 0; r < R; r++) {
#pragma GCC unroll 8
      for (int j = 0; j < C; j++) sums[r][j] = by.add ? at<V>(c + r * by.c_row + j * LENGTH<V>) : V{};
    }
    for (int64_t k = 0; k < by.depth; k++, a += by.a_depth, b += by.b_depth) {
      V right[C];
#pragma GCC unroll 8
      for (int j = 0; j < C; j++) right[j] = at<V>(b + j * LENGTH<V>);
#pragma GCC unroll 8
      for (int r = 0; r < R; r++) {
        const float left = a[r * by.a_row];
#pragma GCC unroll 8
        for (int j = 0; j < C; j++) sums[r][j] += left * right[j];
      }
    }
#pragma GCC unroll 8
    for (int r = 0; r < R; r++) {
#pragma GCC unroll 8
      for (int j = 0; j < C; j++) at<V>(c + r * by.c_row + j * LENGTH<V>) = sums[r][j];
    }
  }

  template <typename V, int C>
  static INLINE void all_rows(const Product& by, int64_t column) {
    int64_t row = 0;
    for (; row + 6 <= by.rows; row += 6) block<V, 6, C>(by, row, column);
    if (row + 4 <= by.rows) {
      block<V, 4, C>(by, row, column);
      row += 4;
    }
    for (; row < by.rows; row++) block<V, 1, C>(by, row, column);
  }

  template <typename V>
  static INLINE void run(const Product* by) {
    constexpr int64_t length = LENGTH<V>;
    int64_t column = 0;
    for (; column + 2 * length <= by->columns; column += 2 * length) all_rows<V, 2>(*by, column);
    if (column + length <= by->columns) {
      all_rows<V, 1>(*by, column);
      column += length;
    }
    if (length > 8 && column < by->columns) all_rows<Vector8, 1>(*by, column);
  }
};

INLINE void multiply(const Product& by) { run<MultiplyKernel>(&by); }

// A 1×1 convolution of `pixels` pixels: `by` has a row per input channel.
INLINE void pointwise(const float* x, int64_t inputs, const float* by, int64_t outputs, int64_t pixels, float* z) {
  multiply({x, inputs, 1, by, outputs, z, outputs, pixels, outputs, inputs, false});
}

// Adds to the gradient of its weights, of a row per channel of `gradient`.
INLINE void pointwise_weights(const float* gradient, int64_t outputs, const float* x, int64_t inputs, int64_t pixels,
                              float* into) {
  multiply({gradient, 1, outputs, x, inputs, into, inputs, outputs, inputs, pixels, true});
}

}  // namespace skinlesion
