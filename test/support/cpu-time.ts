/** The processor time that work takes: unlike the clock on the wall, it does not grow when the machine has other work. */

/** Milliseconds of processor time, of all threads of this process, that went by during the work. */
export async function cpuMillisecondsOf(work: () => unknown): Promise<number> {
  const before = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}
