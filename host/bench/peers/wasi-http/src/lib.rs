//! The cart of `cart.rhai`, line by line, in Rust, as a component that `wasmtime serve` serves.
//!
//! Typed structs and no interpreter: what a person would write for whom every request is one of the same kind.

use serde::{Deserialize, Serialize};
use wasip2::{
    exports::http::incoming_handler::Guest,
    http::types::{Fields, IncomingRequest, OutgoingBody, OutgoingResponse, ResponseOutparam},
    io::streams::StreamError,
};

/// Of a body that is read at once; an order is shorter.
const CHUNK_BYTES: u64 = 64 << 10;

struct Cart;

wasip2::http::proxy::export!(Cart);

#[derive(Deserialize)]
struct Order {
    customer: String,
    items: Vec<Item>,
}

#[derive(Deserialize)]
struct Item {
    name: String,
    price: i64,
    quantity: i64,
}

#[derive(Serialize)]
struct Line {
    name: String,
    price: i64,
}

/// Keys come in the order of their names, as the others' do.
#[derive(Serialize)]
struct Answer<'a> {
    currency: &'static str,
    customer: &'a str,
    greeting: String,
    lines: Vec<Line>,
    total: i64,
}

impl Guest for Cart {
    fn handle(request: IncomingRequest, outparam: ResponseOutparam) {
        let (status, headers, body) = answer(&read(&request)).unwrap_or_else(|| (502, Vec::new(), Vec::new()));
        let fields = Fields::from_list(&headers).unwrap_or_else(|_| Fields::new());
        let response = OutgoingResponse::new(fields);
        // Both fail only where they were called before.
        let (Ok(()), Ok(outgoing)) = (response.set_status_code(status), response.body()) else { return };
        ResponseOutparam::set(outparam, Ok(response));
        write(&outgoing, &body);
        let _finished = OutgoingBody::finish(outgoing, None);
    }
}

type Headers = Vec<(String, Vec<u8>)>;

fn answer(body: &[u8]) -> Option<(u16, Headers, Vec<u8>)> {
    let order: Order = serde_json::from_slice(body).ok()?;
    let mut total = 0;
    let mut lines = Vec::new();
    for item in order.items {
        let price = item.price.checked_mul(item.quantity)?;
        total = i64::checked_add(total, price)?;
        lines.push(Line { name: item.name, price });
    }
    let shipping = if total > 100 { 0 } else { 5 };
    let customer = &order.customer;
    let greeting = format!("Thank you, {customer}!");
    let body = serde_json::to_vec(&Answer { currency: "EUR", customer, greeting, lines, total: total + shipping }).ok()?;
    let headers =
        [("content-type", "application/json".to_owned()), ("content-length", body.len().to_string()), ("x-order", format!("c-{customer}"))];
    Some((201, headers.map(|(name, value)| (name.to_owned(), value.into_bytes())).into(), body))
}

fn read(request: &IncomingRequest) -> Vec<u8> {
    let mut body = Vec::new();
    let Ok(incoming) = request.consume() else { return body };
    let Ok(stream) = incoming.stream() else { return body };
    loop {
        match stream.blocking_read(CHUNK_BYTES) {
            Ok(chunk) if body.is_empty() => body = chunk,
            Ok(chunk) => body.extend_from_slice(&chunk),
            Err(StreamError::Closed | StreamError::LastOperationFailed(_)) => return body,
        }
    }
}

/// A body that a stream takes at once; others are waited for, piece by piece.
fn write(outgoing: &OutgoingBody, mut body: &[u8]) {
    let Ok(stream) = outgoing.write() else { return };
    while !body.is_empty() {
        let Ok(room) = stream.check_write() else { return };
        let (now, later) = body.split_at(body.len().min(usize::try_from(room).unwrap_or(usize::MAX)));
        if now.is_empty() {
            stream.subscribe().block();
        } else if stream.write(now).is_err() {
            return;
        }
        body = later;
    }
}
