/**
 * Where the operator names a manifest (`TRUSTED_DOCUMENTS`), `POST /graphql` serves its documents and nothing else.
 * A router composes documents of its own, so `/federation` is not asked.
 */
import type { FastifyReply, FastifyRequest } from 'fastify';
import { refuseRequest } from './gate.js';
import type { Capabilities } from './caller.js';
import { clientAddress } from './client-address.js';
import type { Metrics } from './metrics.js';

/**
 * Refuses what the manifest does not hold, before any parsing. A document comes by its id, or by its text to the letter.
 * Beside an id no text counts: the manifest's runs in its place, so clients may send theirs as they print it.
 * @param documents by their ids, without `sha256:`
 */
export function trustedDocuments(
  documents: ReadonlyMap<string, string>,
  { config, log }: Pick<Capabilities, 'config' | 'log'>,
  metrics: Metrics,
) {
  const texts = new Set(documents.values());
  return (request: FastifyRequest, reply: FastifyReply, done: () => void): void => {
    const body = (request.body ?? {}) as { documentId?: unknown; query?: unknown };
    const { documentId, query } = body;
    const refuse = (code: string, message: string): void => {
      metrics.countRefused(code);
      log.warn({ event: 'request_refused', result: 'failure', reason: code, client: clientAddress(config, request) });
      refuseRequest(reply, 400, code, message);
    };
    if (documentId == null) {
      if (typeof query === 'string' && texts.has(query)) return done();
      return refuse('BAD_REQUEST', 'Only trusted documents are served here.');
    }
    const text = typeof documentId === 'string' ? documents.get(documentId.replace(/^sha256:/, '')) : undefined;
    if (text === undefined) return refuse('PERSISTED_QUERY_NOT_FOUND', 'No trusted document has this id.');
    body.query = text;
    done();
  };
}
