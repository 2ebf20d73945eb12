// @ts-check
/**
 * A real mail server in a process of its own: takes every letter and tells its parent of it. With DELAY_MS it keeps each
 * waiting before it is taken over, so that a test can kill the sender in the middle.
 */
import { SMTPServer } from 'smtp-server';

const delayMs = Number(process.env.DELAY_MS ?? 0);

const server = new SMTPServer({
  authOptional: true,
  disabledCommands: ['STARTTLS'],
  onData(stream, { envelope }, done) {
    /** @type {Buffer[]} */
    const parts = [];
    stream.on('data', (part) => parts.push(part));
    stream.on('end', () => {
      const to = envelope.rcptTo.map(({ address }) => address);
      process.send?.({ kind: 'receiving', to });
      setTimeout(() => {
        process.send?.({ kind: 'letter', to, raw: Buffer.concat(parts).toString() });
        done();
      }, delayMs);
    });
  },
});
server.on('error', () => undefined);
server.listen(Number(process.env.SMTP_PORT ?? 0), '127.0.0.1', () => {
  const address = server.server.address();
  process.send?.({ kind: 'listening', port: typeof address === 'object' ? address?.port : 0 });
});
process.on('disconnect', () => process.exit(0));
