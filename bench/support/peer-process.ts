import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { createRequire } from "node:module";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { createSchema, createYoga } from "graphql-yoga";
import type { PeerOrder } from "./peers.ts";

/** A peer in a process of its own, as its own documentation says to run it. */

process.once("message", (order: PeerOrder) => void start(order));
process.on("disconnect", () => process.exit());

async function start(order: PeerOrder): Promise<void> {
  const server = order.kind === "yoga" ? createServer(plainYoga()) : await postGraphile(order);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  process.send?.((server.address() as AddressInfo).port);
}

const constant = (): string => "constant";

function plainYoga() {
  const typeDefs = "type Query { constant: String! } type Mutation { constant: String! }";
  const schema = createSchema({ typeDefs, resolvers: { Query: { constant }, Mutation: { constant } } });
  const yoga = createYoga({ schema, logging: false });
  return (request: IncomingMessage, response: ServerResponse): void => void yoga(request, response);
}

/** What is used of its modules. */
interface PostGraphileModules {
  postgraphile: (preset: object) => {
    createServ: (adapter: unknown) => { addTo: (server: Server) => Promise<void> };
  };
  PostGraphileAmberPreset: object;
  makePgService: (options: object) => unknown;
  grafserv: unknown;
}

async function postGraphile({
  databaseUrl,
  modules,
}: Extract<PeerOrder, { kind: "postgraphile" }>): Promise<Server> {
  const require = createRequire(join(modules, "package.json"));
  const load = async (name: string): Promise<PostGraphileModules> =>
    import(pathToFileURL(require.resolve(name)).href) as Promise<PostGraphileModules>;
  const { postgraphile } = await load("postgraphile");
  const { PostGraphileAmberPreset } = await load("postgraphile/presets/amber");
  const { makePgService } = await load("postgraphile/adaptors/pg");
  const { grafserv } = await load("postgraphile/grafserv/node");
  const instance = postgraphile({
    extends: [PostGraphileAmberPreset],
    pgServices: [
      makePgService({ connectionString: databaseUrl, schemas: ["public"], poolConfig: { max: 20 } }),
    ],
    grafserv: { graphiql: false, watch: false },
    grafast: { explain: false },
  });
  const server = createServer();
  await instance.createServ(grafserv).addTo(server);
  return server;
}
