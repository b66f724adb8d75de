import { listen } from "/.well-known/picloud/topics.js";

const entries = document.querySelector("#entries");
const form = document.querySelector("form");
const status = document.querySelector("[role=status]");
const shown = new Set();

// As text: whatever a guest has written, nothing of it is HTML.
function show({ name, text, at }) {
  const key = `${at} ${name}`;
  if (shown.has(key)) return;
  shown.add(key);
  const item = document.createElement("li");
  const [who, what, when] = ["strong", "p", "time"].map((tag) => document.createElement(tag));
  who.textContent = name;
  what.textContent = text;
  when.textContent = new Date(at).toLocaleString();
  when.dateTime = at;
  item.append(who, what, when);
  entries.prepend(item);
}

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  status.textContent = "";
  const body = JSON.stringify(Object.fromEntries(new FormData(form)));
  const headers = { "content-type": "application/json" };
  try {
    const answer = await fetch("/api/entries", { method: "POST", headers, body });
    const entry = await answer.json();
    if (!answer.ok) throw new Error(entry.error ?? entry.title);
    show(entry);
    form.reset();
    status.textContent = "Thank you.";
  } catch (error) {
    status.textContent = `That did not work: ${error.message}`;
  }
});

const token = () => fetch("/api/token").then((answer) => answer.text());
listen("entries", { token, message: show });
for (const entry of (await (await fetch("/api/entries")).json()).reverse()) show(entry);
