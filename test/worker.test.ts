/** `rekey worker` in a process of its own, beside nodes that only serve. Only where there is a PostgreSQL to install from. */
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readFileSync, rmSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import postgres from 'postgres';
import { freePort, startPostgres, type OwnPostgres } from './support/dependencies.js';
import { startMailServer, type MailServer } from './support/mail-server.js';
import { startProgram, type Program } from './support/program.js';

const SIGN_UP = 'mutation ($input: SignUpInput!) { signUp(input: $input) { __typename } }';
const SUBJECT = 'Create your';

if (!process.env['TEST_DATABASE_URL']) {
  test.skip('a worker beside a node that only serves: not on the embedded database, which one process alone opens', () => {});
} else {
  describe('a worker beside a node that only serves', () => {
    let database: OwnPostgres;
    let mail: MailServer;
    let slowMail: MailServer;
    let node: Program;
    const started: Program[] = [];
    beforeAll(async () => {
      database = await startPostgres();
      mail = await startMailServer();
      slowMail = await startMailServer({ delayMs: 60_000 });
      node = await start(['serve'], { WORKER: 'off' });
    }, 60_000);
    afterAll(async () => {
      await Promise.all(started.map((program) => program.stop('SIGKILL')));
      for (const { dataDir } of started) rmSync(dataDir, { recursive: true, force: true });
      mail.stop();
      slowMail.stop();
      await database.remove();
    }, 60_000);

    /** Whatever serves and whatever works share their keys, as they share the database. */
    const SECRET_KEYS = `shared:${randomBytes(32).toString('base64')}`;
    async function start(args: readonly string[], env: Record<string, string>): Promise<Program> {
      const shared = {
        DATABASE_URL: database.url,
        SECRET_KEYS,
        SMTP_URL: mail.url,
        MAIL_FROM: 'no-reply@rekey.example',
      };
      const program = await startProgram({ args, env: { ...shared, ...env }, wait: args[0] === 'serve' });
      started.push(program);
      return program;
    }

    interface Worker extends Program {
      readonly port: string;
      /** What its port for operators answers. */
      ask(path: string): Promise<{ status: number; text: string }>;
    }

    async function startWorker(env: Record<string, string> = {}): Promise<Worker> {
      const port = String(await freePort());
      const program = await start(['worker'], { METRICS_PORT: port, ...env });
      const worker: Worker = {
        ...program,
        port,
        async ask(path) {
          const answer = await fetch(`http://127.0.0.1:${port}${path}`);
          return { status: answer.status, text: await answer.text() };
        },
      };
      await until(async () => (await worker.ask('/readyz').catch(() => null))?.status === 200);
      return worker;
    }

    async function until(isSo: () => boolean | Promise<boolean>): Promise<void> {
      for (let tries = 0; !(await isSo()); tries += 1) {
        if (tries > 1_000) throw new Error('it did not come to that');
        await sleep(50);
      }
    }

    const asksToSignUp = async (email: string) =>
      expect((await node.graphql(SIGN_UP, { input: { email } })).body.data.signUp.__typename).toBe('SignUpAccepted');

    test('sends what the node queued; the node itself sends nothing', async () => {
      await asksToSignUp('first@example.org');
      const waiting = await (await fetch(`${node.url}/metrics`)).text();
      expect(waiting).toMatch(/^rekey_outbox_waiting 1$/m);
      expect(mail.begun()).toBe(0);
      const worker = await startWorker();
      expect((await mail.next('first@example.org', SUBJECT)).text).toContain('/sign-up#');
      await until(async () =>
        (await worker.ask('/metrics')).text.includes('rekey_deliveries_total{channel="EMAIL"} 1'),
      );
      expect(await worker.stop('SIGTERM')).toBe(0);
    }, 90_000);

    test('says on its own port whether it is alive and ready, and the health check of the image asks there', async () => {
      const worker = await startWorker();
      const health = /^ +CMD (\[.*\])$/m.exec(
        readFileSync(new URL('../.deploy/Dockerfile', import.meta.url), 'utf8'),
      )?.[1];
      const [, ...args] = JSON.parse(health ?? '[]') as string[];
      const isHealthy = async (env: Record<string, string>) => {
        const PORT = String(await freePort());
        return new Promise<boolean>((told) =>
          execFile(process.execPath, args, { env: { PORT, ...env } }, (error) => told(error === null)),
        );
      };
      expect(await isHealthy({ METRICS_PORT: worker.port })).toBe(true);
      expect(await isHealthy({ PORT: new URL(node.url).port })).toBe(true);
      expect(await isHealthy({})).toBe(false);
      expect((await worker.ask('/graphql')).status).toBe(404);

      await database.stop();
      await until(async () => (await worker.ask('/readyz')).status === 503);
      expect((await worker.ask('/livez')).status).toBe(200);
      expect(await isHealthy({ METRICS_PORT: worker.port })).toBe(false);
      await database.start();
      await until(async () => (await worker.ask('/readyz')).status === 200);
      await asksToSignUp('afterwards@example.org');
      await mail.next('afterwards@example.org', SUBJECT);
      expect(await worker.stop('SIGTERM')).toBe(0);
    }, 90_000);

    test('that is killed while a letter is under way loses nothing: the next one sends it', async () => {
      const killed = await startWorker({ SMTP_URL: slowMail.url });
      await asksToSignUp('under.way@example.org');
      await until(() => slowMail.begun() === 1);
      await killed.stop('SIGKILL');
      expect(slowMail.letters).toEqual([]);

      // A lease lasts a minute of real time: here that minute has passed.
      const db = postgres(database.url);
      const ended =
        await db`update outbox set locked_until = now() - interval '1 second' where locked_until is not null`;
      await db.end();
      expect(ended.count).toBe(1);
      await startWorker();
      expect((await mail.next('under.way@example.org', SUBJECT)).text).toContain('/sign-up#');
    }, 90_000);
  });
}
