/** The server's clock, as the `Date` of its answers tells it: what it sends is counted from the same moment here. */

const NOTABLE_MS = 2_000; // `Date` has whole seconds and was on its way: less says nothing
const HALF_SECOND_MS = 500;

let skew = 0;

/** `date` is the header of an answer that has just come; null or anything odd tells nothing. */
export function heardDate(date: string | null): void {
  const found = Date.now() - (Date.parse(date ?? "") + HALF_SECOND_MS);
  if (!Number.isNaN(found)) skew = Math.abs(found) > NOTABLE_MS ? found : 0;
}

/** The server's time, epoch ms. */
export function serverNow(): number {
  return Date.now() - skew;
}
