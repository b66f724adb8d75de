//! From an empty folder to what runs, and back.

use serde_json::{Value, json};

use super::Person;
use crate::instance::{Instance, PASSWORD, eventually};

/// A project of two scripts, a module and a site.
fn a_site(person: &Person) {
    let routes = "[[routes]]\npath = '/api'\nscript = 'api'\n\n[[routes]]\npath = '/*'\nstatic = { fallback = '/index.html' }\n";
    let schedule = "[[schedules]]\nname = 'nightly'\nscript = 'jobs/report'\non = { cron = '30 2 * * *' }\n";
    person
        .write("picloud.toml", &format!("app = 'shop'\nassets = 'public'\n\n{routes}\n{schedule}\n[settings.limits]\nfuel = 100000000\n"));
    person.write("modules/money.rhai", "fn price() { 5 }\n");
    person.write("scripts/api.rhai", "import \"money\" as money;\n#{ price: money::price() }\n");
    person.write("scripts/jobs/report.rhai", "log::info(\"report\");\n");
    person.write("public/index.html", "<h1>Shop</h1>");
    person.write("public/style.css", "h1 { color: green }");
}

#[test]
fn a_new_project_is_live_after_two_commands() {
    let instance = Instance::start();
    let person = Person::logged_in(&instance);
    person.run(&["init", "--template", "nothing"]).is(2).told("hello");
    person.run(&["init"]).is(0).told("`shop`").printed("scripts/hello.rhai");
    person.run(&["init"]).is(5).told("is there already");
    person.run(&["deploy"]).is(4).told("--create");
    let host = format!("shop.localhost:{}", instance.port);
    let ended = person.run(&["deploy", "--create"]).is(0).told("number 1: 1 script (1 sent), 2 routes");
    assert_eq!(ended.out, format!("http://{host}/\n"), "standard output is the address and nothing else");
    eventually(|| instance.visit(&host, "/greet/ada").body.contains("Hello, ada!"));
    person.run(&["deploy"]).is(0).told("Nothing has changed");
    assert_eq!(person.json(&["deployments"])["items"].as_array().unwrap().len(), 1);
}

#[test]
fn only_what_has_changed_is_sent_and_every_step_can_be_undone() {
    let mut instance = Instance::start();
    instance.log_in(PASSWORD);
    let person = Person::logged_in(&instance);
    a_site(&person);
    person.run(&["deploy", "--create", "-m", "first"]).is(0).told("3 scripts (3 sent), 2 routes, 2 assets (2 sent, 32 B)");
    let host = format!("shop.localhost:{}", instance.port);
    eventually(|| instance.visit(&host, "/api").body == r#"{"price":5}"#);
    assert!(instance.visit(&host, "/anything").body.contains("<h1>Shop</h1>"));
    let schedules = instance.admin("GET", "schedules?app=shop", &Value::Null).json();
    assert_eq!(schedules["items"][0]["name"], "nightly");

    person.write("modules/money.rhai", "fn price() { 6 }\n");
    person.write("public/style.css", "h1 { color: red }");
    let ended = person.run(&["diff"]).is(0).printed("~ module money").printed("-fn price() { 5 }").printed("+fn price() { 6 }");
    ended.printed("~ endpoint api (through money)").printed("~ asset /style.css");
    person.run(&["deploy", "--dry-run"]).is(0).printed("~ module money");
    assert_eq!(person.json(&["deployments"])["items"][0]["number"], 1, "a dry run leaves nothing");
    // To compare sends no assets.
    let ended = person
        .run(&["deploy", "-m", "dearer", "-v"])
        .is(0)
        .told("3 scripts (1 sent), 2 routes, 2 assets (1 sent, 17 B)")
        .told("undo: picloud rollback 1");
    assert!(ended.err.contains("price() { 6 }") && !ended.err.contains("import \\\"money\\\""), "{}", ended.err);
    eventually(|| instance.visit(&host, "/api").body == r#"{"price":6}"#);
    person.run(&["deployments"]).is(0).printed("active").printed("dearer").printed("first");
    person.run(&["diff", "2"]).is(0).printed("+fn price() { 6 }");

    person.run(&["rollback"]).is(0).told("runs number 1 now").told("undo: picloud activate 2");
    eventually(|| instance.visit(&host, "/api").body == r#"{"price":5}"#);
    person.run(&["activate", "2"]).is(0).told("picloud activate 1");
    person.run(&["rollback", "7"]).is(4).told("no deployment 7");
    assert_eq!(person.json(&["rollback", "1"])["number"], 1);

    person.write("modules/money.rhai", "fn price() { 7 }\n");
    let waiting = person.run(&["deploy", "--no-activate"]).is(0).told("Number 3 of shop waits").told("picloud activate 3");
    assert!(waiting.out.starts_with(&format!("http://3--shop.localhost:{}/", instance.port)), "{waiting:?}");
    assert_eq!(instance.visit(&host, "/api").body, r#"{"price":5}"#);
}

#[test]
fn what_is_wrong_stands_in_the_files_of_the_project() {
    let instance = Instance::start();
    let person = Person::logged_in(&instance);
    a_site(&person);
    person.run(&["deploy", "--create"]).is(0);
    person.write("scripts/api.rhai", "let a = 1;\n\tlet b = ;\n");
    let ended = person.run(&["deploy"]).is(1).told("nothing was deployed").told("scripts/api.rhai:2:10: ").told("2 | \tlet b = ;");
    let lines: Vec<&str> = ended.err.lines().collect();
    let shown = lines.iter().position(|line| line.ends_with("let b = ;")).unwrap();
    let column = |line: &str| line.find([';', '^']).unwrap();
    assert_eq!(column(lines[shown]), column(lines[shown + 1]), "the caret stands below: {}", ended.err);

    person.write("scripts/api.rhai", "import \"monye\" as money;\n1\n");
    person.run(&["diff"]).is(1).told("scripts/api.rhai:1:").told("monye");
    person.write("scripts/api.rhai", "1");
    let toml = "app = 'shop'\n\n[[routes]]\npath = '/a'\nscript = 'api'\n\n[[routes]]\npath = '/b'\nscript = 'apy'\n";
    person.write("picloud.toml", toml);
    person.run(&["deploy"]).is(1).told("picloud.toml:7: ").told("/routes/1/script");
    person.write("picloud.toml", &toml.replace("/b", "/a").replace("apy", "api"));
    person.run(&["deploy"]).is(5).told("picloud.toml:7: ").told("answers the same requests");
    assert_eq!(person.json(&["deployments"])["items"].as_array().unwrap().len(), 1);
    assert_eq!(person.json(&["diff", "1"])["to"], json!(1));
}
