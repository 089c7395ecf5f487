/** What is let go of when a run ends. */
export interface Closable {
  close(): Promise<void>;
}

/** Closes each, also where another one fails to. @throws the first of what went wrong */
export async function closeAll(opened: Iterable<Closable>): Promise<void> {
  const failures: { readonly error: unknown }[] = [];
  for (const each of opened) {
    try {
      await each.close();
    } catch (error) {
      failures.push({ error });
    }
  }
  const [first] = failures;
  if (first !== undefined) throw first.error;
}

/**
 * Does the work, then closes what it used.
 * @throws what the work throws, of which a failure to close is often but a consequence; or else as `closeAll`
 */
export async function closing<T>(work: () => Promise<T>, opened: () => Iterable<Closable>): Promise<T> {
  let result: T;
  try {
    result = await work();
  } catch (thrown) {
    await closeAll(opened()).catch(() => {});
    throw thrown;
  }
  await closeAll(opened());
  return result;
}
