//! What an app has besides its code, from the command line.

use std::{
    net::{SocketAddr, UdpSocket},
    sync::{Arc, Mutex},
};

use serde_json::{Value, json};

use super::{
    Person,
    Typing::{Seen, Unseen},
};
use crate::instance::{Instance, PASSWORD};

const PROJECT: &str = "app = 'shop'\nassets = 'public'\n\n[[routes]]\npath = '/'\nscript = 'say'\n\n[[routes]]\nmethod = 'GET'\npath = '/users/:id'\nscript = 'say'\n\n[[routes]]\npath = '/site/*'\nstatic = {}\n";

fn with_an_app(instance: &Instance) -> Person {
    let person = Person::logged_in(instance);
    person.write("picloud.toml", PROJECT);
    person.write("public/site/index.html", "<p>here");
    person.write("scripts/say.rhai", "kv::set(\"visits/1\", #{ by: \"ada\" }); 1");
    person.run(&["deploy", "--create"]).is(0);
    person
}

/// A field of all items.
fn all(listing: &Value, field: &str) -> Vec<Value> {
    listing["items"].as_array().unwrap().iter().map(|item| item[field].clone()).collect()
}

/// A name server that answers every question for a text with this one, or with nothing.
fn name_server(text: Arc<Mutex<Option<String>>>) -> SocketAddr {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let address = socket.local_addr().unwrap();
    std::thread::spawn(move || {
        let mut buffer = [0; 2048];
        while let Ok((length, peer)) = socket.recv_from(&mut buffer) {
            let question = &buffer[12..length];
            let end = question.iter().position(|byte| *byte == 0).unwrap() + 5;
            let text = text.lock().unwrap().clone();
            let count = u8::from(text.is_some());
            let mut answer = [&buffer[..2], &[0x81, 0x80, 0, 1, 0, count, 0, 0, 0, 0], &question[..end]].concat();
            if let Some(text) = text {
                let length = u8::try_from(text.len()).unwrap();
                answer.extend([0xc0, 12, 0, 16, 0, 1, 0, 0, 0, 0, 0, length + 1, length]);
                answer.extend(text.as_bytes());
            }
            socket.send_to(&answer, peer).unwrap();
        }
    });
    address
}

#[test]
fn a_domain_is_claimed_proved_and_given_up() {
    let proof = Arc::new(Mutex::new(None));
    let file = format!("base_domain = 'apps.example.com'\ndns_resolvers = ['{}']\n", name_server(Arc::clone(&proof)));
    let instance = Instance::configured(&file);
    let person = with_an_app(&instance);
    person.run(&["domains", "list"]).is(0).told("(none)");
    let added = person.run(&["domains", "add", "shop.example.com"]).is(0).told("pending").told("picloud domains verify");
    let value = added.out.split('"').nth(1).unwrap_or_else(|| panic!("{added:?}"));
    assert_eq!(added.out, format!("_picloud-challenge.shop.example.com. TXT \"{value}\"\n"));
    person.run(&["domains", "verify", "shop.example.com"]).is(5).told("_picloud-challenge.shop.example.com").told(value);
    person.run(&["domains", "list"]).is(0).printed("shop.example.com").printed("pending").printed(value);

    let second = person.json(&["domains", "add", "*.example.org"]);
    *proof.lock().unwrap() = second["challenge"]["value"].as_str().map(str::to_owned);
    person.run(&["domains", "verify", "*.example.org"]).is(0).told("*.example.org serves shop now");
    let listing = person.json(&["domains", "list"]);
    assert_eq!(all(&listing, "status"), [json!("pending"), json!("verified")]);
    person.run(&["domains", "verify", "shop.example.org"]).is(4).told("it has *.example.org, shop.example.com");
    person.run(&["domains", "add", "shop.internal"]).is(1).told("can't be proved by public DNS");
    person.run(&["domains", "remove", "SHOP.example.com"]).is(2).told("--yes");
    person.run(&["domains", "remove", "SHOP.example.com", "--yes"]).is(0);
    assert_eq!(all(&person.json(&["domains", "list"]), "host"), [json!("*.example.org")]);
}

