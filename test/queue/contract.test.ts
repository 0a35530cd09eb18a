import { randomUUID } from "node:crypto";
import { expect, it } from "vitest";
import { element, arrayLiteral } from "../../src/database/array-literal.ts";
import { listedAs, listedAsInSql, messageStatuses } from "../../src/messages/model/status.ts";
import { laneFlag, laneFlagInSql, priorityNumber } from "../../src/queue/contract.ts";
import { sqlValues } from "../support/database.ts";

const valueOf = sqlValues();

it.each([true, false])("a job's lane flag is the same in SQL when routed is %s", async (isRouted) => {
  const providerId = randomUUID();
  const flag = await valueOf(laneFlagInSql("$1::uuid", "$2::boolean"), [providerId, isRouted]);
  expect(flag).toBe(laneFlag(providerId, isRouted));
});

it("the queue runs jobs of a higher priority first, and those without one as NORMAL", async () => {
  const names = ["HIGH", "NORMAL", null, "LOW"];
  const numbers = await valueOf(
    `array(select ${priorityNumber("name")} from unnest($1::text[]) with ordinality as n (name, place) order by place)`,
    [names],
  );
  expect(numbers).toEqual([-10, 0, 0, 10]);
});

it.each(messageStatuses)(
  "lists find a message stored as %s where they find one that became so",
  async (status) => {
    expect(await valueOf(listedAsInSql("$1::message_status"), [status])).toBe(listedAs(status));
  },
);

it("an array literal gives PostgreSQL exactly the texts it was made of", async () => {
  const texts = ["plain", "", "a,b", "{x}", 'quoted "so"', "back\\slash", "NULL", "two\nlines", null];
  expect(await valueOf("$1::text[]", [arrayLiteral(texts.map(element))])).toEqual(texts);
});
