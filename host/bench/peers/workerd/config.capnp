# What workerd serves in the benchmark: one worker, on the address of `--socket-addr`.
using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (
  services = [(name = "cart", worker = .cart)],
  sockets = [(name = "http", address = "127.0.0.1:18083", http = (), service = "cart")],
);

const cart :Workerd.Worker = (
  modules = [(name = "cart.js", esModule = embed "cart.js")],
  compatibilityDate = "2026-11-17",
);
