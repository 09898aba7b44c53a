/** When the job fires next: in its zone, the viewer's and UTC. */

import { api, call, type Schemas } from "../../api/client";
import { locale, t } from "../../i18n";
import { exactTime, formatTime, viewerZone } from "../../lib/time";
import { isZone } from "../../lib/zones";
import { h, type Child } from "../../ui/dom";
import { ago, ms } from "../../ui/time";
import { liveCard } from "../shared/live-card";
import { isValid, type JobSource } from "./source";

const FIRES = 8;
const AGAIN_MS = 15_000; // a fire that has passed is looked at again so soon at the latest

export function nextFires(source: JobSource): HTMLElement {
  const { context } = source;
  const place = h("div");
  const card = liveCard(context, {
    id: "next-fires",
    title: t("job:fires.title"),
    minMs: 2_000,
    load: () => preview(source),
    draw: (found) => {
      place.replaceChildren(...table(found, source.current.job));
      return place;
    },
  });
  let first: string | null = null;
  source.follow(({ job }) => {
    const signature = isValid(job) ? JSON.stringify([job.revision, job.nextFire]) : null;
    if (first !== null && signature !== first) card.refresh();
    first = signature;
  });
  context.every(AGAIN_MS, card.refresh);
  return card.element;
}

async function preview({ current, context }: JobSource): Promise<Schemas["Preview"] | null> {
  const { job } = current;
  if (!isValid(job)) return null;
  const { name, cronExpr, timezone = null, startsAt = null, endsAt = null } = job;
  return call(() =>
    api.POST("/api/v1/schedules/preview", {
      body: { name, cronExpr, timezone, startsAt, endsAt, count: FIRES },
      signal: context.signal,
    }),
  );
}

function table(found: Schemas["Preview"] | null, job: JobSource["current"]["job"]): Node[] {
  if (!found?.next.length) return [h("p.card-note", null, t("job:fires.none"))];
  const zones = columns(found.timezone);
  const seconds = found.next.some(({ utc }) => ms(utc) % 60_000 !== 0);
  const nodes: Node[] = [
    h(
      "div.table-responsive",
      null,
      h(
        "table.table.table-sm.mb-0.fires",
        null,
        h("caption.visually-hidden", null, t("job:fires.title")),
        h(
          "thead",
          null,
          h(
            "tr",
            null,
            h("th", { scope: "col" }, t("job:fires.relative")),
            zones.map(({ title, zone }) => h("th", { scope: "col", title: zone }, title)),
          ),
        ),
        h(
          "tbody",
          null,
          found.next.map(({ utc }) =>
            h(
              "tr",
              null,
              h("td", null, ago(utc)),
              zones.map(({ zone }) => h("td", null, clock(utc, zone, seconds))),
            ),
          ),
        ),
      ),
    ),
  ];
  if (isValid(job) && !job.enabled) nodes.unshift(h("p.card-note", null, t("job:fires.paused")));
  if (found.dstNotes.length) nodes.push(dstNotes(found.dstNotes));
  return nodes;
}

/** One column a zone; those that are the same are one. A browser may know less zones than the server. */
function columns(jobZone: string): { title: string; zone: string }[] {
  const own = viewerZone();
  const found = isZone(jobZone) ? [{ title: jobZone, zone: jobZone }] : [];
  if (own !== jobZone) found.push({ title: t("job:fires.yourZone"), zone: own });
  if (jobZone !== "UTC" && own !== "UTC") found.push({ title: t("job:fires.utc"), zone: "UTC" });
  return found;
}

function clock(utc: string, zone: string, seconds: boolean): HTMLElement {
  const at = ms(utc);
  return h(
    "time.text-nowrap",
    { datetime: utc, title: exactTime(at, { locale: locale(), zone }) },
    formatTime(at, { locale: locale(), zone, seconds }),
  );
}

function dstNotes(notes: readonly string[]): HTMLElement {
  return h(
    "div.card-note",
    null,
    h("div.fw-semibold", null, t("job:fires.clockChanges")),
    notes.map((note): Child => h("div", null, note)),
  );
}
