//! Secrets through the program: read by scripts at once, sealed on the disk, and gone from the memory soon after.

use std::{
    fs,
    io::{Read as _, Seek as _, SeekFrom},
    os::unix::fs::MetadataExt as _,
};

use serde_json::{Value, json};

use crate::instance::{Instance, PASSWORD, eventually, program};

fn shop() -> Instance {
    let mut instance = Instance::start();
    instance.log_in(PASSWORD);
    assert_eq!(instance.admin("POST", "apps", &json!({ "slug": "shop" })).status, 201);
    instance
}

fn set(instance: &Instance, name: &str, value: &str) {
    let set = instance.admin("PUT", &format!("secrets/{name}?app=shop"), &json!({ "value": value }));
    assert_eq!(set.status, 200, "{set:?}");
}

#[test]
fn a_script_reads_what_was_set_last() {
    let mut instance = shop();
    instance.script("shop", "read", r#"try { secrets::get("TOKEN") } catch (e) { return e.error } secrets::get("TOKEN")"#, "/read");
    let read = |instance: &Instance| instance.visit("shop.localhost", "/read").body;
    assert_eq!(read(&instance), "secrets.not_found");
    set(&instance, "TOKEN", "one");
    assert_eq!(read(&instance), "one");
    set(&instance, "TOKEN", "two");
    assert_eq!(read(&instance), "two");
    instance.stop();
    instance.start_again();
    assert_eq!(read(&instance), "two");
    // Another app has its own.
    assert_eq!(instance.admin("POST", "apps", &json!({ "slug": "other" })).status, 201);
    instance.script("other", "read", r#"try { secrets::get("TOKEN") } catch (e) { return e.error } 1"#, "/read");
    assert_eq!(instance.visit("other.localhost", "/read").body, "secrets.not_found");
    assert_eq!(instance.admin("DELETE", "secrets/TOKEN?app=shop", &Value::Null).status, 204);
    assert_eq!(read(&instance), "secrets.not_found");
}

#[test]
fn s_6_4_without_its_key_file_it_does_not_start_and_a_new_key_takes_over() {
    let mut instance = shop();
    instance.script("shop", "read", r#"secrets::get("TOKEN")"#, "/read");
    set(&instance, "TOKEN", "ours");
    let file = instance.path().join("data/secrets.key");
    assert_eq!(fs::metadata(&file).unwrap().mode() & 0o777, 0o600);
    instance.stop();

    let kept = fs::read_to_string(&file).unwrap();
    let refused = |expected: &str| {
        let output = program(instance.path()).args(["serve", "--bind", "127.0.0.1:0", "--internal-bind", "127.0.0.1:0"]).output().unwrap();
        let told = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success() && told.contains(expected) && told.contains("secrets.key"), "{told}");
        assert!(!told.contains(kept.lines().last().unwrap()), "{told}");
    };
    fs::remove_file(&file).unwrap();
    refused("there is no key file");
    assert!(!file.exists(), "another one was made in its place");
    fs::write(&file, format!("{}\n", "ab".repeat(32))).unwrap();
    refused("others can read the key file");
    fs::set_permissions(&file, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    refused("does not fit the database");
    fs::write(&file, &kept).unwrap();

    let rotated = program(instance.path()).args(["admin", "rotate-secrets-key"]).output().unwrap();
    assert!(rotated.status.success(), "{rotated:?}");
    instance.start_again();
    assert_eq!(instance.visit("shop.localhost", "/read").body, "ours");
    instance.stop();
    // Once it has started, the old key is not needed any more.
    let without_old: String = fs::read_to_string(&file).unwrap().lines().take(2).map(|line| format!("{line}\n")).collect();
    assert!(!without_old.contains(kept.lines().last().unwrap()));
    fs::write(&file, without_old).unwrap();
    instance.start_again();
    assert_eq!(instance.visit("shop.localhost", "/read").body, "ours");

    // Lost for good: what it sealed is forgotten, once it is said twice that this is so, and life goes on.
    assert!(forget(&instance, &["--yes"]).1.contains("there is a key file at"));
    fs::remove_file(&file).unwrap();
    assert!(!forget(&instance, &["--yes"]).0, "a server that runs would go on sealing with the keys that it has");
    instance.stop();
    assert!(forget(&instance, &[]).1.contains("--yes"));
    let (is_done, told) = forget(&instance, &["--yes"]);
    assert!(is_done && told.contains("Forgot 1 secrets"), "{told}");
    instance.start_again();
    instance.log_in(PASSWORD);
    assert_eq!(instance.visit("shop.localhost", "/read").status, 502);
    set(&instance, "TOKEN", "issued anew");
    assert_eq!(instance.visit("shop.localhost", "/read").body, "issued anew");
}

/// Whether it was done, and what was said.
fn forget(instance: &Instance, arguments: &[&str]) -> (bool, String) {
    let output = program(instance.path()).args(["admin", "forget-secrets"]).args(arguments).output().unwrap();
    (output.status.success(), String::from_utf8(output.stderr).unwrap())
}

/// Bytes that are looked at together.
const CHUNK: usize = 1 << 20;
const PAGE: usize = 4096;

/// How often a text stands in the memory of a process. What lies across two chunks is not found; a copy seldom does.
fn in_memory(pid: u32, text: &str) -> usize {
    let maps = fs::read_to_string(format!("/proc/{pid}/maps")).unwrap();
    let open = |name: &str| fs::File::open(format!("/proc/{pid}/{name}")).unwrap();
    let (mut memory, mut pages) = (open("mem"), open("pagemap"));
    let mut found = 0;
    for line in maps.lines().filter(|line| line.split(' ').nth(1).is_some_and(|mode| mode.starts_with("rw"))) {
        let (start, end) = line.split(' ').next().unwrap().split_once('-').unwrap();
        let (start, end) = (u64::from_str_radix(start, 16).unwrap(), u64::from_str_radix(end, 16).unwrap());
        for at in (start..end).step_by(CHUNK) {
            let length = usize::try_from(end - at).unwrap_or(usize::MAX).min(CHUNK);
            // Of the sandboxes' address space only what is there.
            if is_there(&mut pages, at, length) {
                let chunk = read_at(&mut memory, at, length);
                found += chunk.windows(text.len()).filter(|window| window[0] == text.as_bytes()[0] && *window == text.as_bytes()).count();
            }
        }
    }
    found
}

/// Whether any page of a range is in memory or swapped out: the upper two bits of its entry.
fn is_there(pages: &mut fs::File, at: u64, length: usize) -> bool {
    let entries = read_at(pages, at / PAGE as u64 * 8, length / PAGE * 8);
    entries.chunks_exact(8).any(|entry| entry[7] & 0xc0 != 0)
}

/// What can be read there.
fn read_at(file: &mut fs::File, at: u64, length: usize) -> Vec<u8> {
    let mut bytes = vec![0; length];
    let mut count = 0;
    file.seek(SeekFrom::Start(at)).unwrap();
    while let Ok(more @ 1..) = file.read(&mut bytes[count..]) {
        count += more;
    }
    bytes.truncate(count);
    bytes
}

#[test]
fn s_2_21_a_secret_does_not_stay_in_memory() {
    let upstream = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = upstream.local_addr().unwrap();
    let mut instance = Instance::configured(&format!("[egress]\nallow_private = ['{address}']\n"));
    instance.log_in(PASSWORD);
    assert_eq!(instance.admin("POST", "apps", &json!({ "slug": "shop" })).status, 201);
    let rule = json!({ "app": "shop", "host": address.ip().to_string(), "port": address.port() });
    assert_eq!(instance.admin("POST", "egress", &rule).status, 201);
    // Read, logged, sent to another server, put together, thrown.
    let script = format!(
        r#"let t = secrets::get("MARKED"); log::info(t, #{{ t: t }});
        http::post("http://{address}/", #{{ t: t }}, #{{ headers: #{{ Authorization: "Bearer " + t }} }});
        throw t + "!""#
    );
    instance.script("shop", "use", &script, "/use");
    let marker = format!("marker-{}", uuid());
    set(&instance, "MARKED", &marker);
    let server = std::thread::spawn(move || {
        let (mut stream, _) = upstream.accept().unwrap();
        let mut bytes = vec![0; 4096];
        let count = stream.read(&mut bytes).unwrap();
        std::io::Write::write_all(&mut stream, b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n").unwrap();
        String::from_utf8_lossy(&bytes[..count]).into_owned()
    });
    assert_eq!(instance.visit("shop.localhost", "/use").status, 502);
    assert!(server.join().unwrap().contains(&marker), "the secret was used");
    // The test itself would be found.
    assert!(in_memory(std::process::id(), &marker) > 0);
    let pid = instance.pid();
    eventually(|| {
        std::thread::sleep(std::time::Duration::from_secs(1));
        in_memory(pid, &marker) == 0
    });
}

/// Different each time.
fn uuid() -> String {
    let mut bytes = [0; 12];
    fs::File::open("/dev/urandom").unwrap().read_exact(&mut bytes).unwrap();
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
