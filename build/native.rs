//! Compiles what speaks to libtorch in C++: an operation of its autograd, work on its threads, and
//! an operation that tch lacks.

use std::env;
use std::path::Path;

const SOURCES: [&str; 2] = [
    "src/model/libtorch/batch_norm_relu6.cpp",
    "src/model/libtorch/threads.cpp",
];

/// Compiles it where its threads are libtorch's (Linux, GNU OpenMP) and sets `native_threads`. Elsewhere it would run on
/// one thread; there libtorch's own operations serve, and rayon's threads.
pub fn compile() {
    for source in SOURCES {
        println!("cargo:rerun-if-changed={source}");
    }
    println!("cargo:rustc-check-cfg=cfg(native_threads)");
    let os = env::var("CARGO_CFG_TARGET_OS").unwrap_or_default();
    let Ok(lib) = env::var("DEP_TCH_LIBTORCH_LIB") else {
        return;
    };
    if os != "linux" {
        return;
    }
    // Set by whoever has headers elsewhere, or an old C++ library: torch-sys reads the same.
    println!("cargo:rerun-if-env-changed=LIBTORCH_INCLUDE");
    println!("cargo:rerun-if-env-changed=LIBTORCH_CXX11_ABI");
    let beside = Path::new(&lib).with_file_name("include");
    let include = match env::var("LIBTORCH_INCLUDE") {
        Ok(folder) => Path::new(&folder).join("include"),
        Err(_) => beside,
    };
    let abi = env::var("LIBTORCH_CXX11_ABI").unwrap_or("1".into());
    let mut build = cc::Build::new();
    build.cpp(true);
    // Another compiler's OpenMP is another library, with threads of its own.
    if !build.get_compiler().is_like_gnu() {
        return;
    }
    build
        .std("c++17")
        .opt_level(3) // in every profile: the tests train, too
        .warnings(false) // of libtorch's headers
        .include(include.join("torch/csrc/api/include"))
        .include(&include)
        .define("_GLIBCXX_USE_CXX11_ABI", abi.as_str())
        .flag("-fopenmp")
        .flag("-fno-trapping-math") // lets comparisons be vectorised
        .files(SOURCES)
        .compile("skinlesion_native");
    println!("cargo:rustc-cfg=native_threads");
}
