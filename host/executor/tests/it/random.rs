//! Scripts that nobody wrote, over a state that others change: whatever they do, they do again when they are replayed.

use std::fmt::Write as _;

use execution::{
    Limits, Recorder, Recording, Replay,
    http::Response,
    replay::{Ended, FORMAT, KeptRecording, Secrets},
};
use executor::Memory;
use rand_chacha::{
    ChaCha20Rng,
    rand_core::{Rng, SeedableRng},
};

use crate::sandbox::{compile, executor, invocation, request};

const KEYS: [&str; 5] = ["a", "a/1", "a/2", "b", "n"];

/// Writes a script.
struct Author {
    chance: ChaCha20Rng,
    text: String,
    depth: u32,
}

impl Author {
    fn script(seed: u64) -> String {
        let mut author = Self { chance: ChaCha20Rng::seed_from_u64(seed), text: "let seen = [];\n".to_owned(), depth: 0 };
        for _ in 0..author.below(12) + 1 {
            author.statement();
        }
        author.text.push_str("#{ seen: seen, now: time::now() }\n");
        author.text
    }

    fn below(&mut self, count: u32) -> u32 {
        self.chance.next_u32() % count
    }

    fn key(&mut self) -> &'static str {
        KEYS[self.below(5) as usize]
    }

    fn say(&mut self, line: &str) {
        let _ = writeln!(self.text, "{line}");
    }

    fn statement(&mut self) {
        let (key, number) = (self.key(), self.below(100));
        let line = match self.below(21) {
            0 | 1 => format!(r#"seen.push(kv::get("{key}"));"#),
            2 | 3 => format!(r#"kv::set("{key}", #{{ n: {number}, seen: seen.len() }});"#),
            4 => format!(r#"kv::delete("{key}");"#),
            5 => format!(r#"kv::increment("n", {number});"#),
            6 => format!(r#"seen.push(kv::list("a", #{{ limit: {} }}));"#, number % 4 + 1),
            7 => format!(r#"seen.push(kv::compare_and_set("{key}", {number}, {number}));"#),
            8 => format!(r#"log::info("line {number}", #{{ key: "{key}", seen: seen.len() }});"#),
            9 => "seen.push(rand::int(1, 6)); seen.push(crypto::uuid());".to_owned(),
            10 => r#"seen.push(http::get("https://a.test/").body);"#.to_owned(),
            11 => r#"seen.push(http::all([#{ url: "https://a.test/" }, #{ url: "https://none.test/" }]).len());"#.to_owned(),
            12 => r#"seen.push(crypto::hmac("sha256", secrets::get("TOKEN"), "x"));"#.to_owned(),
            13 => format!("if rand::int(0, 9) < 2 {{ throw `unlucky ${{{number}}}` }}"),
            14 => format!(r#"files::write("{key}", "text {number}");"#),
            15 => format!(r#"seen.push(files::read_text("{key}"));"#),
            16 => r#"seen.push(files::list("").items.len());"#.to_owned(),
            17 => format!(r#"seen.push(queue::enqueue("work", #{{ n: {number} }}, #{{ delay: {number} }}));"#),
            19 => format!(r#"pubsub::publish("{key}", {number}); seen.push(pubsub::token("{key}"));"#),
            18 => format!("for i in 0..{number} {{ seen.push(i * 1.5); }}"),
            _ => return self.block(),
        };
        self.say(&line);
    }

    fn block(&mut self) {
        if self.depth == 3 {
            return self.say("seen.push(time::now());");
        }
        self.depth += 1;
        match self.below(2) {
            0 => {
                self.say("try {");
                self.statement();
                self.say("throw #{ error: \"own\" };\n} catch (e) { seen.push(e.error); }");
            }
            _ => {
                self.say("for i in 0..2 {");
                self.statement();
                self.say("}");
            }
        }
        self.depth -= 1;
    }
}

/// A state with something in it, and an internet of one server.
fn world() -> Memory {
    let memory = Memory::default();
    memory.set_secret("TOKEN", "a secret of the shop");
    memory.set_endpoint("work");
    let headers = vec![("content-type".to_owned(), "application/json".to_owned())];
    memory.set_answer(Response { status: 200, headers, body: br#"{"a":[1,2]}"#.to_vec(), url: "https://a.test/".to_owned(), redirects: 0 });
    memory
}

/// `SOAK_TURNS`: how often 833 scripts; 12 of them are the 10,000 of the requirement.
#[expect(clippy::disallowed_methods, reason = "how long a soak takes is told by whoever runs it")]
fn count() -> u64 {
    std::env::var("SOAK_TURNS").ok().and_then(|turns| turns.parse::<u64>().ok()).map_or(500, |turns| turns * 834)
}

#[tokio::test]
async fn g9_replay_of_random_scripts_is_the_same_to_the_unit() {
    let (executor, limits, memory) = (executor().await, Limits { fuel: 20_000_000, ..Limits::default() }, world());
    let (mut with_calls, mut failed, mut wrote) = (0, 0, 0);
    for seed in 0..count() {
        let script = Author::script(seed);
        let image = compile(&script).await.unwrap_or_else(|error| panic!("{script}\n{error}"));
        let mut call = invocation(request("GET", "/"));
        call.seed[..8].copy_from_slice(&seed.to_le_bytes());
        call.now_ms += seed;
        memory.set_now_ms(call.now_ms + seed % 3);
        let (recorder, tape) = Recorder::new(memory.clone(), 1 << 20);
        let recorded = executor.run(&image, &call, &limits, Box::new(recorder)).await;
        memory.commit(&recorded.effects).ok();

        let calls = tape.calls().expect("not too much");
        let ended = Ended::new(recorded.result.clone(), recorded.usage, recorded.logs.clone(), &recorded.effects, &Secrets::of(&calls));
        let recording =
            Recording { format: FORMAT, guest: String::new(), invocation: call, limits: limits.clone(), shared_host: true, calls, ended };
        // As it is kept, without secrets, and opened again.
        let kept = KeptRecording::of(&recording).expect("a recording is JSON").to_bytes();
        assert!(!String::from_utf8_lossy(&kept).contains("a secret of the shop"), "{script}");
        let opened = KeptRecording::read(&kept).map(|kept| kept.open(|name| memory.secret(name))).expect("it is JSON");
        let opened = opened.unwrap_or_else(|error| panic!("{script}\n{error}"));
        assert_eq!(opened, recording, "{script}");

        let (replay, course) = Replay::new(opened.calls);
        let replayed = executor.run(&image, &opened.invocation, &opened.limits, Box::new(replay)).await;
        assert_eq!(course.divergence(), None, "{script}");
        assert_eq!(
            (&replayed.result, &replayed.logs, &replayed.effects),
            (&recorded.result, &recorded.logs, &recorded.effects),
            "{script}"
        );
        let exact = |usage: execution::Usage| (usage.fuel_used, usage.memory_peak_bytes, usage.host_calls);
        assert_eq!(exact(replayed.usage), exact(recorded.usage), "{script}");
        with_calls += u64::from(!recording.calls.is_empty());
        failed += u64::from(recorded.result.is_err());
        wrote += u64::from(recorded.effects.has_writes());
    }
    // Otherwise it would say little.
    assert!(with_calls * 2 > count() && failed * 20 > count() && wrote * 5 > count(), "{with_calls} {failed} {wrote} of {}", count());
}
