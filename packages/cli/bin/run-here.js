// Started by newer-node.js. When that process is gone, killed or not, this one stops cleanly.
process.once("disconnect", () => process.kill(process.pid, "SIGTERM"));
process.channel?.unref();
await import("#main");
