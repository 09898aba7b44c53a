/** What the console offers, in step with what its user may do. */

import { events } from "../api/events";
import { router } from "./router";
import { session } from "./session";

let looking = false;

/**
 * The server ends the stream of whoever's rights have changed, and while there is none they may change unheard: at
 * both ends of a break the console asks again who it is for.
 */
export function followRights(): void {
  events.onEnd(() => void look());
  events.on("reload", () => void look());
}

async function look(): Promise<void> {
  if (looking) return;
  looking = true;
  try {
    // Work that is not saved is worth more: the next page is the first to offer what holds now.
    if ((await session.renew()) && !router.unsaved) void router.refresh();
  } catch {
    // The server is away, which the shell says; the stream will be tried again.
  } finally {
    looking = false;
  }
}
