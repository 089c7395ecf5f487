/** Why a record is refused. Thrown without a stack trace, since bad input may be frequent. */
export class Refused {
  readonly reason: string;
  /** Index of the byte that shows it; −1 where the reason speaks of the whole value. */
  readonly at: number;

  constructor(reason: string, at = -1) {
    this.reason = reason;
    this.at = at;
  }
}
