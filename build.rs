//! Makes the finished binaries find libtorch from any directory, and links its CUDA half when it is there.
//! Puts the phone page into the program, if it was built, and compiles what speaks to libtorch in C++.

#[cfg(feature = "torch")]
#[path = "build/native.rs"]
mod native;
#[path = "build/page.rs"]
mod page;

use std::env;
use std::error::Error;
use std::path::Path;

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-changed=build");
    page::embed(Path::new(&env::var("OUT_DIR")?))?;
    #[cfg(feature = "torch")]
    {
        native::compile();
        link_libtorch();
    }
    Ok(())
}

#[cfg(feature = "torch")]
fn link_libtorch() {
    // Set by torch-sys for its direct dependents, whichever way libtorch was found.
    let Ok(lib) = env::var("DEP_TCH_LIBTORCH_LIB") else {
        return;
    };
    let os = env::var("CARGO_CFG_TARGET_OS").unwrap_or_default();
    if os == "windows" {
        return; // Windows has no rpath: the DLLs must be on PATH.
    }
    println!("cargo:rustc-link-search=native={lib}");
    println!("cargo:rustc-link-arg=-Wl,-rpath,{lib}");
    if os == "linux" {
        // RPATH rather than RUNPATH, so that it also serves the libraries that libtorch loads in turn.
        println!("cargo:rustc-link-arg=-Wl,--disable-new-dtags");
        if Path::new(&lib).join("libtorch_cuda.so").exists() {
            // Nothing in our code names a CUDA symbol, so without this the linker drops the library
            // and CUDA is silently absent.
            println!("cargo:rustc-link-arg=-Wl,--no-as-needed");
            println!("cargo:rustc-link-arg=-ltorch_cuda");
            println!("cargo:rustc-link-arg=-Wl,--as-needed");
        }
    }
}
