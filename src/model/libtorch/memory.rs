//! Settings of the allocator for freed memory.

/// Keeps freed memory for reuse instead of returning it to the kernel, in huge pages where the kernel allows them.
///
/// An activation of a batch takes tens of megabytes, which glibc by default maps and unmaps every time. The page faults
/// take as long as the convolutions: without this setting, evaluation runs at half the rate (`docs/performance.md`).
pub fn keep_freed_memory() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    // SAFETY: mallopt only sets the allocator's parameters, and may be called at any time.
    unsafe {
        libc::mallopt(libc::M_MMAP_THRESHOLD, 1 << 30);
        libc::mallopt(libc::M_TRIM_THRESHOLD, -1); // never
        libc::mallopt(libc::M_TOP_PAD, 64 << 20);
    }
    use_huge_pages();
}

/// Returns free memory to the kernel. Useful when allocation sizes change, as with progressive resizing: free blocks of
/// the old sizes would stay unused.
pub fn return_freed_memory() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    // SAFETY: malloc_trim only returns free memory, and may be called at any time.
    unsafe {
        libc::malloc_trim(0);
    }
    use_huge_pages();
}

/// Lets the kernel place the heap's next gigabytes in pages of 2 MB instead of 4 kB, which it fills 500 times less
/// often and translates faster. They take memory only when used.
///
/// glibc can do this by itself, but only if an environment variable tells it before the program starts.
fn use_huge_pages() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    // SAFETY: mallopt only sets the allocator's parameters. The block is the heap's new end, and is freed unused.
    // madvise changes no contents, and fails if the kernel has no huge pages.
    unsafe {
        const LENGTH: usize = 4 << 30;
        const PAGE: usize = 4096; // madvise takes whole pages
        libc::mallopt(libc::M_MMAP_MAX, 0); // from the heap, even if it is large
        let block = libc::malloc(LENGTH);
        libc::mallopt(libc::M_MMAP_MAX, 65_536); // the default
        if block.is_null() {
            return;
        }
        let skipped = block.addr().next_multiple_of(PAGE) - block.addr();
        libc::madvise(
            block.byte_add(skipped),
            LENGTH - 2 * PAGE,
            libc::MADV_HUGEPAGE,
        );
        libc::free(block);
    }
}
