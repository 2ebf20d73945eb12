/** Deadlines of one length for much that runs at once, under one timer: a timer for each cost more than what it watched. */

/** What `begin` gives and `end` takes. */
export interface Deadline {
  readonly at: number;
  readonly onLate: () => void;
}

/** All last equally long, so the one that began first ends first: whoever is late stands at the front. */
export class Deadlines {
  readonly #running = new Set<Deadline>();
  #isArmed = false;

  /** @param ms how long each lasts. */
  constructor(private readonly ms: number) {}

  /** @param onLate called once, unless it is ended before. What keeps the process alive is what is waited for, not this. */
  begin(onLate: () => void): Deadline {
    const deadline = { at: performance.now() + this.ms, onLate };
    this.#running.add(deadline);
    if (!this.#isArmed) this.#arm();
    return deadline;
  }

  /** Ending one that is over does nothing. */
  end(deadline: Deadline): void {
    this.#running.delete(deadline);
  }

  #arm(): void {
    const [next] = this.#running;
    this.#isArmed = next !== undefined;
    if (next) setTimeout(() => this.#expire(), Math.ceil(next.at - performance.now())).unref();
  }

  #expire(): void {
    const now = performance.now();
    try {
      for (const deadline of this.#running) {
        if (deadline.at > now) break;
        this.#running.delete(deadline);
        deadline.onLate();
      }
    } finally {
      this.#arm();
    }
  }
}
