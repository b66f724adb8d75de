//! `picloud dev`: a folder, live at every save.

use std::{
    fs,
    io::{BufRead as _, BufReader},
    os::unix::fs::PermissionsExt as _,
    process::Child,
    sync::mpsc::{Receiver, channel},
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};

use super::Person;
use crate::{
    http::{Answer, send},
    instance::free_port,
};

/// Longest wait for a line, on a machine that does much else.
const PATIENCE: Duration = Duration::from_secs(120);

/// It runs in somebody's project.
pub(super) struct Development {
    pub(super) person: Person,
    child: Child,
    pub(super) port: u16,
    events: Receiver<Value>,
    told: Receiver<String>,
}

impl Development {
    /// Starts it and waits until it answers.
    pub(super) fn of(person: Person) -> Self {
        let port = free_port();
        let mut child = person.command(&["dev", "--json", "--port", &port.to_string()]).spawn().unwrap();
        let (send_event, events) = channel();
        let (send_line, told) = channel();
        let (stdout, stderr) = (child.stdout.take().unwrap(), child.stderr.take().unwrap());
        std::thread::spawn(move || {
            let lines = BufReader::new(stdout).lines().map_while(Result::ok);
            lines.for_each(|line| drop(send_event.send(serde_json::from_str(&line).unwrap())));
        });
        std::thread::spawn(move || BufReader::new(stderr).lines().map_while(Result::ok).for_each(|line| drop(send_line.send(line))));
        let this = Self { person, child, port, events, told };
        assert_eq!(this.event("ready")["url"], format!("http://shop.localhost:{port}/"));
        this
    }

    /// The next event of this kind.
    pub(super) fn event(&self, kind: &str) -> Value {
        loop {
            let event = self
                .events
                .recv_timeout(PATIENCE)
                .unwrap_or_else(|_| panic!("no event {kind}: {:?}", self.told.try_iter().collect::<Vec<_>>()));
            if event["event"] == kind {
                return event;
            }
        }
    }

    /// Waits until it tells something with this in it.
    fn tells(&self, text: &str) {
        while !self.told.recv_timeout(PATIENCE).unwrap_or_else(|_| panic!("it does not tell {text}")).contains(text) {}
    }

    pub(super) fn ask(&self, method: &str, target: &str, headers: &[&str], body: &str) -> Answer {
        ask(self.port, method, target, headers, body)
    }

    fn get(&self, target: &str) -> Answer {
        self.ask("GET", target, &[], "")
    }

    fn end(&mut self, signal: Signal) -> std::process::ExitStatus {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
        self.child.wait().unwrap()
    }
}

impl Drop for Development {
    fn drop(&mut self) {
        if self.child.try_wait().is_ok_and(|ended| ended.is_none()) {
            self.end(Signal::TERM);
        }
    }
}

/// A request to the app `shop`.
pub(super) fn ask(port: u16, method: &str, target: &str, headers: &[&str], body: &str) -> Answer {
    let host = format!("Host: shop.localhost:{port}");
    let headers: Vec<&str> = [host.as_str()].into_iter().chain(headers.iter().copied()).collect();
    send(port, method, target, &headers, body).unwrap()
}

/// Somebody with the template in his folder.
pub(super) fn person_with(template: &str) -> Person {
    let person = Person::nowhere();
    person.run(&["init", "--template", template]).is(0);
    person
}

