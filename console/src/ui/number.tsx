import { createStore, useStore } from "../store.ts";

/** Whether phone numbers are shown in full. Each tab begins with them masked. */
export const numbersShown = createStore(false);

/** Keeps the beginning, which tells the country, and the last two digits. */
const mask = (number: string): string =>
  number.length < 8 ? "•••" : `${number.slice(0, 4)}${"•".repeat(number.length - 6)}${number.slice(-2)}`;

export function PhoneNumber({ value }: { value: string }) {
  const isShown = useStore(numbersShown);
  return <span className="number">{isShown ? value : mask(value)}</span>;
}

/** Long runs of digits: telephone numbers, and ids that look like them. */
const numbers = /\+?\d{8,15}/g;

/** A text as it came, with the numbers in it masked like all others. */
export function MaskedText({ text }: { text: string }) {
  const isShown = useStore(numbersShown);
  return isShown ? text : text.replaceAll(numbers, mask);
}
