// Work shared between libtorch's own threads. See threads.rs.

#include <ATen/Parallel.h>

#include <algorithm>
#include <atomic>

// Calls `work(context, at)` for every `at` below `count`; a thread that is done takes the next.
extern "C" void skinlesion_for_each(int64_t count, void (*work)(const void*, int64_t), const void* context) {
  std::atomic<int64_t> next{0};
  const auto take = [&] {
    for (int64_t at = next++; at < count; at = next++) work(context, at);
  };
  try {
    const int64_t threads = std::min<int64_t>(at::get_num_threads(), count);
    at::parallel_for(0, threads, 1, [&](int64_t, int64_t) { take(); });
  } catch (...) {
    // No exception may cross to Rust. `work` throws none; libtorch may when it sets up its threads, or without memory.
  }
  take();  // What is left then; otherwise nothing.
}
