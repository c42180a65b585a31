//! Compiles the C++ code for libtorch: custom autograd operators, a parallel loop on its threads, and seeding.

use std::env;
use std::path::Path;

const SOURCES: [&str; 4] = [
    "src/model/libtorch/batch_norm_relu6.cpp",
    "src/model/libtorch/inverted_residual.cpp",
    "src/model/libtorch/manual_seed.cpp",
    "src/model/libtorch/threads.cpp",
];

const HEADERS: [&str; 5] = [
    "src/model/libtorch/batch_norm.h",
    "src/model/libtorch/depthwise.h",
    "src/model/libtorch/matrix_product.h",
    "src/model/libtorch/parts.h",
    "src/model/libtorch/vectors.h",
];

/// Compiles the C++ code and sets `cfg(native_threads)`, on Linux with GNU OpenMP, whose threads libtorch uses.
/// Elsewhere the code would run on one thread; libtorch's operators and rayon's threads are used instead.
pub fn compile() {
    for source in SOURCES.iter().chain(&HEADERS) {
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
    // Users set these for headers in another folder, or for the old C++ ABI. torch-sys reads them, too.
    println!("cargo:rerun-if-env-changed=LIBTORCH_INCLUDE");
    println!("cargo:rerun-if-env-changed=LIBTORCH_CXX11_ABI");
    let default = Path::new(&lib).with_file_name("include");
    let include = match env::var("LIBTORCH_INCLUDE") {
        Ok(folder) => Path::new(&folder).join("include"),
        Err(_) => default,
    };
    let abi = env::var("LIBTORCH_CXX11_ABI").unwrap_or("1".into());
    let mut build = cc::Build::new();
    build.cpp(true);
    // Other compilers use another OpenMP library, with its own threads.
    if !build.get_compiler().is_like_gnu() {
        return;
    }
    build
        .std("c++17")
        .opt_level(3) // in every profile, as tests train networks
        .warnings(false) // libtorch's headers have some
        .include(include.join("torch/csrc/api/include"))
        .include(&include)
        .define("_GLIBCXX_USE_CXX11_ABI", abi.as_str())
        .flag("-fopenmp")
        .flag("-fno-trapping-math") // so that comparisons are vectorised
        .files(SOURCES)
        .compile("skinlesion_native");
    println!("cargo:rustc-cfg=native_threads");
}
