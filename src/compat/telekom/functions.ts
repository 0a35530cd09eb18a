import type { Viewer } from "../../access/api-keys.ts";
import { parseRecipient } from "../../sms/phone.ts";
import type { WireAnswer } from "../../wire/exchange.ts";
import { failure, opened, success, type Fields, type Format } from "../../wire/telekom/format.ts";
import { nationalNumber, operatorOf, readRange, textOf } from "../../wire/telekom/requests.ts";
import { checkContent, groupsContent, numberContent, type Group } from "../../wire/telekom/rows.ts";
import type { ServedCall } from "../frame/call.ts";
import { findByIdOf } from "../known/messages.ts";
import { checked, timeZone } from "./facts.ts";
import { sendMessage } from "./send.ts";
import { openSession } from "./sessions.ts";

/** A call of a function with valid credentials. */
export type Run = (call: ServedCall, viewer: Viewer, fields: Fields, format: Format) => Promise<WireAnswer>;

const authenticate: Run = async (call, viewer, _fields, format) =>
  opened(format, await openSession(call.services.database, viewer));

/** The session was already renewed when the call was accepted. */
const ping: Run = (_call, _viewer, _fields, format) => Promise.resolve(success(format));

const checkMessage: Run = async (call, viewer, fields, format) => {
  const id = textOf(fields.get("message_id"));
  if (id === undefined) return failure(format, "MESSAGE_ID_REQUIRED");
  const message = await findByIdOf(call.services.database, "TELEKOM", viewer.accountId, id);
  if (message === undefined) return failure(format, "MESSAGE_NOT_FOUND");
  return success(format, checkContent(checked(message), timeZone));
};

/** Those of the account's providers that have such groups. One that does not answer has none. */
const listGroups: Run = async (call, viewer, fields, format) => {
  const range = readRange(fields);
  if (range === undefined) return failure(format, "INVALID_REQUEST");
  const groups = await readGroups(call, viewer);
  const { limit, startFrom } = range;
  return success(format, groupsContent(groups.slice(startFrom, startFrom + limit)));
};

async function readGroups({ services }: ServedCall, { accountId }: Viewer): Promise<Group[]> {
  const table = await services.routingTables.of(accountId);
  const able = table.connections.filter(({ adapter }) => adapter.capabilities.cadenceGroups);
  const replies = await Promise.all(able.map(async ({ client }) => client.cadenceGroups?.()));
  return replies.flatMap((reply) =>
    reply?.ok
      ? reply.value.map(({ id, name, paused, note }) => ({
          id: /^\d{1,15}$/.test(id) ? Number(id) : id,
          name,
          isPaused: paused,
          note: note ?? "",
        }))
      : [],
  );
}

/** Asks a provider that can tell; otherwise the prefix tells, which numbers keep when they are ported. */
const checkNumber: Run = async ({ services }, viewer, fields, format) => {
  const number = textOf(fields.get("phone_number"));
  if (number === undefined) return failure(format, "PHONE_NUMBER_REQUIRED");
  const national = nationalNumber(number);
  const table = await services.routingTables.of(viewer.accountId);
  const able = table.connections.find(({ adapter }) => adapter.capabilities.numberLookup);
  const asked = national === "" ? undefined : parseRecipient(`+421${national}`).to;
  const reply = asked === undefined ? undefined : await able?.client.lookUpNumber?.(asked);
  const exists = reply?.ok ? reply.value.valid : national !== "";
  const operator = (reply?.ok ? reply.value.network : undefined) ?? operatorOf(national);
  return success(format, numberContent({ exists, operator }));
};

export const functions = {
  auth: authenticate,
  ping,
  send_message: sendMessage,
  check_message: checkMessage,
  "sms-groups": listGroups,
  check_phone_number: checkNumber,
} as const satisfies Record<string, Run>;
