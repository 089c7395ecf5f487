/** The operators as a plain program has them: loops, objects and `Map`. */
import type { MakePlain } from "./drive.ts";
import type { Row } from "./rows.ts";

/** Rows above a price. */
export function plainFilter(price: number): MakePlain {
  return (results) => ({
    row: (row) => {
      if (row.price > price) results.push(row);
    },
  });
}

/** New rows of old ones. */
export function plainMap(make: (row: Row) => object): MakePlain {
  return (results) => ({ row: (row) => void results.push(make(row)) });
}

/** Number and maximum per key and window. */
export function plainWindow(sizeMicros: number, everyMicros: number): MakePlain {
  return (results) => {
    const windows = new Map<number, Map<number, { count: number; highest: number }>>();
    return {
      row({ key, price }, at, clock) {
        for (let start = at - (at % everyMicros); start > at - sizeMicros; start -= everyMicros) {
          if (clock >= start + sizeMicros - 1) continue;
          let groups = windows.get(start);
          if (groups === undefined) windows.set(start, (groups = new Map()));
          const group = groups.get(key);
          if (group === undefined) groups.set(key, { count: 1, highest: price });
          else {
            group.count++;
            if (price > group.highest) group.highest = price;
          }
        }
      },
      clock(clock) {
        for (const [windowStart, groups] of windows) {
          const windowEnd = windowStart + sizeMicros;
          if (clock < windowEnd - 1) continue;
          for (const [key, group] of groups) results.push({ key, windowStart, windowEnd, ...group });
          windows.delete(windowStart);
        }
      },
    };
  };
}

/** Number of rows per key and session. */
export function plainSession(gapMicros: number): MakePlain {
  return (results) => {
    const open = new Map<number, { start: number; last: number; count: number }[]>();
    return {
      row({ key }, at) {
        let sessions = open.get(key);
        if (sessions === undefined) open.set(key, (sessions = []));
        let joined = { start: at, last: at, count: 1 };
        const apart = [];
        for (const session of sessions) {
          if (session.start > at + gapMicros || session.last < at - gapMicros) apart.push(session);
          else {
            const [start, last] = [
              Math.min(session.start, joined.start),
              Math.max(session.last, joined.last),
            ];
            joined = { start, last, count: session.count + joined.count };
          }
        }
        apart.push(joined);
        open.set(key, apart);
      },
      clock(clock) {
        for (const [key, sessions] of open) {
          for (const session of sessions) if (isOver(session.last)) results.push({ key, ...session });
          const rest = sessions.filter(({ last }) => !isOver(last));
          if (rest.length === 0) open.delete(key);
          else open.set(key, rest);
        }
        function isOver(last: number): boolean {
          return clock >= last + gapMicros;
        }
      },
    };
  };
}

/** Number, maximum and sum per key, given whenever they have changed. */
export function plainGroup(): MakePlain {
  return (results) => {
    const groups = new Map<number, { count: number; highest: number; total: number }>();
    const changed = new Set<number>();
    return {
      row({ key, price }) {
        const group = groups.get(key);
        if (group === undefined) groups.set(key, { count: 1, highest: price, total: price });
        else {
          group.count++;
          group.total += price;
          if (price > group.highest) group.highest = price;
        }
        changed.add(key);
      },
      flush() {
        for (const key of changed) results.push({ key, ...groups.get(key) });
        changed.clear();
      },
    };
  };
}

/** The row of each key that is the latest in event time, and of these the one with the highest id. */
export function plainLatest(): MakePlain {
  return (results) => {
    const latest = new Map<number, Row>();
    const changed = new Set<number>();
    return {
      row({ id, key, price }, at) {
        const before = latest.get(key);
        if (before !== undefined && (at < before.at || (at === before.at && id <= before.id))) return;
        latest.set(key, { id, key, price, at });
        changed.add(key);
      },
      flush() {
        for (const key of changed) results.push({ ...latest.get(key) });
        changed.clear();
      },
    };
  };
}

/** The first row to arrive of each id and stretch of time. */
export function plainDedupe(withinMicros: number): MakePlain {
  return (results) => {
    const kept = new Map<number, number>();
    return {
      row(row, at) {
        const before = kept.get(row.id);
        if (before !== undefined && Math.abs(at - before) < withinMicros) return;
        kept.delete(row.id);
        kept.set(row.id, at);
        results.push(row);
      },
      clock(clock) {
        for (const [id, at] of kept) {
          if (at + withinMicros > clock) break;
          kept.delete(id);
        }
      },
    };
  };
}
