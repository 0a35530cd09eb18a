import type { ServerResponse } from "node:http";
import type { Plugin } from "graphql-yoga";
import type { Context } from "../context.ts";
import { LiveStream, type LiveSubscriptions } from "./live-subscriptions.ts";
import { eventStream, multipart, type StreamForm } from "./stream-forms.ts";
import type { ReaderLimits } from "./reader-limits.ts";

const pingMs = 12_000;

/**
 * Subscriptions over HTTP: as SSE, or in parts, as Apollo Client asks for them. A client that reconnects with
 * `Last-Event-ID`, as the standard of SSE says, continues where it stopped.
 */
export function streamOverHttp(live: LiveSubscriptions, limits: ReaderLimits): Plugin<Context> {
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
      const form = answer.resultProcessor ? eventStream : multipart;
      if (form === multipart && !takesParts(answer.request)) return void stream.close();
      const { res: response } = answer.serverContext as unknown as { res: ServerResponse };
      const body = bodyOf(stream, form, response, limits);
      const headers = { ...commonHeaders, "content-type": form.contentType };
      answer.setResultProcessor((_result, { Response }) => new Response(body, { headers }), form.contentType);
    },
  };
}

type SubscribeArgs = Parameters<LiveSubscriptions["start"]>[0];

/** Only with this parameter: without it, a client asks for the parts of one answer, which `@defer` makes. */
const takesParts = ({ headers }: Request): boolean =>
  /multipart\/mixed[^,]*;\s*subscriptionSpec\s*=\s*"?1\.0\b/i.test(headers.get("accept") ?? "");

const commonHeaders = {
  "cache-control": "no-cache",
  connection: "keep-alive",
  "content-encoding": "none",
};

/**
 * The next frame is made only after the client has taken the one before. A reader that does not take a frame
 * in time is disconnected.
 */
function bodyOf(
  stream: LiveStream,
  form: StreamForm,
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
      controller.enqueue(form.begin);
      pings = setInterval(() => {
        if ((controller.desiredSize ?? 0) > 0) controller.enqueue(form.ping);
      }, pingMs);
    },
    async pull(controller) {
      clearTimeout(stalled);
      const frame = await stream.next();
      if (response.destroyed) return controller.close();
      if (frame) {
        stalled = setTimeout(() => response.destroy(), limits.stallMs);
        return controller.enqueue(form.frame(frame, stream));
      }
      // A client that is told the end does not come back, so one that is cut short is not told.
      if (!stream.isCutShort) controller.enqueue(form.end);
      await stop();
      controller.close();
    },
    cancel: stop,
  });
}
