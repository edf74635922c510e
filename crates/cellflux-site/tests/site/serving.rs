//! What a browser receives.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;

use cellflux_site::Server;
use tempfile::TempDir;

/// A response's status line and headers in lower case, and its body.
struct Response {
    head: String,
    body: Vec<u8>,
}

/// Asks a server for a path as it is, without the tidying a browser does.
fn get(url: &str, path: &str) -> Response {
    let address = url.trim_start_matches("http://").split('/').next().unwrap();
    get_as(address, address, path)
}

/// As [`get`], under a name of the asker's choice.
fn get_as(address: &str, host: &str, path: &str) -> Response {
    let mut stream = TcpStream::connect(address).unwrap();
    write!(
        stream,
        "GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"
    )
    .unwrap();
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).unwrap();
    let end = bytes.windows(4).position(|four| four == b"\r\n\r\n").unwrap();
    Response {
        head: String::from_utf8_lossy(&bytes[..end]).to_lowercase(),
        body: bytes[end + 4..].to_vec(),
    }
}

fn site() -> TempDir {
    let home = tempfile::tempdir().unwrap();
    fs::create_dir(home.path().join("dist")).unwrap();
    fs::write(home.path().join("secret.txt"), "outside").unwrap();
    for name in [
        "index.html",
        "a.js",
        "a.mjs",
        "a.css",
        "a.wasm",
        "a.json",
        "a.svg",
        "a.png",
        "a.npy",
        "a.safetensors",
    ] {
        fs::write(home.path().join("dist").join(name), name).unwrap();
    }
    home
}

/// Serves in the background until the test's process ends.
fn start(folder: &Path, under: &str) -> String {
    let server = Server::bind(folder, 0, under).unwrap();
    let url = server.url();
    std::thread::spawn(|| server.run());
    url
}

#[test]
fn files_have_the_types_that_browsers_insist_on_and_are_not_cached() {
    let home = site();
    let url = start(&home.path().join("dist"), "/");
    for (path, kind) in [
        ("/", "text/html"),
        ("/a.js", "text/javascript"),
        ("/a.mjs", "application/javascript"),
        ("/a.css", "text/css"),
        ("/a.wasm", "application/wasm"),
        ("/a.json", "application/json"),
        ("/a.svg", "image/svg+xml"),
        ("/a.png", "image/png"),
        ("/a.npy", "application/octet-stream"),
        ("/a.safetensors", "application/octet-stream"),
    ] {
        let response = get(&url, path);
        assert!(
            response.head.starts_with("http/1.1 200"),
            "{path}: {}",
            response.head
        );
        assert!(
            response.head.contains(&format!("content-type: {kind}")),
            "{path}: {}",
            response.head
        );
        assert!(
            response.head.contains("cache-control: no-store"),
            "{path}: {}",
            response.head
        );
    }
    assert_eq!(get(&url, "/a.json?x=1").body, b"a.json");
}

#[test]
fn nothing_outside_the_folder_is_served() {
    let home = site();
    let url = start(&home.path().join("dist"), "/");
    for path in [
        "/../secret.txt",
        "/%2e%2e/secret.txt",
        "/..%2fsecret.txt",
        "/a/../../secret.txt",
        "/absent.js",
    ] {
        let response = get(&url, path);
        assert!(
            response.head.starts_with("http/1.1 4"),
            "{path}: {}",
            response.head
        );
        assert_ne!(response.body, b"outside", "{path}");
    }
}

#[test]
fn a_site_can_live_under_a_path() {
    let home = site();
    let url = start(&home.path().join("dist"), "projects/cells");
    assert!(url.ends_with("/projects/cells/"), "{url}");
    assert_eq!(get(&url, "/projects/cells/").body, b"index.html");
    assert_eq!(get(&url, "/projects/cells/a.js").body, b"a.js");
    assert!(get(&url, "/a.js").head.starts_with("http/1.1 404"));
}

#[test]
fn a_port_in_use_a_folder_without_a_page_and_a_path_that_is_none_are_refused_by_name() {
    let home = site();
    let dist = home.path().join("dist");
    let first = Server::bind(&dist, 0, "/").unwrap();
    let port: u16 = first
        .url()
        .rsplit(':')
        .next()
        .unwrap()
        .trim_end_matches('/')
        .parse()
        .unwrap();
    let error = Server::bind(&dist, port, "/").unwrap_err().to_string();
    assert!(error.contains(&format!("port {port}")), "{error}");

    let error = Server::bind(home.path(), 0, "/").unwrap_err().to_string();
    assert!(error.contains("index.html"), "{error}");

    for under in ["a b", "../up", "a//b", "http://x", "a?b"] {
        let error = Server::bind(&dist, 0, under).unwrap_err().to_string();
        assert!(error.contains(under), "{error}");
    }
}

#[test]
fn only_this_machines_names_are_answered() {
    let home = site();
    let url = start(&home.path().join("dist"), "/");
    let address = url.trim_start_matches("http://").trim_end_matches('/');
    let port = address.rsplit(':').next().unwrap();
    for host in [
        address.to_owned(),
        format!("localhost:{port}"),
        "LOCALHOST".into(),
        format!("[::1]:{port}"),
    ] {
        assert!(
            get_as(address, &host, "/").head.starts_with("http/1.1 200"),
            "{host}"
        );
    }
    for host in [
        "evil.example",
        "evil.example:80",
        "127.0.0.1.evil.example",
        "localhost.evil.example",
        "",
    ] {
        let response = get_as(address, host, "/");
        assert!(
            response.head.starts_with("http/1.1 421"),
            "{host}: {}",
            response.head
        );
        assert!(!String::from_utf8_lossy(&response.body).contains("index.html"));
    }
}

#[cfg(unix)]
#[test]
fn links_out_of_the_folder_are_not_followed_and_no_redirect_leads_to_another_host() {
    use std::os::unix::fs::symlink;
    let home = site();
    let dist = home.path().join("dist");
    fs::create_dir(dist.join("web")).unwrap();
    symlink("../secret.txt", dist.join("secret.txt")).unwrap();
    symlink("..", dist.join("up")).unwrap();
    symlink("a.js", dist.join("same.js")).unwrap();
    for under in ["/", "/demo/"] {
        let url = start(&dist, under);
        for path in [
            "secret.txt",
            "up/secret.txt",
            "up/dist/../secret.txt",
            "%75p/secret.txt",
        ] {
            let response = get(&url, &format!("{under}{path}"));
            assert!(
                response.head.starts_with("http/1.1 404"),
                "{under}{path}: {}",
                response.head
            );
            assert_ne!(response.body, b"outside", "{path}");
        }
        assert!(
            get(&url, &format!("{under}same.js"))
                .head
                .starts_with("http/1.1 200")
        );
    }
    let url = start(&dist, "/");
    for path in ["//web", "//evil.example/web", "/web//"] {
        let response = get(&url, path);
        assert!(
            !response.head.contains("location: //"),
            "{path}: {}",
            response.head
        );
        assert!(
            response.head.starts_with("http/1.1 404"),
            "{path}: {}",
            response.head
        );
    }
}
