//! The commands that need libtorch, in a build without it: they take any flags, and say so.

macro_rules! verbs {
    ($($verb:ident),*) => {$(
        pub mod $verb {
            use skinlesion::Error;

            use crate::terminal::{Outcome, Session};

            #[derive(clap::Args)]
            pub struct Args {
                /// Whatever the whole program takes
                #[arg(trailing_var_arg = true, allow_hyphen_values = true, hide = true)]
                words: Vec<String>,
            }

            pub fn run(_args: &Args, _session: &Session) -> Outcome {
                let verb = concat!("skinlesion ", stringify!($verb));
                Err(Error::needs_libtorch(verb, "this command needs libtorch").into())
            }
        }
    )*};
}

verbs!(average, calibrate, config, export, train);
