//! How the allocator treats freed memory.

/// Keeps freed memory for the next use instead of giving it back to the kernel.
///
/// Every activation of a batch is tens of megabytes. glibc by default maps each anew and unmaps it
/// after, and faulting the pages in again takes as long as the convolutions: without this, evaluation
/// runs at half its rate (`docs/performance.md`).
pub fn keep_freed_memory() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    // SAFETY: mallopt only sets the allocator's parameters, and may be called at any time.
    unsafe {
        libc::mallopt(libc::M_MMAP_THRESHOLD, 1 << 30);
        libc::mallopt(libc::M_TRIM_THRESHOLD, i32::MAX);
        libc::mallopt(libc::M_TOP_PAD, 64 << 20);
    }
}

/// Gives memory that is free and kept back to the kernel. Worth it where the sizes of what is needed change, as with
/// images that grow: blocks of the old sizes would lie about unused.
pub fn return_freed_memory() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    // SAFETY: malloc_trim only returns free memory, and may be called at any time.
    unsafe {
        libc::malloc_trim(0);
    }
}
