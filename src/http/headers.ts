import { IncomingMessage, type IncomingHttpHeaders } from "node:http";

/** As Apache has it; browsers with their proxies send some forty. Node answers 431 to more. */
export const maxHeaders = 100;

/** How Node adds a header to others: joined with those of its name, or not, as RFC 9110 says. */
type AddHeader = (this: IncomingMessage, name: string, value: string, to: IncomingHttpHeaders) => void;
const { _addHeaderLine: addHeader } = IncomingMessage.prototype as unknown as { _addHeaderLine: AddHeader };

/**
 * A request that has its headers in an object without a prototype, whose fields V8 keeps in a table. Node's own is a plain
 * object, of which V8 makes a hidden class for each name that nobody has sent before. Strangers choose the names: at 600
 * requests a second everybody else waited for eight seconds.
 */
export class RequestWithHeaders extends IncomingMessage {
  #headers: IncomingHttpHeaders | undefined;

  static {
    // Node has accessors here, too, but its types have a field, which TypeScript lets nobody override with accessors.
    Object.defineProperty(this.prototype, "headers", {
      get(this: RequestWithHeaders): IncomingHttpHeaders {
        return (this.#headers ??= this.#collect());
      },
      set(this: RequestWithHeaders, headers: IncomingHttpHeaders) {
        this.#headers = headers;
      },
    });
  }

  #collect(): IncomingHttpHeaders {
    const headers = Object.create(null) as IncomingHttpHeaders;
    const { rawHeaders } = this;
    for (let place = 0; place + 1 < rawHeaders.length; place += 2)
      addHeader.call(this, rawHeaders[place] ?? "", rawHeaders[place + 1] ?? "", headers);
    return headers;
  }
}
