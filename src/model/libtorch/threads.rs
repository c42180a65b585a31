//! A parallel loop on libtorch's own threads.
//!
//! With augmentation on libtorch's threads, a training step at 128 pixels has 93 % of the rate of its forward and
//! backward pass alone; on rayon's, 91 % (two cores; `docs/performance.md`). libtorch's threads spin for milliseconds
//! between two operations, so that threads of another pool compete with them for the cores.

/// Calls `work(index, item)` for every item in parallel.
///
/// A panic in `work` is resumed in the caller after all other items are done.
pub fn for_each<T: Send>(items: &mut [T], work: impl Fn(usize, &mut T) + Sync) {
    #[cfg(native_threads)]
    native::for_each(items, work);
    #[cfg(not(native_threads))]
    {
        use rayon::prelude::*;
        let items = items.par_iter_mut().enumerate();
        items.for_each(|(index, item)| work(index, item));
    }
}

#[cfg(native_threads)]
mod native {
    use std::any::Any;
    use std::ffi::c_void;
    use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
    use std::sync::Mutex;

    unsafe extern "C" {
        fn skinlesion_for_each(
            count: i64,
            work: extern "C" fn(*const c_void, i64),
            context: *const c_void,
        );
    }

    struct Job<'a, T, W> {
        items: *mut T,
        work: &'a W,
        panic: Mutex<Option<Box<dyn Any + Send>>>,
    }

    pub fn for_each<T: Send, W: Fn(usize, &mut T) + Sync>(items: &mut [T], work: W) {
        let job = Job {
            items: items.as_mut_ptr(),
            work: &work,
            panic: Mutex::new(None),
        };
        let context = (&raw const job).cast();
        // SAFETY: the call returns when all work is done, so the job outlives it. It calls `run_one` exactly once with
        // every index below the count.
        unsafe { skinlesion_for_each(items.len() as i64, run_one::<T, W>, context) };
        let panic = job.panic.into_inner().unwrap_or_default();
        if let Some(panic) = panic {
            resume_unwind(panic);
        }
    }

    extern "C" fn run_one<T: Send, W: Fn(usize, &mut T) + Sync>(context: *const c_void, at: i64) {
        // SAFETY: `context` is the job of `for_each` with the same types, and outlives all calls. No two calls have the
        // same index, so every item is borrowed once. Items may move to other threads (Send), and the work may be
        // called from them (Sync).
        let (job, item) = unsafe {
            let job = &*context.cast::<Job<T, W>>();
            (job, &mut *job.items.add(at as usize))
        };
        // A panic must not unwind through C++.
        if let Err(panic) = catch_unwind(AssertUnwindSafe(|| (job.work)(at as usize, item))) {
            *job.panic.lock().unwrap_or_else(|lock| lock.into_inner()) = Some(panic);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_item_is_processed_once() {
        for count in [0, 1, 7, 1000] {
            let mut items = vec![0; count];
            for_each(&mut items, |index, item| *item += index + 1);
            assert!(items.iter().enumerate().all(|(at, &item)| item == at + 1));
        }
    }

    #[test]
    fn a_panic_reaches_the_caller_after_the_other_items() {
        let mut items = vec![0; 40];
        let ended = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            for_each(&mut items, |index, item| {
                assert!(index != 3, "item 3 fails");
                *item = 1;
            });
        }));
        assert!(ended.is_err());
        assert!(items[4..].contains(&1));
    }
}
