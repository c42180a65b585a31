// A parallel loop on libtorch's own threads. See threads.rs.

#include <ATen/Parallel.h>

#include <algorithm>
#include <atomic>

// Calls `work(context, index)` for every index below `count`. Threads take the next index when they are done with one.
extern "C" void skinlesion_for_each(int64_t count, void (*work)(const void*, int64_t), const void* context) {
  std::atomic<int64_t> next{0};
  const auto take = [&] {
    for (int64_t index = next++; index < count; index = next++) work(context, index);
  };
  try {
    const int64_t threads = std::min<int64_t>(at::get_num_threads(), count);
    at::parallel_for(0, threads, 1, [&](int64_t, int64_t) { take(); });
  } catch (...) {
    // Exceptions must not cross into Rust. `work` throws none; libtorch may when it starts its threads or is out of
    // memory.
  }
  take();  // The rest after an exception; otherwise nothing is left.
}