#[test]
fn what_is_saved_is_live_and_what_is_wrong_is_shown() {
    let mut development = Development::of(person_with("hello"));
    assert_eq!(development.get("/greet/ada").json()["message"], "Hello, ada!");
    let ran = &development.event("ran")["execution"];
    assert_eq!(
        (&ran["method"], &ran["path"], &ran["status"], &ran["outcome"]),
        (&json!("GET"), &json!("/greet/ada"), &json!(200), &json!("ok"))
    );
    assert!(ran["fuel"].as_u64().unwrap() > 1_000, "{ran}");
    assert_eq!(ran["lines"][0]["message"], "greeting");

    // As an editor does it, in place; then as another one does it, by another file.
    development.person.write("scripts/hello.rhai", "#{ message: \"changed\" }");
    assert_eq!(development.event("deployed")["because"], "scripts/hello.rhai");
    assert_eq!(development.get("/").json()["message"], "changed");
    development.person.write("scripts/hello.new", "#{ message: \"renamed\" }");
    let scripts = development.person.project().join("scripts");
    fs::rename(scripts.join("hello.new"), scripts.join("hello.rhai")).unwrap();
    development.event("deployed");
    assert_eq!(development.get("/").json()["message"], "renamed");

    // What does not parse stops nothing.
    development.person.write("scripts/hello.rhai", "let x = ;");
    development.tells("scripts/hello.rhai:1:9");
    assert_eq!(development.get("/").json()["message"], "renamed");
    development.person.write("picloud.toml", "app = \"shop\"\nrouts = []\n");
    development.tells("picloud.toml:2:1");

    // A route, a module and a failure.
    development.person.write("modules/deep.rhai", "fn fail() { throw \"too deep\"; }");
    development.person.write("picloud.toml", "app = 'shop'\n[[routes]]\npath = '/fail'\nscript = 'hello'\n");
    development.person.write("scripts/hello.rhai", "import \"deep\" as deep;\ndeep::fail()");
    development.event("deployed");
    while development.get("/fail").status != 502 {}
    let error = loop {
        let ran = development.event("ran")["execution"].clone();
        if ran["outcome"] == "error" {
            break ran["error"].clone();
        }
    };
    assert_eq!((&error["frames"][0]["script"], &error["frames"][1]["script"]), (&json!("deep"), &json!("hello")), "{error}");
    assert_eq!(development.get("/greet/ada").status, 404);
    let answered = &development.event("answered")["request"];
    assert_eq!(
        (&answered["path"], &answered["status"], &answered["refusal"]),
        (&json!("/greet/ada"), &json!(404), &json!("no such route"))
    );
    assert_eq!(development.end(Signal::INT).code(), Some(0));
}

#[test]
fn its_data_stays_and_other_commands_reach_it() {
    let person = person_with("hello");
    person.run(&["logs", "--dev"]).is(4).told("picloud dev");
    person.write("scripts/hello.rhai", "kv::increment(\"visits\");\nlog::info(\"counted\");\nkv::get(\"visits\")");
    let mut development = Development::of(person);
    assert_eq!(development.get("/").body, "1");
    let executions = || development.person.json(&["executions", "--dev"])["items"].as_array().unwrap().len();
    crate::instance::eventually(|| executions() == 1);
    crate::instance::eventually(|| development.person.run(&["logs", "--dev"]).is(0).out.contains("counted"));
    development.person.run(&["whoami", "--dev"]).is(0).printed("owner");
    let data = development.person.project().join(".picloud/dev");
    for secret in ["password", "login.toml", "secrets.key"] {
        assert_eq!(fs::metadata(data.join(secret)).unwrap().permissions().mode() & 0o77, 0, "{secret}");
    }
    // One at a time.
    let second = development.person.run(&["dev", "--port", &development.port.to_string()]).is(1);
    second.told("is it in use?");

    development.end(Signal::KILL);
    let home = std::mem::replace(&mut development.person, Person::nowhere());
    let again = Development::of(home);
    assert_eq!(again.get("/").body, "2", "what was counted is kept, also after a crash");
}

#[test]
fn without_a_project_it_says_how_to_make_one() {
    let person = Person::nowhere();
    person.run(&["dev"]).is(2).told("there is no picloud.toml").told("picloud init");
    assert!(!person.project().join(".picloud").exists());
}

/// How long it takes from the writing of a file to the first answer that is new. Not a bound: it is printed.
#[test]
fn the_time_from_saving_to_the_new_answer_is_told() {
    let development = Development::of(person_with("hello"));
    let mut took = Vec::new();
    for round in 0..20 {
        let began = Instant::now();
        development.person.write("scripts/hello.rhai", &format!("{round}"));
        while development.get("/").body != round.to_string() {}
        took.push(began.elapsed());
        std::thread::sleep(Duration::from_millis(50));
    }
    took.sort_unstable();
    println!("from saving to the new answer: median {:?}, longest {:?}", took[took.len() / 2], took[took.len() - 1]);
}
