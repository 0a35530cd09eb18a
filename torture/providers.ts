import { twins, type RunningTwin, type Twin } from "../src/sandbox/twins.ts";
import { createChance, type Chance } from "./chance.ts";
import { startRoad, type Passing, type Road, type Trouble } from "./road.ts";

export interface ProviderOptions {
  seed: number;
  /** The longest that a request hangs. */
  hangMs: number;
  /** False once the providers and the ways to them are to be at their best. */
  isStormy: () => boolean;
}

/** A provider with everything that can go wrong at it and on the way to it. */
export interface Provider {
  twin: Twin;
  server: RunningTwin;
  /** The way to it. */
  road: Road;
  /** Its global id, once it is connected. */
  id: string;
}

/** How a provider repeats a receipt that nobody took. */
const patience = { attempts: 6, delayMs: 300 };

export async function startProviders({ seed, hangMs, isStormy }: ProviderOptions): Promise<Provider[]> {
  return Promise.all(
    twins.map(async (twin) => {
      const server = await twin.start({
        port: 0,
        callbackRetries: patience,
        ...(twin.kind === "QIKLI" && { chosen: { logs: "true" } }),
      });
      const chance = createChance(seed, `road to ${twin.kind}`);
      const road = await startRoad({
        target: () => server.url,
        hangMs,
        trouble: () => (isStormy() ? troubleOnTheWay(chance) : {}),
      });
      return { twin, server, road, id: "" };
    }),
  );
}

const page = {
  status: 200,
  headers: { "content-type": "text/html" },
  body: "<html><body>Welcome</body></html>",
};
const broken = {
  status: 500,
  headers: { "content-type": "application/json" },
  body: '{"message":"Server Error"}',
};
const busy = { status: 429, headers: { "retry-after": "1" }, body: "Too many requests" };

const troubles: readonly [share: number, trouble: Trouble][] = [
  [0.012, { instead: "reset" }],
  [0.006, { instead: "hang" }],
  [0.01, { instead: busy }],
  [0.006, { instead: broken }],
  [0.006, { instead: page }],
  [0.012, { afterwards: "reset" }],
  [0.006, { afterwards: "hang" }],
  [0.006, { afterwards: broken }],
  [0.006, { afterwards: page }],
];

function troubleOnTheWay(chance: Chance): Trouble {
  const delayMs = chance.below(120);
  let left = chance.next();
  for (const [share, trouble] of troubles) {
    if (left < share) return { delayMs, ...trouble };
    left -= share;
  }
  return { delayMs };
}

/** What happens to receipts on their way to us. */
export function troubleOfReceipts(chance: Chance, { body }: Passing): Trouble {
  const trouble: Trouble = { delayMs: chance.is(0.1) ? chance.below(2_500) : chance.below(20) };
  // Whoever posted it believes that it was taken.
  if (chance.is(0.02)) return { ...trouble, instead: { status: 200, body: "" } };
  if (chance.is(0.05)) trouble.copies = 1 + chance.below(2);
  if (chance.is(0.02)) trouble.besides = spoilt(chance, body);
  if (chance.is(0.02)) trouble.afterwards = "reset";
  return trouble;
}

function spoilt(chance: Chance, body: Buffer): Buffer {
  const half = body.subarray(0, Math.ceil(body.length / 2));
  return chance.pick([half, Buffer.from([0xff, 0xfe, 0x00, 0x80]), Buffer.from("[]"), Buffer.from("null")]);
}