#[test]
fn routes_tell_what_a_request_would_reach() {
    let instance = Instance::start();
    let person = with_an_app(&instance);
    let listed = person.run(&["routes", "list"]).is(0).printed("METHOD").printed("/users/:id").printed("static");
    assert_eq!(listed.out.matches(" say\n").count(), 2, "{listed:?}");
    assert_eq!(person.json(&["routes", "list"])["items"].as_array().unwrap().len(), 3);

    let matched = person.run(&["routes", "match", "get", "/users/7?x=1"]).is(0);
    matched.printed("route   GET /users/:id").printed("target  script say").printed("param   id = 7").printed("why ");
    let url = format!("http://shop.localhost:{}/site/", instance.port);
    person.run(&["routes", "match", "GET", &url]).is(0).printed("asset   200 /site/index.html");
    assert_eq!(person.json(&["routes", "match", "GET", "/users/7"])["params"]["id"], "7");
    person.run(&["routes", "match", "POST", "/users/7"]).is(4).told("this path takes GET");
    let missed = person.run(&["routes", "match", "GET", "/nowhere", "--json"]).is(4).told("reaches nothing of shop");
    assert_eq!(serde_json::from_str::<Value>(&missed.out).unwrap()["route"], Value::Null);
    person.run(&["routes", "match", "GET", "nowhere"]).is(2).told("neither a path nor a URL");
}

#[test]
fn keys_of_the_store_are_read_and_set() {
    let instance = Instance::start();
    let person = with_an_app(&instance);
    person.run(&["kv", "list"]).is(0).told("(none)");
    person.run(&["invoke", "say"]).is(0);
    person.run(&["kv", "get", "visits/1"]).is(0).printed("\"by\": \"ada\"");
    assert_eq!(person.json(&["kv", "get", "visits/1"])["value"], json!({ "by": "ada" }));
    person.run(&["kv", "get", "visits/2"]).is(4);

    person.run(&["kv", "set", "visits/2", "{\"by\": \"bob\"}"]).is(0).told("visits/2 of shop has version");
    person.run(&["kv", "set", "count", "-5"]).is(0);
    person.run_with(&["kv", "set", "note", "-", "--text"], "12 \"eggs\"", &[]).is(0);
    person.run(&["kv", "set", "short", "[1]", "--ttl", "600"]).is(0);
    person.run(&["kv", "set", "bad", "{by: 1}"]).is(2).told("no JSON").told("--text");
    assert_eq!(person.run(&["kv", "get", "count"]).is(0).out, "-5\n");
    assert_eq!(person.run(&["kv", "get", "note"]).is(0).out, "\"12 \\\"eggs\\\"\"\n");
    assert_eq!(person.run(&["kv", "get", "note", "--text"]).is(0).out, "12 \"eggs\"\n");
    assert!(person.json(&["kv", "get", "short"])["expires_at"].is_string());

    assert_eq!(all(&person.json(&["kv", "list", "visits/"]), "key"), [json!("visits/1"), json!("visits/2")]);
    person.run(&["kv", "list", "-n", "1"]).is(0).printed("count").told("There are more");
    person.run(&["kv", "delete", "count"]).is(2).told("Remove the key count of shop").told("--yes");
    person.run(&["kv", "delete", "count", "--yes"]).is(0);
    person.run(&["kv", "delete", "count", "--yes"]).is(4);
}

