/** The time zone of a job: typed with suggestions, and what the clock there shows now. */

import { locale, t } from "../../i18n";
import { dateFormat } from "../../lib/intl";
import { isZone, offsetOf, zones } from "../../lib/time";
import { h, newId, replace } from "../../ui/dom";
import { serverNow } from "../../ui/time";
import { textControl, type Control } from "./controls";

/** `initial` is the zone of jobs that name none. */
export function zoneControl(initial: string): Control {
  const options = h(
    "datalist",
    { id: newId("zones") },
    zones().map((value) => h("option", { value })),
  );
  const text = textControl(null, {
    placeholder: `${initial} (${t("fields:defaultValue")})`,
    list: options.id,
  });
  const now = h("div.form-text");
  const say = () => {
    const zone = (text.get() as string | null) ?? initial;
    const at = serverNow();
    replace(
      now,
      isZone(zone) &&
        t("editor:clockThere", {
          time: dateFormat(locale(), {
            timeZone: zone,
            weekday: "short",
            hour: "2-digit",
            minute: "2-digit",
            hourCycle: "h23",
          }).format(at),
          offset: offsetOf(at, zone),
        }),
    );
  };
  text.element.addEventListener("input", say);
  say();
  return {
    element: h("div", null, text.element, options, now),
    get: () => text.get(),
    set(value) {
      text.set(value);
      say();
    },
  };
}
