//! Settings of the allocator for freed memory.

/// Keeps freed memory for reuse instead of returning it to the kernel.
///
/// An activation of a batch takes tens of megabytes, which glibc by default maps and unmaps every time. The page faults
/// take as long as the convolutions: without this setting, evaluation runs at half the rate (`docs/performance.md`).
pub fn keep_freed_memory() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    // SAFETY: mallopt only sets the allocator's parameters, and may be called at any time.
    unsafe {
        libc::mallopt(libc::M_MMAP_THRESHOLD, 1 << 30);
        libc::mallopt(libc::M_TRIM_THRESHOLD, i32::MAX);
        libc::mallopt(libc::M_TOP_PAD, 64 << 20);
    }
}

/// Returns free memory to the kernel. Useful when allocation sizes change, as with progressive resizing: free blocks of
/// the old sizes would stay unused.
pub fn return_freed_memory() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    // SAFETY: malloc_trim only returns free memory, and may be called at any time.
    unsafe {
        libc::malloc_trim(0);
    }
}
