import { performance } from "node:perf_hooks";
import type { Benchmark } from "./support/benchmark.ts";
import { startServerProcess, storeRate, type ServerProcess } from "./support/server-process.ts";

/** Messages in one request, and requests under way at once. */
const [perRequest, atOnce] = [500, 4];
const [firstNumber, entriesPerStatement] = [421_901_000_000, 200_000];

export const benchmark: Benchmark = {
  name: "suppressions",
  about:
    "Messages accepted over HTTP for an account with ten million numbers that are not to be texted, beside the same with none. " +
    "The numbers sent to lie all over the list, one in five hundred is on it.",
  async run({ closers, rounds, secondsPerRound, isShort, progress }) {
    const entries = isShort ? 200_000 : 10_000_000;
    const [full, empty] = [await startServerProcess(closers), await startServerProcess(closers)];
    await fill(full, entries, progress);
    for (const server of [full, empty]) {
      await storeRate(server);
      await measure(server, entries, 1);
    }
    const [ours, beside]: [number[], number[]] = [[], []];
    for (let round = 1; round <= rounds; round++) {
      progress(`round ${round}`);
      ours.push(await measure(full, entries, secondsPerRound));
      beside.push(await measure(empty, entries, secondsPerRound));
    }
    return [
      {
        what: `messages accepted beside ${entries} suppressed numbers`,
        unit: "messages/s",
        ours,
        beside: { name: "none suppressed", rounds: beside },
        target: { atLeast: 0.9 },
        peakMegabytes: full.residentBytes() / 2 ** 20,
      },
    ];
  },
};

/** Every second number from the first one on. */
async function fill(
  { database, accountId }: ServerProcess,
  entries: number,
  progress: (line: string) => void,
): Promise<void> {
  for (let done = 0; done < entries; done += entriesPerStatement) {
    await database.query(
      `insert into suppressions (account_id, recipient, sender, reason, source, created_at)
      select $1, '+' || ($2::bigint + 2 * n), '', 'STOP', 'REPLY', now() from generate_series($3::bigint, $4::bigint - 1) as n`,
      [accountId, firstNumber, done, Math.min(done + entriesPerStatement, entries)],
    );
    if (done % (10 * entriesPerStatement) === 0) progress(`${done} of ${entries} entries`);
  }
  await database.query("vacuum (analyze) suppressions");
  await database.query("checkpoint");
}

async function measure(server: ServerProcess, entries: number, seconds: number): Promise<number> {
  const started = performance.now();
  const until = started + seconds * 1000;
  let accepted = 0;
  const keepSending = async (): Promise<void> => {
    while (performance.now() < until) accepted += await send(server, entries);
  };
  await Promise.all(Array.from({ length: atOnce }, keepSending));
  return (accepted / (performance.now() - started)) * 1000;
}

const query = `mutation ($input: SendMessagesInput!) {
  sendMessages(input: $input) { ... on SendMessagesSuccess { results { ... on Error { code } } } }
}`;

let sent = 0;

/** Returns how many were accepted or refused. */
async function send({ client }: ServerProcess, entries: number): Promise<number> {
  const messages = Array.from({ length: perRequest }, (_, index) => {
    // A large prime spreads the numbers over the list.
    const place = (sent++ * 7_368_787) % entries;
    return { to: `+${firstNumber + 2 * place + (index === 0 ? 0 : 1)}`, text: "Your order is ready." };
  });
  const { sendMessages } = await client.data<{ sendMessages: { results: { code?: string }[] } }>(query, {
    input: { messages },
  });
  const unexpected = sendMessages.results.find(
    ({ code = "" }) => !["", "RECIPIENT_SUPPRESSED"].includes(code),
  );
  if (unexpected) throw new Error(JSON.stringify(unexpected));
  return messages.length;
}
