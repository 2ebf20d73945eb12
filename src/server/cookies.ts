/** The cookies of the contract: `HttpOnly`, `SameSite=Lax`, `Path=/`, `__Host-` where they are `Secure`. */
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Config } from '../base/config.js';
import type { CookieName, Cookies } from '../graphql/edge-context.js';

export const cookieName = (config: Config, name: CookieName): string =>
  `${config.secureCookies ? '__Host-' : ''}rekey-${name}`;

export function openCookies(config: Config, request: FastifyRequest, reply: FastifyReply): Cookies {
  const options = { httpOnly: true, sameSite: 'lax', path: '/', secure: config.secureCookies } as const;
  return {
    get: (name) => request.cookies[cookieName(config, name)] ?? null,
    set(name, value, maxAge) {
      void reply.setCookie(cookieName(config, name), value, { ...options, ...(maxAge !== undefined && { maxAge }) });
    },
    clear(name) {
      void reply.clearCookie(cookieName(config, name), options);
    },
  };
}
