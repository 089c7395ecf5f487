import { Observable, type Subscriber } from "rxjs";

/**
 * An Observable of what an asynchronous iterable gives: each subscriber iterates by itself, and asks for the next value
 * when it has handled the last. Unsubscribing ends the iteration at once, which `from()` of rxjs does only with the
 * next value.
 */
export function toObservable<Value>(values: AsyncIterable<Value>): Observable<Value> {
  return new Observable((subscriber) => {
    const iterator = values[Symbol.asyncIterator]();
    void hand(iterator, subscriber);
    return () => {
      // Nobody listens any more to how it ends.
      iterator.return?.().catch(() => {});
    };
  });
}

async function hand<Value>(iterator: AsyncIterator<Value>, subscriber: Subscriber<Value>): Promise<void> {
  try {
    while (!subscriber.closed) {
      const { done, value } = await iterator.next();
      if (done === true) return subscriber.complete();
      subscriber.next(value);
    }
  } catch (error) {
    subscriber.error(error);
  }
}
