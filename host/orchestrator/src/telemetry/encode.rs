//! Spans as OTLP has them in JSON: ids in hexadecimal, times in nanoseconds and large numbers as text.

use std::time::Duration;

use serde_json::{Value, json};

use super::Execution;

/// Of spans: what answers, what asks another server, what happens inside.
const SERVER: u8 = 2;
const CLIENT: u8 = 3;
const INTERNAL: u8 = 1;
const CONSUMER: u8 = 5;
/// Status of a span that failed.
const FAILED: u8 = 2;

/// What a collector is sent: all spans of these executions.
pub(super) fn request(executions: &[Execution]) -> Value {
    let spans: Vec<Value> = executions.iter().flat_map(spans).collect();
    let resource = [text("service.name", "picloud"), text("service.version", env!("CARGO_PKG_VERSION"))];
    json!({ "resourceSpans": [{
        "resource": { "attributes": resource },
        "scopeSpans": [{ "scope": { "name": "picloud" }, "spans": spans }],
    }] })
}

/// One for the execution and one for each call that it waited for.
fn spans(execution: &Execution) -> impl Iterator<Item = Value> + '_ {
    let mut http_calls = 0;
    let calls = execution.calls.iter().zip(0_u32..).map(move |(call, place)| {
        let is_http = call.call.starts_with("http ");
        let span = if is_http {
            http_calls += 1;
            execution.context.of_call(http_calls - 1)
        } else {
            // Behind the numbers of all calls of other servers, whose ids were given away.
            execution.context.of_call(OTHER_CALLS + place)
        };
        let began = execution.waited + Duration::from_micros(call.start_us);
        json!({
            "traceId": trace(execution), "spanId": format!("{span:016x}"), "parentSpanId": format!("{:016x}", execution.context.span),
            "name": call.call, "kind": if is_http { CLIENT } else { INTERNAL },
            "startTimeUnixNano": at(execution, began), "endTimeUnixNano": at(execution, began + Duration::from_micros(call.wall_us)),
            "attributes": [text("picloud.result", &call.result)],
        })
    });
    std::iter::once(whole(execution)).chain(calls)
}

/// More than an execution may call.
const OTHER_CALLS: u32 = 1 << 20;

fn whole(execution: &Execution) -> Value {
    let Execution { context, outcome, .. } = execution;
    let kind = if execution.job.is_some() { CONSUMER } else { SERVER };
    let mut span = json!({
        "traceId": trace(execution), "spanId": format!("{:016x}", context.span), "name": execution.script, "kind": kind,
        "startTimeUnixNano": at(execution, Duration::ZERO), "endTimeUnixNano": at(execution, execution.took),
        "attributes": attributes(execution),
        "status": if *outcome == "ok" { json!({}) } else { json!({ "code": FAILED, "message": outcome }) },
    });
    if let Some(parent) = context.parent {
        span["parentSpanId"] = json!(format!("{parent:016x}"));
    }
    span
}

fn attributes(execution: &Execution) -> Vec<Value> {
    let mut attributes = vec![
        text("picloud.app", &execution.app_slug),
        text("picloud.app_id", &execution.app.to_string()),
        text("picloud.script", &execution.script),
        text("picloud.execution_id", &execution.id.to_string()),
        text("picloud.invocation_type", execution.invocation_type),
        text("picloud.outcome", execution.outcome),
        number("picloud.deployment", execution.deployment.into()),
        number("picloud.fuel_used", execution.fuel_used),
        number("picloud.memory_peak_bytes", execution.memory_peak_bytes),
        number("picloud.attempts", execution.attempts.into()),
    ];
    if let Some(job) = execution.job {
        attributes.push(text("picloud.job_id", &job.to_string()));
    }
    if !execution.method.is_empty() {
        attributes.extend([
            text("http.request.method", &execution.method),
            text("server.address", &execution.host),
            // Never the query, where people put what is nobody else's business.
            text("url.path", &execution.path),
        ]);
    }
    attributes.extend(execution.status.map(|status| number("http.response.status_code", status.into())));
    attributes
}

fn trace(execution: &Execution) -> String {
    format!("{:032x}", execution.context.trace)
}

fn at(execution: &Execution, after: Duration) -> String {
    (u128::from(execution.began_ms) * 1_000_000 + after.as_nanos()).to_string()
}

fn text(key: &str, value: &str) -> Value {
    json!({ "key": key, "value": { "stringValue": value } })
}

fn number(key: &str, value: u64) -> Value {
    json!({ "key": key, "value": { "intValue": value.to_string() } })
}

#[cfg(test)]
pub(super) mod tests {
    use execution::TracedCall;
    use uuid::Uuid;

    use super::*;
    use crate::telemetry::TraceContext;

    pub(crate) fn execution() -> Execution {
        let call = |call: &str, start_us| TracedCall { call: call.to_owned(), start_us, wall_us: 10, result: "200".to_owned() };
        Execution {
            context: TraceContext { trace: 0xab, span: 0x10, parent: Some(0x7), is_sampled: true },
            id: Uuid::from_u128(1),
            app: Uuid::from_u128(2),
            app_slug: "shop".to_owned(),
            script: "order".to_owned(),
            deployment: 3,
            invocation_type: "http",
            job: None,
            outcome: "error",
            status: Some(502),
            method: "GET".to_owned(),
            host: "shop.localhost".to_owned(),
            path: "/order".to_owned(),
            fuel_used: 1 << 60,
            memory_peak_bytes: 5,
            attempts: 1,
            began_ms: 1_700_000_000_000,
            took: Duration::from_micros(250),
            waited: Duration::from_micros(100),
            calls: vec![call("kv.get", 5), call("http GET https://a.example/", 20), call("http GET https://b.example/", 40)],
        }
    }

    #[test]
    fn spans_are_as_otlp_has_them() {
        let sent = request(&[execution()]);
        let spans = sent["resourceSpans"][0]["scopeSpans"][0]["spans"].as_array().map_or(&[][..], Vec::as_slice);
        let ids: Vec<&str> = spans.iter().filter_map(|span| span["spanId"].as_str()).collect();
        // Those of the calls to other servers are what these were told.
        assert_eq!((ids.len(), ids[0], ids[2], ids[3]), (4, "0000000000000010", "0000000000000011", "0000000000000012"));
        assert!(ids.iter().zip(1..).all(|(id, next)| !ids[next..].contains(id)));
        assert!(spans.iter().all(|span| span["traceId"] == "000000000000000000000000000000ab"));
        assert!(spans[1..].iter().all(|span| span["parentSpanId"] == ids[0]));
        let first = &spans[0];
        assert_eq!((&first["parentSpanId"], &first["kind"], &first["status"]["code"]), (&json!("0000000000000007"), &json!(2), &json!(2)));
        assert_eq!(
            (&first["startTimeUnixNano"], &first["endTimeUnixNano"]),
            (&json!("1700000000000000000"), &json!("1700000000000250000"))
        );
        assert_eq!((&spans[2]["startTimeUnixNano"], &spans[2]["kind"]), (&json!("1700000000000120000"), &json!(3)));
        let of =
            |key: &str| first["attributes"].as_array().and_then(|all| all.iter().find(|one| one["key"] == key)).map(|one| &one["value"]);
        assert_eq!(of("picloud.fuel_used"), Some(&json!({ "intValue": (1_u64 << 60).to_string() })));
        assert_eq!(of("picloud.script"), Some(&json!({ "stringValue": "order" })));
    }
}
