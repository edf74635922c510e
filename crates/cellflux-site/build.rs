//! Builds anew when a file comes to, or leaves, what a release build of the command carries inside itself.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    if std::env::var("PROFILE").is_ok_and(|profile| profile == "release") {
        for folder in ["../../web", "../../pkg", "example"] {
            println!("cargo::rerun-if-changed={folder}");
        }
    }
}
