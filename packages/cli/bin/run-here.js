// Started by newer-node.js. Whoever kills that process means this one: it dies with it, and the next run recovers.
process.once("disconnect", () => process.kill(process.pid, "SIGKILL"));
process.channel?.unref();
await import("./cached-main.js");
