/** A progress bar on standard error, where a person watches. */

const WIDTH = 30;
const EVERY_MS = 100;

/** How much of `total` is done; without a total, only the count is shown. */
export class Progress {
  #drawnAt = 0;

  constructor(
    private readonly total: number | null,
    private readonly out: NodeJS.WriteStream = process.stderr,
  ) {}

  update(done: number, count: number): void {
    const now = performance.now();
    if (!this.out.isTTY || now - this.#drawnAt < EVERY_MS) return;
    this.#drawnAt = now;
    this.#draw(done, count);
  }

  /** Writes a line of its own, and the bar under it again at the next update. */
  say(line: string): void {
    this.out.write(`${this.out.isTTY ? '\r\x1b[K' : ''}${line}\n`);
  }

  end(done: number, count: number): void {
    if (!this.out.isTTY) return;
    this.#draw(done, count);
    this.out.write('\n');
  }

  #draw(done: number, count: number): void {
    const lines = `${count.toLocaleString('en')} lines`;
    if (this.total === null) return void this.out.write(`\r\x1b[K${lines}`);
    const part = this.total === 0 ? 1 : Math.min(1, done / this.total);
    const bar = '#'.repeat(Math.round(part * WIDTH)).padEnd(WIDTH, '-');
    this.out.write(`\r\x1b[K[${bar}] ${Math.floor(part * 100)} %  ${lines}`);
  }
}
