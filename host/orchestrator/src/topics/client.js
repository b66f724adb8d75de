// Listens to a topic of this app. `token` is a text, or a function that answers one (or a promise of one), called again when it has expired.
//
//   import { listen } from "/.well-known/picloud/topics.js";
//   const stop = listen("orders/7", { token: () => fetch("/token").then((r) => r.text()), message: (m) => console.log(m) });
//
// `message(value, id)`: each message, once, in order. `gap()`: messages may be missing, since the break was too long. `error(reason)`: it can't go on, and won't by itself.

const TOPICS = "/.well-known/picloud/topics/";
const PAUSE_FIRST = 1000;
const PAUSE_MAX = 30000;

export function listen(topic, { token, message, gap = () => {}, error = () => {} }) {
  let source = null;
  let timer = null;
  let last = "";
  let pause = PAUSE_FIRST;
  let stopped = false;

  async function open() {
    let text;
    try {
      text = await (typeof token === "function" ? token() : token);
    } catch (reason) {
      return again(reason);
    }
    if (stopped) return;
    const query = new URLSearchParams({ token: text });
    if (last) query.set("last_event_id", last);
    source = new EventSource(`${TOPICS}${topic}?${query}`);
    source.onopen = () => (pause = PAUSE_FIRST);
    source.onmessage = (event) => {
      last = event.lastEventId;
      message(JSON.parse(event.data), last);
    };
    source.addEventListener("picloud.gap", () => gap());
    // Too slow: what is missing comes with the next connection.
    source.addEventListener("picloud.dropped", () => again());
    source.onerror = () => again(new Error("the connection was refused or lost"));
  }

  function again(reason) {
    close();
    if (stopped) return;
    if (reason && typeof token !== "function" && pause >= PAUSE_MAX) return error(reason);
    timer = setTimeout(open, pause * (0.5 + Math.random()));
    pause = Math.min(pause * 2, PAUSE_MAX);
  }

  function close() {
    clearTimeout(timer);
    if (source) source.close();
    source = null;
  }

  open();
  return () => {
    stopped = true;
    close();
  };
}