#[test]
fn keys_of_programs_take_a_password() {
    let instance = Instance::start();
    let person = with_an_app(&instance);
    let keys = |arguments: &[&str]| person.run_with(&[&["keys"], arguments, &["--password-stdin"]].concat(), PASSWORD, &[]);
    keys(&["list"]).is(0).printed("picloud on ").printed("log:read");
    let made = keys(&["create", "ci", "--scope", "script:read,log:read", "--app", "shop", "--expires", "2d"]).is(0);
    let key = made.told("good for script:read log:read, until").told("this once").out;
    let variables = [("PICLOUD_URL", person.url.as_str()), ("PICLOUD_TOKEN", key.trim())];
    person.run_with(&["deployments"], "", &variables).is(0).printed("active");
    person.run_with(&["kv", "list"], "", &variables).is(3).told("data:read");

    let forever = keys(&["create", "ci", "--scope", "log:read", "--scope", "data:read", "--expires", "never", "--json"]).is(0);
    let forever: Value = serde_json::from_str(&forever.out).unwrap();
    assert_eq!((&forever["expires_at"], &forever["scopes"]), (&Value::Null, &json!(["data:read", "log:read"])));
    keys(&["create", "odd", "--scope", "all"]).is(1).told("The scopes are: script:read");
    keys(&["create", "odd", "--scope", "log:read", "--expires", "soon"]).is(2).told("write 30m");
    keys(&["create", "odd"]).is(2).told("--scope");
    keys(&["list", "--app", "shop"]).is(0).printed("ci");

    keys(&["revoke", "ci", "--yes"]).is(2).told("2 keys are called `ci`").told("by its id");
    let id = forever["id"].as_str().unwrap();
    keys(&["revoke", id]).is(2).told("Revoke the key ci").told("--yes");
    keys(&["revoke", id, "--yes"]).is(0);
    keys(&["revoke", "ci", "--yes"]).is(0);
    person.run_with(&["deployments"], "", &variables).is(3);
    keys(&["revoke", "ci", "--yes"]).is(4).told("there are picloud on ");
    keys(&["list"]).is(0).printed("revoked");

    person.run_with(&["keys", "list", "--password-stdin"], "not it", &[]).is(3);
    person.run(&["keys", "list"]).is(2).told("--password-stdin");
    let typed = person.at_a_terminal(&["keys", "list"], ("Password of owner: ", Unseen, &format!("{PASSWORD}\n"))).is(0);
    assert!(typed.out.contains("log:read") && !typed.out.contains(PASSWORD), "{typed:?}");
}

#[test]
fn members_come_change_and_go() {
    let mut instance = Instance::start();
    let person = with_an_app(&instance);
    instance.log_in(PASSWORD);
    let ada = json!({ "username": "ada", "role": "member", "password": "correct horse battery" });
    assert_eq!(instance.admin("POST", "admins", &ada).status, 201);
    person.run(&["members", "list"]).is(0);
    person.run(&["members", "add", "ada", "editor"]).is(0).told("ada is editor of shop now");
    person.run(&["members", "add", "ada", "king"]).is(2).told("viewer");
    person.run(&["members", "add", "bob", "viewer"]).is(4);
    person.run(&["members", "add", "ada", "viewer"]).is(5);
    person.run(&["members", "set-role", "Ada", "viewer"]).is(0);
    person.run(&["members", "list"]).is(0).printed("USER").printed("viewer");
    person.run(&["members", "set-role", "bob", "viewer"]).is(4).told("no member `bob`: it has");
    person.run(&["members", "remove", "ada"]).is(2).told("--yes");
    person.at_a_terminal(&["members", "remove", "ada"], ("Take ada's role in shop away? [y/N]", Seen, "yes\n")).is(0);
    assert!(!all(&person.json(&["members", "list"]), "username").contains(&json!("ada")));
}

#[test]
fn what_scripts_may_call_is_a_list() {
    let instance = Instance::start();
    let person = with_an_app(&instance);
    person.run(&["egress", "list"]).is(0).told("(none)");
    person.run(&["egress", "allow", "API.example.com"]).is(0).told("may call api.example.com at 80 and 443 now");
    person.run(&["egress", "allow", "api.example.com", "--port", "8443", "--scheme", "https"]).is(0);
    person.run(&["egress", "allow", "api.example.com", "--scheme", "ftp"]).is(2);
    person.run(&["egress", "allow", "a b"]).is(1);
    person.run(&["egress", "list"]).is(0).printed("8443").printed("80 and 443").printed("both");
    person.run(&["egress", "remove", "example.net", "--yes"]).is(4).told("no rule for `example.net`: it has api.example.com");
    person.run(&["egress", "remove", "api.example.com", "--yes"]).is(2).told("has 2 rules");
    person.run(&["egress", "remove", "api.example.com", "--port", "8443"]).is(2).told("call api.example.com at 8443 no longer");
    person.run(&["egress", "remove", "api.example.com", "--port", "8443", "--yes"]).is(0);
    person.run(&["egress", "remove", "api.example.com", "--yes"]).is(0);
    assert_eq!(person.json(&["egress", "list"])["items"], json!([]));
}
