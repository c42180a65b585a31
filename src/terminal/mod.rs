//! Terminal output: progress on standard error, the summary on standard output.

mod color;
mod escape;
mod global;
mod panic;
mod session;
mod summary;
mod threads;

pub use self::color::choice_in as color_choice;
pub use self::global::Global;
pub use self::panic::caught;
pub use self::session::{Session, print_out};
pub use self::summary::{Outcome, Summary};
