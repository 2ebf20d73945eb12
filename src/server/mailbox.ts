/** The mailbox of development and test: what was sent, for a newcomer to follow and for tests to read. */
import type { FastifyInstance } from 'fastify';
import { mailboxContentSecurityPolicy, mailboxPage, mailboxStyles } from '../delivery/mailbox-page.js';
import { openMailbox } from '../delivery/mailbox.js';

export function mountMailbox(app: FastifyInstance, file: string, productName: string): void {
  const mailbox = openMailbox(file);
  app.get('/mailbox.json', async () => mailbox.list());
  app.delete('/mailbox.json', async (_request, reply) => {
    await mailbox.empty();
    return reply.code(204).send();
  });
  app.get('/mailbox.css', (_request, reply) => reply.type('text/css; charset=utf-8').send(mailboxStyles));
  app.get<{ Querystring: { open?: string } }>('/mailbox', async (request, reply) => {
    const openId = request.query.open ?? null;
    const page = mailboxPage(await mailbox.list(), { productName, openId, now: new Date() });
    return reply
      .header('content-security-policy', mailboxContentSecurityPolicy)
      .type('text/html; charset=utf-8')
      .send(page);
  });
}
