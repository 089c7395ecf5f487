import type { IdList } from "../outputs/id-list.ts";

/** Rows of a batch, the rows of the table that they may belong to, and where these keep their bounds. */
export interface Taking {
  readonly rows: Int32Array;
  /** Of each row; written over with those of the rows that are taken. */
  readonly ids: Int32Array;
  readonly offsets: Int32Array;
  readonly gap: number;
  readonly startWord: number;
  readonly lastWord: number;
  /** Rows that are taken. */
  readonly taken: Int32Array;
  /** Rows that are not, and the ids that they were given with. */
  readonly rest: Int32Array;
  readonly restIds: Int32Array;
  /** Takes the ids of the sessions that begin. */
  readonly begun: IdList;
}

/**
 * The hot loop: takes rows that lie in a session or move its end on, and those that begin one in a row that has none.
 * The rest begins a further session of its group, lies before the start of one, or joins two. Returns how many it took.
 */
export function takeRows(words: Float64Array, times: Float64Array, taking: Taking): number {
  const { rows, ids, offsets, gap, startWord, lastWord, taken, rest, restIds, begun } = taking;
  const { length } = rows;
  let count = 0;
  for (let i = 0; i < length; i++) {
    const row = rows[i] as number;
    const id = ids[i] as number;
    const offset = offsets[i] as number;
    const time = times[row] as number;
    const last = words[offset + lastWord] as number;
    if (Number.isNaN(last)) {
      words[offset + startWord] = time;
      words[offset + lastWord] = time;
      begun.push(id);
    } else if (time > last && time <= last + gap) words[offset + lastWord] = time;
    else if (time > last || time < (words[offset + startWord] as number)) {
      rest[i - count] = row;
      restIds[i - count] = id;
      continue;
    }
    taken[count] = row;
    ids[count++] = id;
  }
  return count;
}

/** Sessions that may be over, and the time of the last row of each. */
interface MayBeOver {
  readonly ids: Int32Array;
  readonly lasts: Float64Array;
  /** The last time with which one is over. */
  readonly until: number;
}

/** Takes those that are over, and leaves the others side by side; returns how many it took. */
export function takeEnded({ ids, lasts, until }: MayBeOver, into: Int32Array): number {
  let ended = 0;
  for (let i = 0; i < ids.length; i++) {
    const last = lasts[i] as number;
    if (last <= until) into[ended++] = ids[i] as number;
    else {
      ids[i - ended] = ids[i] as number;
      lasts[i - ended] = last;
    }
  }
  return ended;
}
