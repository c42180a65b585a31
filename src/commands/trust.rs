//! The flag with which TorchScript files are opened.

#[derive(clap::Args, Clone, Copy)]
pub struct TrustArgs {
    /// Open TorchScript files (.pt). They contain code, which runs with your rights: only for files whose author you
    /// trust. Files in other formats contain no code
    #[arg(long)]
    pub trust: bool,
}
