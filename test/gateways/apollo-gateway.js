/** Apollo's gateway: `SUPERGRAPH=file PORT=4100 REKEY_URL=… ROUTER_SECRET=… node apollo-gateway.js` */
import { readFileSync } from 'node:fs';
import { ApolloGateway, RemoteGraphQLDataSource } from '@apollo/gateway';
import { ApolloServer } from '@apollo/server';
import { startStandaloneServer } from '@apollo/server/standalone';
import { headersFor, splitCookies } from './forwarding.js';

class Forwarding extends RemoteGraphQLDataSource {
  async willSendRequest({ request, context }) {
    if (!context.client) return;
    const headers = await headersFor(this.name, context.client, context.address);
    for (const [name, value] of Object.entries(headers)) if (value !== undefined) request.http.headers.set(name, value);
  }

  didReceiveResponse({ response, context }) {
    const cookies = response.http.headers.get('set-cookie');
    if (this.name === 'accounts' && cookies) context.reply?.appendHeader('set-cookie', splitCookies(cookies));
    return response;
  }
}

const gateway = new ApolloGateway({
  supergraphSdl: readFileSync(process.env.SUPERGRAPH, 'utf8'),
  buildService: ({ name, url }) => Object.assign(new Forwarding({ url }), { name }),
});
const server = new ApolloServer({ gateway });
const { url } = await startStandaloneServer(server, {
  listen: { port: Number(process.env.PORT ?? 4100), host: '127.0.0.1' },
  context: async ({ req, res }) => ({
    client: new Headers(req.headers),
    address: req.socket.remoteAddress,
    reply: res,
  }),
});
console.log(`ready at ${url}`);
