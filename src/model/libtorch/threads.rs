//! Work shared between libtorch's own threads.
//!
//! Between two operations libtorch's threads wait by spinning, for milliseconds on end. Threads of another pool would
//! share the cores with them: with augmentation on rayon's pool a training step at 128 pixels had 91 % of the rate of
//! its forward and backward pass alone, on libtorch's threads 93 % (two cores; `docs/performance.md`).

/// Calls `work(number, item)` for every item, several at a time; which thread takes which is left open.
///
/// A panic in `work` goes on in the caller, once the others are done.
pub fn for_each<T: Send>(items: &mut [T], work: impl Fn(usize, &mut T) + Sync) {
    #[cfg(native_threads)]
    native::for_each(items, work);
    #[cfg(not(native_threads))]
    {
        use rayon::prelude::*;
        let items = items.par_iter_mut().enumerate();
        items.for_each(|(number, item)| work(number, item));
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
        // SAFETY: the call returns when all work is done, so the job outlives it, and it gives every number below the
        // count to `one` once.
        unsafe { skinlesion_for_each(items.len() as i64, one::<T, W>, context) };
        let panic = job.panic.into_inner().unwrap_or_default();
        if let Some(panic) = panic {
            resume_unwind(panic);
        }
    }

    extern "C" fn one<T: Send, W: Fn(usize, &mut T) + Sync>(context: *const c_void, at: i64) {
        // SAFETY: `context` is the job of `for_each`, of the same types, and lives until all are done. No two calls
        // have the same number, so that each item is lent once; items may go to other threads (Send) and the work be
        // called from them (Sync).
        let (job, item) = unsafe {
            let job = &*context.cast::<Job<T, W>>();
            (job, &mut *job.items.add(at as usize))
        };
        // No panic may cross C++.
        if let Err(panic) = catch_unwind(AssertUnwindSafe(|| (job.work)(at as usize, item))) {
            *job.panic.lock().unwrap_or_else(|lock| lock.into_inner()) = Some(panic);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_item_is_worked_on_once() {
        for count in [0, 1, 7, 1000] {
            let mut items = vec![0; count];
            for_each(&mut items, |number, item| *item += number + 1);
            assert!(items.iter().enumerate().all(|(at, &item)| item == at + 1));
        }
    }

    #[test]
    fn a_panic_reaches_the_caller_when_the_others_are_done() {
        let mut items = vec![0; 40];
        let ended = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            for_each(&mut items, |number, item| {
                assert!(number != 3, "number 3 fails");
                *item = 1;
            });
        }));
        assert!(ended.is_err());
        assert!(items[4..].contains(&1));
    }
}
