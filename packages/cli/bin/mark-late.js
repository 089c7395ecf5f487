// Has V8 begin to mark heaps when 70 or 90 % of what they may grow is used, between two tasks or at once, and not a few
// MiB above the last time. It counts the memory of arrays with a heap, and that of rows comes and goes by tens of MiB
// beside a heap of fifteen, which would be marked several times a second. How large heaps become is V8's to say, as
// before. What was compiled is kept for processes with the same flags: so this comes before all else.
import v8 from "node:v8";

v8.setFlagsFromString("--incremental-marking-soft-trigger=70");
v8.setFlagsFromString("--incremental-marking-hard-trigger=90");
