//! Builds again when a file is added to, or removed from, the folders that a release build of the command
//! embeds.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    if std::env::var("PROFILE").is_ok_and(|profile| profile == "release") {
        for folder in ["../../web", "../../pkg", "example"] {
            println!("cargo::rerun-if-changed={folder}");
        }
    }
}
