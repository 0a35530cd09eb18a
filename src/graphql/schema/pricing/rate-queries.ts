import { queryFromInfo } from "@pothos/plugin-prisma";
import type { GraphQLResolveInfo } from "graphql";
import type { Rate as RateRow } from "../../../database/generated/client.ts";
import { InvalidInputError } from "../../../lib/errors.ts";
import { isStorableTime } from "../../../lib/storable.ts";
import { isUuid } from "../../../lib/uuid.ts";
import { findRate } from "../../../pricing/rates/find-rate.ts";
import { parseNetwork, type Network } from "../../../pricing/rates/networks.ts";
import { parseCountry } from "../../../sms/countries.ts";
import { listRates, type RateFilter, type RateKey } from "../../../pricing/rates/rate-list.ts";
import { builder } from "../builder.ts";
import { accountOf, type Context } from "../../context.ts";
import { decodeId } from "../../../lib/global-id.ts";
import { paginate, type Keyset, type PageArgs } from "../page.ts";
import { Rate } from "./pricing.ts";
import { Provider } from "../providers/provider.ts";

const RateConnection = builder.connectionObject(
  { type: Rate, name: "RateConnection", description: "A page of rates." },
  { name: "RateEdge", description: "A rate and its position in the list." },
);

const byNetwork: Keyset<RateRow, RateKey> = {
  keyOf: ({ mcc, mnc, validFrom, id }) => ({ mcc, mnc: mnc ?? "", validFrom, id }),
  write: ({ mcc, mnc, validFrom, id }) => `${mcc}:${mnc}:${validFrom.getTime()}:${id}`,
  read: (text) => {
    const [, mcc, mnc, time, id] = /^(\d{3}):(\d{0,3}):(-?\d{1,15}):([0-9a-f-]{36})$/.exec(text) ?? [];
    if (mcc === undefined || mnc === undefined || id === undefined || !isUuid(id)) return undefined;
    const validFrom = new Date(Number(time));
    return isStorableTime(validFrom) ? { mcc, mnc, validFrom, id } : undefined;
  },
};

/** @throws InvalidInputError */
function readCountry(country: string): string {
  const code = parseCountry(country);
  if (code !== undefined) return code;
  throw new InvalidInputError(
    "country",
    `\`country\`: ${JSON.stringify(country.slice(0, 100))} is no country. Write its ISO 3166-1 alpha-2 code, such as SK, or its English name.`,
  );
}

/** @throws InvalidInputError */
function readNetwork(mccmnc: string): Network {
  const network = parseNetwork(mccmnc);
  if (network) return network;
  throw new InvalidInputError("mccmnc", "`mccmnc` must be an MCC, or MCC and MNC together, such as 23101.");
}

interface FilterArgs extends PageArgs {
  country?: string | null | undefined;
  mccmnc?: string | null | undefined;
  validAt?: Date | null | undefined;
}

function pageOfRates(
  { country, mccmnc, validAt, ...args }: FilterArgs,
  whose: Pick<RateFilter, "accountId" | "providerId">,
  context: Context,
  info: GraphQLResolveInfo,
) {
  const query = queryFromInfo({ context, info, path: ["edges", "node"] });
  const filter: RateFilter = {
    ...whose,
    country: country == null ? undefined : readCountry(country),
    network: mccmnc == null ? undefined : readNetwork(mccmnc),
    validAt: validAt ?? undefined,
  };
  return paginate(args, byNetwork, async (range) => {
    const keys = await listRates(context.database, filter, range);
    const rows = await context.database.prisma.rate.findMany({
      ...query,
      where: { id: { in: keys.map(({ id }) => id) } },
    });
    const byId = new Map<string, RateRow>(rows.map((row) => [row.id, row]));
    return keys.flatMap(({ id }) => byId.get(id) ?? []);
  });
}

const filterArgs = {
  country: "Only this country: ISO 3166-1 alpha-2 code or English name.",
  mccmnc: "Only this network (MCC and MNC) or country code (MCC). Leading zeros of the MNC do not matter.",
  validAt: "Only rates valid at this time; absent: past and future rates too.",
} as const;

builder.prismaObjectField(Provider, "rates", (t) =>
  t.connection(
    {
      type: Rate,
      description: "Known rates by network, newest first, including past ones.",
      select: { id: true, accountId: true },
      args: {
        country: t.arg.string({ description: filterArgs.country }),
        mccmnc: t.arg.string({ description: filterArgs.mccmnc }),
        validAt: t.arg({ type: "DateTime", description: filterArgs.validAt }),
      },
      resolve: ({ id: providerId, accountId }, args, context, info) =>
        pageOfRates(args, { accountId, providerId }, context, info),
    },
    RateConnection,
  ),
);

builder.queryFields((t) => ({
  rate: t.field({
    type: Rate,
    nullable: true,
    description:
      "The present rate of a network: its own, otherwise that of its country code. A provider that publishes its " +
      "rates is asked when no rate is known. Null when there is none.",
    authScopes: { READ: true, BILLING: true },
    extensions: { cost: { own: 50 } },
    args: {
      providerId: t.arg.id({ required: true, description: "Global id of the provider." }),
      mccmnc: t.arg.string({ required: true, description: "MCC and MNC of the network, or MCC alone." }),
      country: t.arg.string({
        description: "Its country, if several share the code: ISO 3166-1 alpha-2 code or English name.",
      }),
    },
    resolve: async (_root, { mccmnc, country, ...args }, context) => {
      const providerId = decodeId("Provider", args.providerId, "providerId");
      const wanted = {
        network: readNetwork(mccmnc),
        country: country == null ? undefined : readCountry(country),
      };
      const connection = await context.connector.find(accountOf(context), providerId);
      const rate = await findRate(context, connection, wanted);
      return rate && context.database.prisma.rate.findUnique({ where: { id: rate.rateId } });
    },
  }),
  rates: t.connection(
    {
      type: Rate,
      description: "Known rates of one provider or of all, by network, newest first.",
      authScopes: { READ: true, BILLING: true },
      args: {
        providerId: t.arg.id({ description: "Only this provider." }),
        country: t.arg.string({ description: filterArgs.country }),
        mccmnc: t.arg.string({ description: filterArgs.mccmnc }),
        validAt: t.arg({ type: "DateTime", description: filterArgs.validAt }),
      },
      resolve: async (_root, { providerId: globalId, ...args }, context, info) => {
        const accountId = accountOf(context);
        const providerId = globalId == null ? undefined : decodeId("Provider", globalId, "providerId");
        return pageOfRates(args, { accountId, providerId }, context, info);
      },
    },
    RateConnection,
  ),
}));
