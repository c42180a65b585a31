//! Terminal output: progress on standard error, the summary on standard output.

mod escape;
mod global;
mod panic;
mod session;
mod summary;

pub use self::global::Global;
pub use self::panic::caught;
pub use self::session::{Session, print_out};
pub use self::summary::{Outcome, Summary};
