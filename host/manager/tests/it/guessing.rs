//! Passwords that are guessed (S-8.3), through the whole API: what counts is how often argon2 is asked.

use futures_util::future::join_all;
use serde_json::{Value, json};
use store::InstanceRole;

use crate::support::{Instance, PASSWORD};

const SESSION: &str = "/api/v1/admin/session";

fn guess(username: &str) -> Value {
    json!({ "username": username, "password": "a guess of a password" })
}

#[tokio::test]
async fn s_8_3_an_hour_of_guesses_from_a_hundred_places_is_at_most_sixty_verifications() {
    let mut instance = Instance::new().await;
    instance.admin("ada", InstanceRole::Member).await;
    let mut verified = 0;
    for number in 0..900 {
        if number == 450 {
            verified += instance.state.passwords.verifications();
            instance.restart();
        }
        let stranger = instance.stranger().from(&format!("198.51.{}.7", number % 100));
        let answer = stranger.post(SESSION, &guess("ada")).await;
        assert!(matches!(answer.status.as_u16(), 401 | 429), "{}", answer.json);
        instance.pass_seconds(4);
    }
    verified += instance.state.passwords.verifications();
    assert!((5..=60).contains(&verified), "{verified} verifications, over a restart");
}

#[tokio::test]
async fn s_8_3_guesses_sent_at_once_count_too() {
    let instance = Instance::new().await;
    instance.admin("ada", InstanceRole::Member).await;
    let all = (0..40).map(|number| {
        let stranger = instance.stranger().from(&format!("198.51.{number}.7"));
        async move { stranger.post(SESSION, &guess("ada")).await.status.as_u16() }
    });
    let let_through = join_all(all).await.into_iter().filter(|status| *status != 429).count();
    assert_eq!((let_through, instance.state.passwords.verifications()), (5, 5));
}

#[tokio::test]
async fn s_8_2_a_name_that_nobody_has_is_slowed_down_alike() {
    let instance = Instance::new().await;
    instance.admin("ada", InstanceRole::Member).await;
    let mut seen = Vec::new();
    for username in ["ada", "nobody"] {
        let mut answers = Vec::new();
        for number in 0..12 {
            let before = instance.state.passwords.verifications();
            let stranger = instance.stranger().from(&format!("198.51.{number}.7"));
            let mut answer = stranger.post(SESSION, &guess(username)).await;
            answer.json["request_id"].take();
            let work = instance.state.passwords.verifications() - before;
            answers.push((answer.status, answer.headers.get("retry-after").cloned(), answer.json, work));
        }
        seen.push(answers);
    }
    assert_eq!(seen[0], seen[1]);
    assert_eq!(seen[0].iter().map(|(_, _, _, work)| work).sum::<u64>(), 5);
}

#[tokio::test]
async fn s_8_3_strangers_do_not_lock_out_a_known_network() {
    let mut instance = Instance::new().await;
    instance.admin("ada", InstanceRole::Member).await;
    let log_in = json!({ "username": "ada", "password": PASSWORD });
    let answer = instance.stranger().from("203.0.113.7").post(SESSION, &log_in).await;
    answer.expect(201);
    for number in 0..8 {
        instance.stranger().from(&format!("198.51.{number}.7")).post(SESSION, &guess("ada")).await;
    }
    instance.restart();
    let elsewhere = instance.stranger().from("198.51.9.7").post(SESSION, &log_in).await;
    elsewhere.problem(429, "rate.limited");
    // The same network, another address in it.
    instance.stranger().from("203.0.113.200").post(SESSION, &log_in).await.expect(201);
    // Which took the strangers' failures back.
    instance.stranger().from("198.51.9.7").post(SESSION, &log_in).await.expect(201);
    for _ in 0..5 {
        instance.stranger().from("203.0.113.7").post(SESSION, &guess("ada")).await.expect(401);
    }
    instance.stranger().from("203.0.113.7").post(SESSION, &guess("ada")).await.problem(429, "rate.limited");
}

#[tokio::test]
async fn s_8_3_guesses_at_many_names_from_many_networks_lock_nobody_out_of_a_known_one() {
    let instance = Instance::new().await;
    for username in ["ada", "eve"] {
        instance.admin(username, InstanceRole::Member).await;
    }
    let log_in = |username| json!({ "username": username, "password": PASSWORD });
    instance.stranger().from("203.0.113.7").post(SESSION, &log_in("ada")).await.expect(201);
    let before = instance.state.passwords.verifications();
    let mut refused = 0;
    for number in 0..70 {
        let stranger = instance.stranger().from(&format!("198.51.{number}.7"));
        refused += usize::from(stranger.post(SESSION, &guess(&format!("name-{number}"))).await.status == 429);
    }
    assert_eq!((instance.state.passwords.verifications() - before, refused), (60, 10));
    // Eve was never here; ada was.
    instance.stranger().from("203.0.113.7").post(SESSION, &log_in("eve")).await.problem(429, "rate.limited");
    instance.stranger().from("203.0.113.99").post(SESSION, &log_in("ada")).await.expect(201);
    // One more each second; and who knows his password takes nothing from the others.
    instance.pass_seconds(1);
    instance.stranger().from("203.0.113.7").post(SESSION, &log_in("eve")).await.expect(201);
    instance.stranger().from("198.51.100.9").post(SESSION, &log_in("ada")).await.expect(201);
    instance.stranger().from("198.51.101.9").post(SESSION, &guess("eve")).await.problem(401, "auth.login_failed");
    instance.stranger().from("198.51.102.9").post(SESSION, &guess("eve")).await.problem(429, "rate.limited");
}

#[tokio::test]
async fn s_8_3_counters_are_swept_after_a_day() {
    let instance = Instance::new().await;
    instance.stranger().post(SESSION, &guess("nobody")).await.expect(401);
    let sweep = async || instance.state.control.sweep_log_ins(instance.state.now()).await.unwrap();
    instance.pass_seconds(24 * 3600 - 1);
    assert_eq!(sweep().await, 0);
    instance.pass_seconds(2);
    assert_eq!(sweep().await, 1);
}
