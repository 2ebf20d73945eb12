// @ts-check
/** What Apollo Server on Fastify costs with nothing in it: the yardstick for `viewer`. */
import { ApolloServer } from '@apollo/server';
import { ApolloServerPluginCacheControlDisabled } from '@apollo/server/plugin/disabled';
import { fastifyApolloHandler } from '@as-integrations/fastify';
import Fastify from 'fastify';
import { GraphQLObjectType, GraphQLSchema, GraphQLString } from 'graphql';

const query = new GraphQLObjectType({ name: 'Query', fields: { nothing: { type: GraphQLString } } });
const apollo = new ApolloServer({
  schema: new GraphQLSchema({ query }),
  plugins: [ApolloServerPluginCacheControlDisabled()],
});
await apollo.start();
const app = Fastify();
app.post('/graphql', fastifyApolloHandler(apollo));
await app.listen({ port: Number(process.env.PORT), host: '127.0.0.1' });
process.send?.('ready');
process.on('disconnect', () => process.exit(0));
