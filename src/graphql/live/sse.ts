import type { ServerResponse } from "node:http";
import type { Plugin } from "graphql-yoga";
import type { Context } from "../context.ts";
import { endedFields } from "./ended-stream.ts";
import { LiveStream, type Frame, type LiveSubscriptions } from "./live-subscriptions.ts";
import type { ReaderLimits } from "./reader-limits.ts";

const pingMs = 12_000;

/**
 * Subscriptions over SSE. Each event carries its cursor as `id`. A client that reconnects with
 * `Last-Event-ID`, as the standard says, continues where it stopped.
 */
export function streamOverSse(live: LiveSubscriptions, limits: ReaderLimits): Plugin<Context> {
  const streams = new WeakMap<Request, LiveStream>();
  return {
    onSubscribe({ setSubscribeFn }) {
      setSubscribeFn(async (args) => {
        const { request } = args.contextValue as { request: Request };
        const started = await live.start(args as SubscribeArgs);
        if (started instanceof LiveStream) {
          streams.set(request, started);
          // The client may have left before the answer existed to listen on.
          if (request.signal.aborted) await started.close();
          else request.signal.addEventListener("abort", () => void started.close(), { once: true });
        }
        return started;
      });
    },
    onResultProcess(answer) {
      const stream = streams.get(answer.request);
      if (!stream) return;
      // The client does not accept an event stream.
      if (!answer.resultProcessor) return void stream.close();
      const { res: response } = answer.serverContext as unknown as { res: ServerResponse };
      const body = bodyOf(stream, response, limits);
      answer.setResultProcessor(
        (_result, { Response }) => new Response(body, { headers }),
        "text/event-stream",
      );
    },
  };
}

type SubscribeArgs = Parameters<LiveSubscriptions["start"]>[0];

const headers = {
  "content-type": "text/event-stream",
  "cache-control": "no-cache",
  connection: "keep-alive",
  "content-encoding": "none",
};

const encoder = new TextEncoder();
const ping = encoder.encode(":\n\n");
const end = encoder.encode("event: complete\ndata:\n\n");

/**
 * The next frame is made only after the client has taken the one before. A reader that does not take a frame
 * in time is disconnected.
 */
function bodyOf(
  stream: LiveStream,
  response: ServerResponse,
  limits: ReaderLimits,
): ReadableStream<Uint8Array> {
  let pings: NodeJS.Timeout | undefined;
  let stalled: NodeJS.Timeout | undefined;
  const stop = async (): Promise<void> => {
    clearInterval(pings);
    clearTimeout(stalled);
    await stream.close();
  };
  response.once("close", () => void stop());
  return new ReadableStream<Uint8Array>({
    start(controller) {
      // Some clients see the headers only with the first byte.
      controller.enqueue(ping);
      pings = setInterval(() => {
        if ((controller.desiredSize ?? 0) > 0) controller.enqueue(ping);
      }, pingMs);
    },
    async pull(controller) {
      clearTimeout(stalled);
      const frame = await stream.next();
      if (response.destroyed) return controller.close();
      if (frame) {
        stalled = setTimeout(() => response.destroy(), limits.stallMs);
        return controller.enqueue(eventOf(frame.json, fieldsOf(stream, frame)));
      }
      controller.enqueue(end);
      await stop();
      controller.close();
    },
    cancel: stop,
  });
}

const head = encoder.encode("event: next\n");
const beforeData = encoder.encode("data: ");
const afterData = encoder.encode("\n\n");

/** The cursor of a frame, or the mark that tells the browser not to come back. */
function fieldsOf(stream: LiveStream, frame: Frame): string {
  if (frame.value === undefined) return endedFields;
  const cursor = stream.cursorOf(frame);
  return cursor === undefined ? "" : `id: ${cursor}\n`;
}

const eventOf = (json: Uint8Array, fields: string): Uint8Array =>
  Buffer.concat([head, encoder.encode(fields), beforeData, json.subarray(0, -1), afterData]);
