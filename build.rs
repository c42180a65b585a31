//! Links libtorch with an rpath, and with its CUDA part if present; compiles the C++ operators; embeds the released
//! network, and the phone page if it was built.

#[cfg(feature = "torch")]
#[path = "build/native.rs"]
mod native;
#[path = "build/page.rs"]
mod page;
#[path = "build/released.rs"]
mod released;

use std::env;
use std::error::Error;
use std::path::Path;

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-changed=build");
    let out = env::var("OUT_DIR")?;
    page::embed(Path::new(&out))?;
    released::embed(Path::new(&out))?;
    #[cfg(feature = "torch")]
    {
        native::compile();
        link_libtorch();
    }
    Ok(())
}

#[cfg(feature = "torch")]
fn link_libtorch() {
    // torch-sys sets this for its direct dependents.
    let Ok(lib) = env::var("DEP_TCH_LIBTORCH_LIB") else {
        return;
    };
    let os = env::var("CARGO_CFG_TARGET_OS").unwrap_or_default();
    if os == "windows" {
        return; // Windows has no rpath: the DLLs must be on PATH.
    }
    println!("cargo:rustc-link-search=native={lib}");
    for folder in rpath(&os, &lib) {
        println!("cargo:rustc-link-arg=-Wl,-rpath,{folder}");
    }
    if os == "linux" {
        // RPATH instead of RUNPATH, so that it also applies to the libraries that libtorch loads.
        println!("cargo:rustc-link-arg=-Wl,--disable-new-dtags");
        if Path::new(&lib).join("libtorch_cuda.so").exists() {
            // No code refers to a symbol of libtorch_cuda, so without these flags the linker drops the library and CUDA
            // is not available.
            println!("cargo:rustc-link-arg=-Wl,--no-as-needed");
            println!("cargo:rustc-link-arg=-ltorch_cuda");
            println!("cargo:rustc-link-arg=-Wl,--as-needed");
        }
    }
}

/// Where the program looks for libtorch: where `make install` and `make dist` put it, relative to the program; in the
/// clone, which may have moved since (target/release/../..); and where it was linked from.
#[cfg(feature = "torch")]
fn rpath(os: &str, lib: &str) -> [String; 3] {
    let origin = match os {
        "macos" => "@loader_path",
        _ => "$ORIGIN",
    };
    // .libtorch may be a link to a folder that outlives the clone.
    let linked_from = Path::new(lib).canonicalize();
    [
        format!("{origin}/../lib/skinlesion"),
        format!("{origin}/../../.libtorch/lib"),
        linked_from.map_or_else(|_| lib.to_owned(), |path| path.display().to_string()),
    ]
}
