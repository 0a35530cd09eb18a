/** Keeps a cursor beyond the life of the process or page. Both may be asynchronous. */
export interface CursorStore {
  load: () => string | null | undefined | Promise<string | null | undefined>;
  save: (cursor: string) => void | Promise<void>;
}

/** A cursor in the browser's `localStorage`, under this name. One tab at a time should follow it. */
export const localStorageStore = (name: string): CursorStore => ({
  load: () => localStorage.getItem(name),
  save: (cursor) => localStorage.setItem(name, cursor),
});
