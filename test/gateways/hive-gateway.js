/** Hive Gateway: `SUPERGRAPH=file PORT=4100 REKEY_URL=… ROUTER_SECRET=… node hive-gateway.js` */
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createGatewayRuntime } from '@graphql-hive/gateway-runtime';
import { headersFor } from './forwarding.js';

const gateway = createGatewayRuntime({
  supergraph: readFileSync(process.env.SUPERGRAPH, 'utf8'),
  logging: 'error',
  propagateHeaders: {
    fromClientToSubgraphs: ({ request, subgraphName, context }) =>
      headersFor(subgraphName.toLowerCase(), request.headers, context?.req?.socket.remoteAddress),
    fromSubgraphsToClient: ({ response, subgraphName }) =>
      subgraphName.toLowerCase() === 'accounts' ? { 'set-cookie': response.headers.getSetCookie() } : undefined,
  },
});
const server = createServer(gateway);
server.listen(Number(process.env.PORT ?? 4100), '127.0.0.1', () => {
  console.log(`ready at http://127.0.0.1:${server.address().port}/graphql`);
});
