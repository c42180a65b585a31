//! Terminal output: progress on standard error, the summary on standard output.

mod color;
mod escape;
pub mod fold;
mod global;
mod output;
mod panic;
mod progress_lines;
mod session;
pub mod shell;
pub mod signals;
mod summary;
mod threads;

pub use self::color::choice_in as color_choice;
pub use self::global::Global;
pub use self::output::{print_out, tell};
pub use self::panic::caught;
pub use self::session::Session;
pub use self::summary::{Outcome, Summary};
