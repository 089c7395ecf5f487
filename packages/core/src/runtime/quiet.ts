/** What a thread has said of itself: messages that count, by the thread they went to or came from. */
export interface Counts {
  readonly sent: readonly number[];
  readonly received: readonly number[];
  /** Nothing waited on it at that moment. */
  readonly idle: boolean;
}

/**
 * Whether nothing is on its way between threads, from what each of them has said last, at moments of their own. Holds
 * where only what is received sets a thread to work, as while sources rest or have ended. Each was idle when it spoke,
 * and all that had been sent to it by then it had received, as its senders count. So none of them has worked since: the
 * first one that had would have been sent something after its sender had spoken, by a thread that had worked before it.
 */
export function isQuiet(threads: readonly (Counts | undefined)[]): boolean {
  return threads.every((from, sender) =>
    threads.every(
      (to, receiver) =>
        from?.idle === true && to !== undefined && from.sent[receiver] === to.received[sender],
    ),
  );
}
