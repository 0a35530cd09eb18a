import { Client } from "pg";
import { inject, expect, it } from "vitest";
import { reachOf, urlsOf } from "../../src/database/hosts.ts";
import { freePort } from "../support/process.ts";

it.each([
  ["postgresql://u:p@a:1,b:2/db?x=y", ["postgresql://u:p@a:1/db?x=y", "postgresql://u:p@b:2/db?x=y"]],
  ["postgres://a, b/db", ["postgres://a/db", "postgres://b/db"]],
  ["postgresql://u:p%2C@a/db", ["postgresql://u:p%2C@a/db"]],
  ["postgresql:///db?host=/run", ["postgresql:///db?host=/run"]],
])("%s names its hosts", (url, urls) => expect(urlsOf(url)).toEqual(urls));

it("a connection goes to the host that answers as the primary, and says so when there is none", async () => {
  const url = new URL(inject("postgresUrl"));
  const nobody = `127.0.0.1:${await freePort()}`;
  const asked = new Client(reachOf(url.href.replace(url.host, `${nobody},${url.host}`)));
  await asked.connect();
  expect((await asked.query<{ one: number }>("select 1 as one")).rows).toEqual([{ one: 1 }]);
  await asked.end();
  const lost = new Client(reachOf(url.href.replace(url.host, `${nobody},${nobody}`)));
  lost.on("error", () => undefined);
  await expect(lost.connect()).rejects.toThrow("none of the hosts of DATABASE_URL takes writes");
});
