import { endedFields } from "./ended-stream.ts";
import type { Frame, LiveStream } from "./live-subscriptions.ts";

/** How frames are written into the body of an answer. */
export interface StreamForm {
  contentType: string;
  /** Some clients see the headers only with the first byte. */
  begin: Uint8Array;
  ping: Uint8Array;
  frame: (frame: Frame, stream: LiveStream) => Uint8Array;
  /** Tells the client that the stream is complete. */
  end: Uint8Array;
}

const encoder = new TextEncoder();
const bytes = (text: string): Uint8Array => encoder.encode(text);

/** The JSON of a frame without the brace for the message around it. */
const resultOf = ({ json }: Frame): Uint8Array => json.subarray(0, -1);

/** Server-sent events, in the distinct connections mode of graphql-sse. Each carries its cursor as `id`. */
export const eventStream: StreamForm = {
  contentType: "text/event-stream",
  begin: bytes(":\n\n"),
  ping: bytes(":\n\n"),
  frame(frame, stream) {
    const head = bytes(`event: next\n${fieldsOf(frame, stream)}data: `);
    return Buffer.concat([head, resultOf(frame), bytes("\n\n")]);
  },
  end: bytes("event: complete\ndata:\n\n"),
};

/** The cursor of a frame, or the mark that tells the browser not to reconnect. */
function fieldsOf(frame: Frame, stream: LiveStream): string {
  if (frame.value === undefined) return endedFields;
  const cursor = stream.cursorOf(frame);
  return cursor === undefined ? "" : `id: ${cursor}\n`;
}

const partHead = "content-type: application/json\r\n\r\n";
const beforePayload = bytes(`${partHead}{"payload":`);
const afterPayload = bytes("}\r\n--graphql\r\n");

/**
 * Apollo's multipart protocol for subscriptions. Each part ends with the boundary of the next one, because
 * Apollo Client shows a part only when it has seen that.
 */
export const multipart: StreamForm = {
  contentType: 'multipart/mixed;boundary="graphql";subscriptionSpec=1.0',
  begin: bytes("\r\n--graphql\r\n"),
  ping: bytes(`${partHead}{}\r\n--graphql\r\n`),
  frame: (frame) => Buffer.concat([beforePayload, resultOf(frame), afterPayload]),
  end: bytes(`${partHead}{}\r\n--graphql--\r\n`),
};
