//! `secrets::` as a script sees it, and what of it nobody else sees.

use execution::Recorder;
use execution::{Execute, Limits};
use executor::Memory;

use crate::sandbox::{answer, compile, executor, failure, invocation, nobody, request, run_on};

const VALUE: &str = "correct \"horse\" battery";

fn with_secret() -> Memory {
    let memory = Memory::default();
    memory.set_secret("TOKEN", VALUE);
    memory
}

#[tokio::test]
async fn a_secret_is_its_value() {
    assert_eq!(answer(&run_on(r#"secrets::get("TOKEN")"#, with_secret()).await).1, VALUE);
    for (call, case) in [(r#"secrets::get("OTHER")"#, "secrets.not_found"), (r#"secrets::get("a b")"#, "secrets.invalid")] {
        let script = format!("let caught = (); try {{ {call} }} catch (e) {{ caught = e.error }} caught");
        assert_eq!(answer(&run_on(&script, with_secret()).await).1, case, "{call}");
    }
    let image = compile(r#"secrets::get("TOKEN")"#).await.expect("compiles");
    let failed = failure(executor().await.execute(&image, &invocation(request("GET", "/")), &Limits::default(), nobody()).await);
    assert_eq!(failed.message, "secrets.unavailable: the secret `TOKEN` can't be opened just now");
}

#[tokio::test]
async fn s_6_4_logs_errors_and_traces_don_t_tell_it() {
    for script in [
        r#"let t = secrets::get("TOKEN"); log::info(`it is ${t}`, #{ t: t, deep: [t] }); print(t); debug(t); throw t"#,
        r#"let t = secrets::get("TOKEN"); let long = ""; long.pad(4080, "x"); print(long + t); throw #{ error: "x.y", message: t }"#,
        r#"let t = secrets::get("TOKEN"); kv::get(t + "\n")"#,
        r#"let t = secrets::get("TOKEN"); let all = http::all([#{ url: `https://a.test/${t}` }]); throw all[0].message + t"#,
        r#"let t = secrets::get("TOKEN"); parse_int(t)"#,
    ] {
        let outcome = run_on(script, with_secret()).await;
        let told = format!("{outcome:?}");
        for part in ["horse", "correct"] {
            assert!(!told.contains(part), "{script}\n{told}");
        }
        assert!(outcome.result.is_err());
    }
    // Cut lines: nothing of it is left, however much fits.
    let script = r#"let t = secrets::get("TOKEN"); for room in 0..30 { let long = ""; long.pad(4096 - room, "x"); print(long + t) } 1"#;
    let lines = run_on(script, with_secret()).await.logs.lines;
    assert!(lines.len() > 10 && lines.iter().all(|line| !line.message.contains("corre")), "{lines:?}");
    // The same of what is thrown.
    for room in [1, 5, 15, VALUE.len() - 1] {
        let script =
            format!(r#"let long = ""; long.pad({}, "x"); throw long + secrets::get("TOKEN")"#, execution::FAILURE_MESSAGE_BYTES_MAX - room);
        let message = failure(run_on(&script, with_secret()).await).message;
        assert!(message.contains("cut off") == (room < "[secret TOKEN]".len()) && !message.contains("xc"), "{message}");
    }
}

#[tokio::test]
async fn s_6_4_a_recording_has_the_version_and_not_the_value() {
    let (image, call) = (compile(r#"secrets::get("TOKEN").len()"#).await.expect("compiles"), invocation(request("GET", "/")));
    let (recorder, calls) = Recorder::new(with_secret(), 1 << 20);
    assert_eq!(answer(&executor().await.run(&image, &call, &Limits::default(), Box::new(recorder)).await).1, VALUE.len().to_string());
    let kept = serde_json::to_string(&calls.calls().expect("not too much")).expect("a recording is JSON");
    assert!(kept.contains(r#""name":"TOKEN""#) && kept.contains(r#""version":1"#) && !kept.contains("horse"), "{kept}");
}

#[tokio::test]
async fn s_2_4_reading_secrets_is_counted() {
    let failed = failure(run_on(r#"loop { secrets::get("TOKEN") }"#, with_secret()).await);
    assert!(failed.message.contains("1000 times (host_calls)"), "{}", failed.message);
}
