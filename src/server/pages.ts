/** The single-page app, as built into `dist/web`, and the well-known address of the password page. */
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import fastifyStatic from '@fastify/static';
import type { FastifyInstance } from 'fastify';

/** The same place from `src/server/` and from `dist/server/`. */
const WEB_ROOT = fileURLToPath(new URL('../../dist/web', import.meta.url));

const PAGES = [
  '/',
  '/sign-in',
  '/sign-up',
  '/forgot-password',
  '/reset-password',
  '/confirm-email',
  '/cancel-reset',
  '/not-me',
  '/security',
  '/qr',
  '/support',
  '/staff',
  '/staff/*',
];

export async function mountPages(app: FastifyInstance): Promise<void> {
  // A browser's password manager asks here where passwords are changed.
  app.get('/.well-known/change-password', (_request, reply) => reply.redirect('/security', 302));
  if (!existsSync(WEB_ROOT)) return;
  await app.register(fastifyStatic, {
    root: WEB_ROOT,
    serve: true,
    wildcard: false,
    preCompressed: true,
    index: false,
    cacheControl: false,
    setHeaders: (response, path) => {
      const isHashed = path.includes('/assets/');
      response.setHeader('cache-control', isHashed ? 'public, max-age=31536000, immutable' : 'no-store');
    },
  });
  for (const page of PAGES) app.get(page, (_request, reply) => reply.sendFile('index.html'));
}
