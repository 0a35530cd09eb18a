/** What the server says of itself in the page. */
interface Settings {
  /** Only for a person on the machine that the server runs on. */
  developmentKey?: string;
  development?: boolean;
  graphiql?: boolean;
}

const tag = document.querySelector<HTMLMetaElement>('meta[name="smsgraph"]');

export const settings = JSON.parse(tag?.content ?? "{}") as Settings;
